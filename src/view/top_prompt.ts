/** What `corral top` asks on its second line, and what is typed there. Pure. */
import { printable, quoted } from "../base/text.ts";
import type { Job } from "../job/job.ts";

/** A line that is being typed, or a question that one key answers. */
export type Prompt =
  | { readonly asks: "filter" | "user" | "end"; readonly text: string }
  | { readonly asks: "sure"; readonly job: Job };

const QUESTIONS = {
  filter: "Show what has in id, name, ref, user or command: ",
  user: "Show jobs of user (nothing: all): ",
  end: "End which job (id, ref or name): ",
};
const MAX_CHARACTERS = 200;

const ESCAPE = "\x1b";
/** ^U, as in a shell. */
const CLEAR = "\x15";
const ENTER = ["\r", "\n"];
const BACKSPACE = ["\x7f", "\b"];

/** The line after the key; `left` for Escape, null for a key that means nothing. */
export function edited<P extends { text: string }>(prompt: P, key: string): P | "entered" | "left" | null {
  if (key === ESCAPE) return "left";
  if (ENTER.includes(key)) return "entered";
  if (key === CLEAR) return { ...prompt, text: "" };
  if (BACKSPACE.includes(key)) return { ...prompt, text: [...prompt.text].slice(0, -1).join("") };
  const isText = /^[^\p{C}]$/u.test(key) && prompt.text.length < MAX_CHARACTERS;
  return isText ? { ...prompt, text: prompt.text + key } : null;
}

/** As it is shown; the terminal's own cursor is hidden. */
export function promptLine(prompt: Prompt): string {
  if (prompt.asks !== "sure") return `${QUESTIONS[prompt.asks]}${printable(prompt.text)}_`;
  const { id, name, user } = prompt.job.spec;
  return `End job ${id}, ${printable(name)}, of ${printable(user)}? y for yes, any other key for no`;
}

/** The one of the jobs with that id, ref, name or beginning of the id, in this order; else a sentence why none. */
export function meantBy(text: string, jobs: readonly Job[]): Job | string {
  const tests: ((spec: Job["spec"]) => boolean)[] = [
    ({ id }) => id === text,
    ({ ref }) => ref === text,
    ({ name }) => name === text,
    ({ id }) => id.startsWith(text),
  ];
  for (const test of tests) {
    const found = jobs.filter(({ spec }) => test(spec));
    if (found.length === 1) return found[0]!;
    if (found.length > 1) return `${found.length} jobs are ${quoted(text)}: give an id; nothing is ended`;
  }
  return `no live job is ${quoted(text)}: nothing is ended`;
}
