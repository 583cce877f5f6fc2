/** The part of root's `corral kill` that is about users' jobs: of each user all of them, by one process of that user. */
import { atOnce } from "../base/at_once.ts";
import { errorText, EXIT } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import type { Context } from "./context.ts";
import { asOwner } from "./for_owner.ts";

const AT_ONCE = 32;

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
    const code = await asOwner(context, uid, words, print).catch((error) => {
      context.say(errorText(error));
      return EXIT.NEGATIVE;
    });
    if (json) results.push(...listIn(printed));
    return code;
  });
  return { isDone: codes.every((code) => code === EXIT.DONE), results };
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
