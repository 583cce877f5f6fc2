/** `corral prune`: drops the records of jobs that ended long ago. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { CorralError, EXIT, parserFor } from "../../base/errors.ts";
import { parseDurationMs } from "../../value/duration.ts";
import { toJson } from "../../base/json.ts";
import { formatLocalTime } from "../../value/units.ts";
import { doubtOf } from "../../observe/clock_doubt.ts";
import { runForUsers, type UsersRun } from "../../act/sweep/for_users.ts";
import { planPrune, prune, WHOLE } from "../../act/sweep/prune.ts";
import { USERS_DIR } from "../../store/place.ts";
import { seesEverybody } from "../in_sight.ts";
import { isIll, usersJson, usersLines } from "../users_words.ts";

function command() {
  return new Command("prune")
    .description(
      "Drops the records of jobs that ended longer ago than DURATION: their events, samples and `output/ID.log` go too. Never touches " +
        "a job that lives or has left something alive. Sweeps do the same with what is older than `retention` in the configuration.",
    )
    .requiredOption(
      "--older-than <DURATION>",
      "such as 90d or 36h, since their end",
      parserFor("--older-than", (text) => parseDurationMs(text, { zeroAllowed: true })),
    )
    .option("--dry-run", "show how many would be dropped")
    .option("--yes", "also by a clock that does not look right")
    .option("--mine", "root's own records only, and not every user's")
    .option("--json", "print JSON");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function pruneVerb(invoke: Invoke) {
  const verb = command();
  verb.action((options) => invoke(verb, (context) => pruneJobs(context, options)));
  return verb;
}

async function pruneJobs(context: Context, options: Options): Promise<number> {
  const { olderThan, dryRun = false, json = false } = options;
  const store = context.openStore("prune");
  const beforeMs = context.clock.wallMs() - olderThan;
  const why = dryRun || options.yes ? null : doubtOf(context, store);
  if (why !== null) {
    throw new CorralError(`nothing dropped: ${why}`, { remedy: "see: date; if it is right: --yes" });
  }
  const onStep = (jobs: number) => context.progress.tell(() => `dropped ${counted(jobs, "job")} so far`);
  const pruned = dryRun
    ? await planPrune(context, store, beforeMs)
    : await prune(context, store, beforeMs, { ...WHOLE, onStep });
  const users = seesEverybody(context) && !options.mine ? await pruneOthers(context, options) : [];
  if (json) {
    const endedBefore = new Date(beforeMs).toISOString();
    const ofUsers = users.length === 0 ? {} : { users: users.map((run) => usersJson("prune", run)) };
    context.stdout.write(toJson({ dryRun, endedBefore, ...pruned, ...ofUsers }) + "\n");
  } else {
    const { jobs, outputFiles } = pruned;
    const what = `${counted(jobs, "job")} that ended before ${formatLocalTime(new Date(beforeMs))}` +
      (outputFiles === 0 ? "" : `, with ${counted(outputFiles, "output file")}`);
    context.stdout.write(dryRun ? `would drop ${what}\n` : `dropped ${what}\n`);
    for (const line of users.flatMap(usersLines)) context.stdout.write(`${line}\n`);
  }
  return users.some(isIll) ? EXIT.NEGATIVE : EXIT.DONE;
}

/** Each user's records, by a process of that user. */
function pruneOthers(context: Context, { olderThan, dryRun, yes, json }: Options): Promise<UsersRun[]> {
  const words = [
    ...["prune", "--older-than", `${olderThan}ms`],
    ...(dryRun ? ["--dry-run"] : []),
    ...(yes ? ["--yes"] : []),
    ...(json ? ["--json"] : []),
  ];
  return runForUsers(context, context.settings.userStateDir ?? USERS_DIR, words, context.say);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
