/** From a sentence of the command line to the parts that the page shows: options to type, and jobs to go to. Pure. */
import type { Part } from "./feed.ts";

/** The name of a job by its id; null for what is no job. */
export type NameOf = (id: string) => string | null;

/** An option with its value, or `job ID`. A value ends before the punctuation behind it. */
const MARK = /(--[a-z][a-z-]*(?: [+-]?\d[\w.%]*)?)|\bjob ([2-9a-z]{6})\b/g;

/** The text again when its parts are put together. */
export function partsOf(text: string, nameOf: NameOf = () => null): Part[] {
  const parts: Part[] = [];
  let done = 0;
  const plain = (end: number) => {
    if (end > done) parts.push({ text: text.slice(done, end) });
  };
  for (const match of text.matchAll(MARK)) {
    const [whole, flag, jobId] = match;
    const name = jobId === undefined ? null : nameOf(jobId);
    if (flag === undefined && name === null) continue;
    plain(match.index);
    if (flag !== undefined) parts.push({ flag });
    else parts.push({ text: "job " }, { jobId: jobId!, name: name! });
    done = match.index + whole.length;
  }
  plain(text.length);
  return parts;
}

/** The clauses of a sentence of `corral show`, each as parts: what became of it, figures, what to try. */
export function clausesOf(text: string, nameOf?: NameOf): Part[][] {
  return text === "" ? [] : text.split("; ").map((clause) => partsOf(clause, nameOf));
}
