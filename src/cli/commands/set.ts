/** `corral set`: changes the limits of a live job. */
import { Command } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import { setLimits, type Wish } from "../../act/change/set_limits.ts";
import { addHealthChanges, healthChangesIn, healthDetail, newHealth } from "../health_changes.ts";
import type { Context } from "../context.ts";
import { CorralError, EXIT, parserFor, UsageError } from "../../base/errors.ts";
import { parseDurationChange } from "../../value/duration.ts";
import type { Job } from "../../job/job.ts";
import { LIMIT_ROWS, type LimitKey } from "../../job/limits.ts";
import { addLimitOptions, limitOption } from "../limit_options.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";
import { forOwner } from "../for_owner.ts";
import { admitNext } from "../../act/queue/pass.ts";
import type { JobStore } from "../../store/jobs.ts";
import { parsePriority } from "../../value/count.ts";
import { selectOne } from "../select.ts";
import { wishOrNone } from "../wish.ts";

function command() {
  const set = new Command("set")
    .description(
      "Changes limits of a live job at once. `none` lifts a limit. --timeout counts from the job's start; +1h and -30m move the deadline, and the limit of --cpu-time.",
    )
    .argument("<JOB>", JOB_FORMS)
    .option(
      "-t, --timeout <DURATION>",
      "new wall-clock limit: 2h, +1h, -30m or none",
      parserFor("--timeout", wishOrNone(parseDurationChange)),
    )
    .option(
      "--cpu-time <DURATION>",
      "new limit of its CPU time, all of its life: 2h, +1h, -30m or none",
      parserFor("--cpu-time", wishOrNone(parseDurationChange)),
    )
    .option("--priority <N>", "of a queued job: higher goes first", parserFor("--priority", parsePriority));
  return addLimitOptions(addHealthChanges(set), ({ help, changeHelp = help, parse }) => ({
    help: changeHelp,
    parse: wishOrNone(parse),
  }));
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function setVerb(invoke: Invoke) {
  const set = command();
  set.action((job, options) =>
    invoke(set, (context) => {
      const changed = changedLimits(options);
      return forOwner(context, job, () => setNamed(context, job, { options, changed }), { isActing: true });
    })
  );
  return set;
}

const wishIn = (options: Options, key: LimitKey) => limitOption<Wish<number>>(options, key);

/** Throws UsageError where nothing is to be changed. */
function changedLimits(options: Options): LimitKey[] {
  const changed = LIMIT_ROWS.map(({ key }) => key).filter((key) => wishIn(options, key) !== undefined);
  const others = [options.timeout, options.cpuTime, options.priority, ...healthChangesIn(options)];
  if (changed.length > 0 || others.some((option) => option !== undefined)) return changed;
  throw new UsageError("nothing to change: give --timeout, --memory, --cpus, …");
}

/** Only a job that waits has one; its limits are part of what it waits for, and stay. */
async function setPriority(
  context: Context,
  store: JobStore,
  { spec: { id } }: Job,
  { options, changed }: { options: Options; changed: readonly LimitKey[] },
): Promise<number> {
  const others = [options.timeout, options.cpuTime, ...healthChangesIn(options)];
  if (changed.length > 0 || others.some((option) => option !== undefined)) {
    throw new UsageError("--priority is of a queued job, and a limit of one that runs: give one of them");
  }
  if (!store.setPriority(id, options.priority!, context.clock.wallMs())) {
    throw new CorralError(`job ${id} is not queued`, { remedy: `corral show ${id}` });
  }
  context.stdout.write(`${id} set: priority ${options.priority}\n`);
  await admitNext(context, context.settings.pools);
  return EXIT.DONE;
}

async function setNamed(
  context: Context,
  selector: string,
  { options, changed }: { options: Options; changed: readonly LimitKey[] },
): Promise<number> {
  const [present, former] = [context.openStore("set"), context.openFormerStore("set")];
  const job = selectOne(bothStores(present, former), selector);
  const store = storeOf(job.spec.id, present, former);
  if (options.priority !== undefined) return await setPriority(context, store, job, { options, changed });
  const limits = Object.fromEntries(changed.map((key) => [key, wishIn(options, key)!.value]));
  const said = await setLimits(context, store, job, {
    limits,
    timeout: options.timeout,
    cpuTime: options.cpuTime,
    health: { spec: await newHealth(context, job, options), detail: healthDetail(options) },
  });
  context.stdout.write(`${said}\n`);
  return EXIT.DONE;
}
