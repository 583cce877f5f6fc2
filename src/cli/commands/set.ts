/** `corral set`: changes the limits of a live job. */
import { Command } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { readable, readCpuUsageUsec } from "../../cgroup/usage.ts";
import type { Context } from "../context.ts";
import { CorralError, EXIT, parserFor, SetupError, UsageError } from "../../base/errors.ts";
import { formatDurationExact, parseDurationChange } from "../../value/duration.ts";
import { type Job, runningFacts } from "../../job/job.ts";
import { LIMIT_ROWS, type LimitKey, type Limits } from "../../job/limits.ts";
import { parseSignal } from "../../value/signal.ts";
import { type Backend, backstopMs } from "../../backend/backend.ts";
import { killAsOneOnOom, notInForce, unenforceable } from "../../backend/limits_in_force.ts";
import { ownCgroup } from "../../observe/own_cgroup.ts";
import { addHealthChanges, healthChangesIn, healthDetail, newHealth } from "../health_changes.ts";
import { addLimitOptions, limitOption } from "../limit_options.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";
import { forOwner } from "../for_owner.ts";
import { admitNext } from "../../act/queue/pass.ts";
import type { JobStore } from "../../store/jobs.ts";
import { parsePriority } from "../../value/count.ts";
import { selectOne } from "../select.ts";
import { type Wish, wishOrNone } from "../wish.ts";

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
      return forOwner(context, job, () => setLimits(context, job, { options, changed }), { isActing: true });
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

async function setLimits(
  context: Context,
  selector: string,
  { options, changed }: { options: Options; changed: readonly LimitKey[] },
): Promise<number> {
  const [present, former] = [context.openStore("set"), context.openFormerStore("set")];
  const job = selectOne(bothStores(present, former), selector);
  const store = storeOf(job.spec.id, present, former);
  if (options.priority !== undefined) return await setPriority(context, store, job, { options, changed });
  const cgroup = ownCgroup(context, job);
  const backend = context.backendOf(job);
  const limits: Limits = {
    ...job.spec.limits,
    ...Object.fromEntries(changed.map((key) => [key, wishIn(options, key)!.value])),
  };
  if (changed.length > 0) await applyLimits(cgroup, backend, limits);
  const { timeoutMs, deadlineBootMs } = newDeadline(context, job, options.timeout);
  const cpuTimeMs = newCpuTime(job, cgroup, options.cpuTime);
  const health = await newHealth(context, job, options);
  const detail = {
    ...Object.fromEntries(changed.map((key) => [key, limits[key]])),
    ...(options.timeout === undefined ? {} : { timeoutMs }),
    ...(options.cpuTime === undefined ? {} : { cpuTimeMs }),
    ...healthDetail(options),
  };
  const event = { atMs: context.clock.wallMs(), actor: "set", kind: "set", detail };
  if (!store.change(job.spec.id, { limits, timeoutMs, cpuTimeMs, deadlineBootMs, health }, event)) {
    throw new CorralError(`job ${job.spec.id} is ending`, { remedy: `corral show ${job.spec.id}` });
  }
  if (options.timeout !== undefined) {
    await backend.setBackstop(job.spec, backstopMs(timeoutMs, job.spec.graceMs));
  }
  // The supervisor re-reads the record; a process that is not listening is not harmed by SIGCONT.
  if (job.watch !== null) {
    context.procs.signal(job.watch.supervisor, context.clock.bootId(), parseSignal("CONT"));
  }
  const told = [
    ...(options.timeout === undefined ? [] : [limitWords("timeout", timeoutMs)]),
    ...(options.cpuTime === undefined ? [] : [limitWords("limit of CPU time", cpuTimeMs)]),
  ].join(", ");
  context.stdout.write(`${job.spec.id} set${told === "" ? "" : `: ${told}`}\n`);
  return EXIT.DONE;
}

function limitWords(what: string, ms: number | null): string {
  return ms === null ? `no ${what}` : `${what} ${formatDurationExact(ms)}`;
}

async function applyLimits(cgroup: OwnedCgroup, backend: Backend, limits: Limits): Promise<void> {
  const missing = unenforceable(limits, backend.controllers())[0];
  if (missing) {
    throw new SetupError(
      `${missing.option} cannot be enforced: the ${missing.controller} controller is not available to jobs here`,
      backend.remedyFor(missing.controller),
    );
  }
  await backend.setLimits(cgroup, limits);
  killAsOneOnOom(cgroup, limits);
  const failed = notInForce(cgroup, limits)[0];
  if (failed) {
    throw new CorralError(
      `${failed.option} is not in force: ${failed.file} says ${failed.found ?? "nothing"}`,
      { remedy: "see: corral doctor" },
    );
  }
}

function newDeadline(
  context: Context,
  job: Job,
  change: Options["timeout"],
): { timeoutMs: number | null; deadlineBootMs: number | null } {
  const run = runningFacts(job);
  const { timeoutMs } = job.spec;
  if (run === null || change === undefined) return { timeoutMs, deadlineBootMs: run?.deadlineBootMs ?? null };
  const wish = change.value;
  if (wish === null) return { timeoutMs: null, deadlineBootMs: null };
  if (wish.kind === "absolute") {
    return { timeoutMs: wish.durationMs, deadlineBootMs: run.startedBootMs + wish.durationMs };
  }
  if (timeoutMs === null) {
    throw new UsageError("--timeout: the job has no timeout to move: give a whole one, such as 2h");
  }
  const moved = timeoutMs + wish.deltaMs;
  const passed = context.clock.bootMs() - run.startedBootMs;
  // A deadline in the past would be a kill, which has a command of its own.
  if (moved <= passed) {
    throw new UsageError(`--timeout: the job has run for ${formatDurationExact(passed)} already`, {
      remedy: `to end it: corral kill ${job.spec.id}`,
    });
  }
  return { timeoutMs: moved, deadlineBootMs: run.startedBootMs + moved };
}

function newCpuTime(job: Job, cgroup: OwnedCgroup, change: Options["cpuTime"]): number | null {
  const { id, cpuTimeMs } = job.spec;
  if (change === undefined) return cpuTimeMs;
  const wish = change.value;
  if (wish === null) return null;
  if (wish.kind === "absolute") return wish.durationMs;
  if (cpuTimeMs === null) {
    throw new UsageError("--cpu-time: the job has no limit of it to move: give a whole one, such as 2h");
  }
  const moved = cpuTimeMs + wish.deltaMs;
  const usedMs = (readCpuUsageUsec(readable(cgroup.fs, cgroup.path)) ?? 0) / 1000;
  if (moved <= usedMs) {
    throw new UsageError(`--cpu-time: the job has used ${formatDurationExact(usedMs)} already`, {
      remedy: `to end it: corral kill ${id}`,
    });
  }
  return moved;
}
