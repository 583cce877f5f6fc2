/** Root's `corral wait` for jobs of several users: for each user's, one process of that user waits. */
import { EXIT } from "../base/errors.ts";
import { toJson } from "../base/json.ts";
import type { JobStore } from "../store/jobs.ts";
import type { Context } from "./context.ts";
import { asOwner, lookFor } from "./for_owner.ts";
import { listIn } from "./kill_others.ts";

/** What was typed, and what it means for the caller's own jobs. */
export interface WaitForAll {
  selectors: readonly string[];
  /** The options as words, without `--json`. */
  words: readonly string[];
  any: boolean;
  json: boolean;
  timeoutMs: number | null;
  own: Pick<JobStore, "find">;
  waitForOwn: (context: Context, selectors: readonly string[]) => Promise<number>;
}

/** The exit code for all of them. Throws NotFoundError, AmbiguousError, StoreError. */
export async function waitForAll(context: Context, asked: WaitForAll): Promise<number> {
  const { own, others } = await byStore(context, asked);
  if (others.size === 0) return await asked.waitForOwn(context, own);
  const startMs = context.clock.bootMs();
  const lists: unknown[] = [];
  const waits = [...others].map(([uid, ids]) => waitForOthers(context, { uid, ids, asked, lists }));
  if (own.length > 0) waits.push(waitForOwn(context, own, { asked, lists }));
  const codes = asked.any ? [await Promise.race(waits)] : await Promise.all(waits);
  if (asked.json) context.stdout.write(toJson(lists) + "\n");
  // A job that ended by its own time limit has the same code.
  const isLate = asked.timeoutMs !== null && context.clock.bootMs() - startMs >= asked.timeoutMs;
  return isLate && codes.includes(EXIT.TIMEOUT) ? EXIT.TIMEOUT : Math.max(...codes);
}

/** The words that mean a job of the caller's own, and the ids of the others by the user in whose store root finds them. */
async function byStore(context: Context, { selectors, own }: WaitForAll) {
  const found = { own: [] as string[], others: new Map<number, string[]>() };
  for (const selector of selectors) {
    const { storeUid, spec } = await lookFor(context, own, selector);
    if (storeUid === undefined) found.own.push(selector);
    else found.others.set(storeUid, [...found.others.get(storeUid) ?? [], spec.id]);
  }
  return found;
}

async function waitForOthers(
  context: Context,
  { uid, ids, asked, lists }: {
    uid: number;
    ids: readonly string[];
    asked: Pick<WaitForAll, "words" | "json">;
    lists: unknown[];
  },
): Promise<number> {
  let printed = "";
  const print = asked.json ? { print: (text: string) => void (printed += text) } : {};
  const words = ["wait", ...asked.words, ...(asked.json ? ["--json"] : []), "--", ...ids];
  // What it prints as JSON is kept; anything else may go on for as long as the job does.
  const cap = asked.json ? {} : { maxCharacters: Infinity };
  const exitCode = await asOwner(context, uid, words, { capMs: Infinity, ...cap, ...print });
  for (const one of listIn(printed).slice(0, ids.length)) lists.push(one);
  return exitCode;
}

async function waitForOwn(
  context: Context,
  own: readonly string[],
  { asked, lists }: { asked: Pick<WaitForAll, "json" | "waitForOwn">; lists: unknown[] },
): Promise<number> {
  if (!asked.json) return await asked.waitForOwn(context, own);
  let printed = "";
  const write = (text: string) => {
    printed += text;
    return true;
  };
  const exitCode = await asked.waitForOwn({ ...context, stdout: { ...context.stdout, write } }, own);
  lists.push(...listIn(printed));
  return exitCode;
}
