/** Carries out what was asked for on the page, as the command line does: for a job in a user's store, a process of that user. */
import { freezeJob, thawJob } from "../act/change/freeze_job.ts";
import { setLimits } from "../act/change/set_limits.ts";
import { killJob } from "../act/end/kill_job.ts";
import { admitNext } from "../act/queue/pass.ts";
import { CorralError, NotFoundError, parserFor, UsageError } from "../base/errors.ts";
import { readEventsAt } from "../cgroup/events.ts";
import { isLive, type Job } from "../job/job.ts";
import { stillAlive } from "../job/outcome.ts";
import { lookAtJob } from "../observe/live.ts";
import { storeOf } from "../store/former_store.ts";
import type { JobStore } from "../store/jobs.ts";
import { parseDurationChange } from "../value/duration.ts";
import { parseMemoryBytes } from "../value/size.ts";
import { MISSING } from "../value/units.ts";
import type { SourceContext } from "./context.ts";
import type { Change } from "./feed.ts";
import type { Looks } from "./look.ts";
import { parsePageId } from "./page_ids.ts";
import type { Records } from "./records.ts";
import { asUser, oneLine } from "./users_process.ts";

/** Beyond a usual grace, the time in which the kernel lets go of what was killed. */
const CAP_MS = 120_000;
const MOST_CHARACTERS = 65_536;
/** The words that lift a limit, as for `corral set`. */
const NONE = ["none", "infinity"];

/** With its first signal and grace, or without. */
const KILLS = ["", "orderly", "now"];

/** What the change is made with. */
export interface ChangeSources {
  context: SourceContext;
  looks: Looks;
  records: Records;
}

/** The line of the command. Throws CorralError with the line that says why not. */
export async function carryOutChange(sources: ChangeSources, change: Change): Promise<string> {
  const act = actOf(change);
  const job = sources.records.find(change.jobId);
  if (job === null || !isLive(job)) {
    throw new NotFoundError("live job", oneLine(change.jobId), "see: corral ps");
  }
  const said = job.storeUid === undefined
    ? await act.here(sources.context, job)
    : await byUser(sources, job, { uid: job.storeUid, words: act.words });
  return said;
}

/** One act: by this process, and as words for a user's. */
interface Act {
  here: (context: SourceContext, job: Job) => Promise<string>;
  /** With the id in the place of ID. */
  words: readonly string[];
}

const ID = "ID";

/** Throws UsageError for a value that `corral set` would not take, before anything is done. */
function actOf({ jobId, verb, value = "" }: Change): Act {
  if (parsePageId(jobId) === null) throw new UsageError("that is no id of a job");
  switch (verb) {
    case "kill": {
      if (!KILLS.includes(value)) throw new UsageError("a kill is orderly, or now");
      const isNow = value === "now";
      return {
        here: (context, job) => kill(context, job, isNow),
        words: ["kill", "--yes", ...isNow ? ["--now"] : [], ID],
      };
    }
    case "freeze":
      return { here: (context, job) => within(context, "freeze", job, freezeJob), words: ["freeze", ID] };
    case "thaw":
      return { here: (context, job) => within(context, "thaw", job, thawJob), words: ["thaw", ID] };
    case "set-timeout": {
      const timeout = {
        value: NONE.includes(value) ? null : parserFor("--timeout", parseDurationChange)(value),
      };
      return {
        here: (context, job) =>
          within(context, "set", job, (...on) => setLimits(...on, { limits: {}, timeout })),
        words: ["set", ID, `--timeout=${value}`],
      };
    }
    case "set-memory": {
      const memoryMaxBytes = NONE.includes(value) ? null : parserFor("--memory", parseMemoryBytes)(value);
      return {
        here: (context, job) =>
          within(context, "set", job, (...on) => setLimits(...on, { limits: { memoryMaxBytes } })),
        words: ["set", ID, `--memory=${value}`],
      };
    }
    default:
      throw new UsageError("that is nothing that can be done to a job");
  }
}

/** With the store that has the job, opened in the name of the command. */
async function within(
  context: SourceContext,
  actor: string,
  job: Job,
  act: (context: SourceContext, store: JobStore, job: Job) => string | Promise<string>,
): Promise<string> {
  const [present, former] = [context.openStore(actor), context.openFormerStore(actor)];
  try {
    return await act(context, storeOf(job.spec.id, present, former), job);
  } finally {
    present.close();
    former?.close();
  }
}

async function kill(context: SourceContext, job: Job, skipGrace: boolean): Promise<string> {
  const { id } = job.spec;
  const said = await within(context, "kill", job, async (_, store) => {
    const result = await killJob(context, store, job, { skipGrace, actor: "kill" });
    if (result.refused !== null) throw new CorralError(`job ${id}: not ended: ${result.refused}`);
    if (result.survivors > 0) {
      throw new CorralError(`job ${id}: ${stillAlive(result.survivors)}: corral show ${id}`);
    }
    return `${id} ended: ${result.reason ?? MISSING}`;
  });
  await admitNext(context, context.settings.pools);
  return said;
}

async function byUser(
  { context, looks }: ChangeSources,
  job: Job,
  { uid, words }: { uid: number; words: readonly string[] },
): Promise<string> {
  const { id, user } = job.spec;
  const named = words.map((word) => word === ID ? id : word);
  const { code, stdout, problem } = await asUser(context, uid, named, {
    capMs: CAP_MS,
    maxCharacters: MOST_CHARACTERS,
  });
  // What is shown of that user's jobs is asked anew at once.
  looks.users?.hasten();
  if (code !== 0) throw new CorralError(problem || `job ${id} of ${user}: exit code ${code}`);
  // Of a kill root sees for itself what that user's process says.
  if (named[0] === "kill" && lookAtJob(context, job, (fs, { path }) => readEventsAt(fs, path).populated)) {
    throw new CorralError(`job ${id} of ${user}: processes of it are still alive`);
  }
  return oneLine(stdout);
}
