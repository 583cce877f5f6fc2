/** The part of root's `corral kill` that is about users' jobs: of each user all of them, by one process of that user. */
import { atOnce } from "../base/at_once.ts";
import { errorText, EXIT } from "../base/errors.ts";
import { readEventsAt } from "../cgroup/events.ts";
import { type Job, runningFacts } from "../job/job.ts";
import type { Context } from "./context.ts";
import { ACT_CAP_MS, asOwner } from "./for_owner.ts";

const AT_ONCE = 32;
const MOST_GRACE_MS = 3_600_000;

/** `options` are those of the command line behind `kill`. What they print is shown, or with `json` returned as one list. */
export async function killOthers(
  context: Context,
  jobs: readonly Job[],
  { options, json }: { options: readonly string[]; json: boolean },
): Promise<{ isDone: boolean; results: unknown[] }> {
  const others = jobs.filter(({ storeUid }) => storeUid !== undefined);
  const results: unknown[] = [];
  const byOwner = [...Map.groupBy(others, ({ storeUid }) => storeUid!)];
  const codes = await atOnce(byOwner, AT_ONCE, async ([uid, owned]) => {
    const words = ["kill", ...options, ...(json ? ["--json"] : []), ...owned.map(({ spec }) => spec.id)];
    let printed = "";
    const print = json ? { print: (text: string) => void (printed += text) } : {};
    // The grace is the user's word too.
    const graceMs = Math.min(MOST_GRACE_MS, Math.max(...owned.map(({ spec }) => spec.graceMs)));
    const code = await asOwner(context, uid, words, { capMs: ACT_CAP_MS + graceMs, ...print }).catch(
      (error) => {
        context.say(errorText(error));
        return EXIT.NEGATIVE;
      },
    );
    if (json) { for (const one of listIn(printed).slice(0, owned.length)) results.push(one); }
    return code;
  });
  return { isDone: codes.every((code) => code === EXIT.DONE), results };
}

/** What root itself sees of jobs that users' processes say have ended: those of which processes are left, each told. */
export function stillLiving(context: Context, jobs: readonly Job[]): Job[] {
  const living = jobs.filter((job) => job.storeUid !== undefined && isPopulated(context, job));
  for (const { spec } of living) {
    context.say(`job ${spec.id} of ${spec.user}: processes of it are still alive`);
  }
  return living;
}

function isPopulated(context: Context, job: Job): boolean {
  try {
    const record = runningFacts(job)?.cgroup ?? null;
    const fs = context.cgroups();
    return record !== null && fs.isOwn(record, job.spec.id) && readEventsAt(fs, record.path).populated;
  } catch {
    return false;
  }
}

/** What a user's process printed; nothing where that is no list. */
export function listIn(text: string): unknown[] {
  try {
    const list = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
