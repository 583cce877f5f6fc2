/** `corral logs`: prints the output of a detached job, as it is. */
import { Command, Option } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { CorralError, EXIT, parserFor } from "../../base/errors.ts";
import { parseLines } from "../../value/count.ts";
import { followOutput } from "../../act/logs/follow_output.ts";
import { copyOutputOf, outputOf } from "../../act/logs/output_of.ts";
import { waitForJobs } from "../../act/wait/wait_for_jobs.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";
import { lookFor } from "../for_owner.ts";
import { followOthers, shownBytes } from "../others_output.ts";

interface Options {
  follow?: true | undefined;
  lines?: number | undefined;
  tail?: number | undefined;
}

/** The sub-command, wired to `invoke`. */
export function logsVerb(invoke: Invoke) {
  const logs = new Command("logs")
    .description(
      "Prints the output of a detached job, live or ended, from the file that `corral show` names. The output of any other job went to " +
        "where its caller's goes.",
    )
    .argument("<JOB>", JOB_FORMS)
    .option("-f, --follow", "print what comes too, until the job has ended")
    .option("-n, --lines <N>", "only the last N lines of what is there", parserFor("--lines", parseLines))
    // As docker and kubectl call it.
    .addOption(new Option("--tail <N>").argParser(parserFor("--tail", parseLines)).hideHelp());
  logs.action((job, options) => invoke(logs, (context) => printOutput(context, job, options)));
  return logs;
}

async function printOutput(context: Context, selector: string, options: Options): Promise<number> {
  const [present, former] = [context.openStore("logs"), context.openFormerStore("logs")];
  const job = await lookFor(context, bothStores(present, former), selector);
  const { id } = job.spec;
  const lines = options.lines ?? options.tail ?? null;
  const { stateDir } = context.settings;
  const { pass } = context.stdout;
  // A job of another user wrote it, whichever store has it.
  const take = job.spec.uid === context.uid ? pass : shownBytes(context.stdout);
  const to = { take, say: context.say, onLook: () => pass(new Uint8Array()) };
  if (!options.follow) {
    const path = outputOf(job, stateDir);
    if (path === null) throw new CorralError(`job ${id} is starting: it has no output yet`);
    await copyOutputOf(job, { path, lines, over: null }, { node: context, to });
    return EXIT.DONE;
  }
  if (job.storeUid !== undefined) return await followOthers(context, job, { lines, to });
  const store = storeOf(id, present, former);
  const over = new AbortController();
  const waiting = waitForJobs(context, [{ id, store }], {
    ...{ any: false, capMs: Infinity, onOrphan: context.settings.onOrphan, stop: over.signal },
    onEnded: () => over.abort(),
  });
  // What the wait fails at is thrown when all is printed that can be.
  waiting.catch(() => over.abort());
  await followOutput(context, { job, store, stateDir, lines, over: over.signal }, to);
  over.abort();
  await waiting;
  return EXIT.DONE;
}
