/** What the owner's status command prints: lines of `REF STATUS`, also as squeue and sacct print them. Pure. */
import { isLiveState, stateOf } from "./owner_words.ts";

/** The owner's word, and what of it was not understood. */
export interface OwnersAnswers {
  /** By ref without the blanks at its ends; the state in lower case. */
  readonly states: ReadonlyMap<string, string>;
  /** What nothing was made of: the word of a state, or a whole line. No answer never kills, and neither does this. */
  readonly unclear: readonly Unclear[];
}

/** One thing that was not understood. */
export interface Unclear {
  /** The ref of its line; null for a line that names none that was asked for. */
  readonly ref: string | null;
  readonly text: string;
}

/** The command gave no answer. */
export const NO_ANSWERS: OwnersAnswers = { states: new Map(), unclear: [] };

/** Between ref and state, and between the columns of squeue and sacct. */
const SEPARATOR = /^[\s|,]+/;
/** Of what may follow a state: the next columns, `by 1000` (who cancelled it, perhaps cut off), an exit code. */
const COLUMNS = /^\s*[|,]|^\s+by\s+\S+\s*$|^\s+\d+:\d+\s*$|^\s*$/;
/** Head and rule of a table, and what is blank. */
const NO_ANSWER = /^\s*(job_?id\b.*|[-=+|,\s]*)$/i;

/**
 * The longest ref that was asked for at a line's start is the line's ref; the word after it is the state. A ref that was given two different
 * states has none. Lines about jobs that were not asked for, steps of a job (`4711.batch`) among them, are no answers and are passed over.
 */
export function parseAnswers(
  text: string,
  refs: readonly string[],
  finishedStatuses: readonly string[],
): OwnersAnswers {
  const states = new Map<string, string>();
  const unclear: Unclear[] = [];
  const contradicted = new Set<string>();
  const isKnown = (state: string) => finishedStatuses.includes(state) || isLiveState(state);
  const asked = new Set(refs.map((ref) => ref.trim()).filter((ref) => ref !== ""));
  const lengths = [...new Set([...asked].map(({ length }) => length))].sort((a, b) => b - a);
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (NO_ANSWER.test(line)) continue;
    const ref = refOf(line, asked, lengths);
    if (ref === null) {
      if (!isOfAnother(line, isKnown)) unclear.push({ ref: null, text: line });
      continue;
    }
    const rest = line.slice(ref.length).replace(SEPARATOR, "");
    const state = stateIn(rest);
    if (state === null || !isKnown(state)) unclear.push({ ref, text: rest });
    // A word that is not understood is an answer all the same: the job is not over.
    const now = state ?? rest.toLowerCase();
    if (states.has(ref) && states.get(ref) !== now) contradicted.add(ref);
    states.set(ref, now);
  }
  for (const ref of contradicted) {
    states.delete(ref);
    unclear.push({ ref, text: "two different states" });
  }
  return { states, unclear };
}

function refOf(line: string, asked: ReadonlySet<string>, lengths: readonly number[]): string | null {
  const length = lengths.find((length) =>
    asked.has(line.slice(0, length)) && SEPARATOR.test(line.slice(length))
  );
  return length === undefined ? null : line.slice(0, length);
}

/** Null for more words than a state has: `RUNNING completed 3 of 5`. */
function stateIn(rest: string): string | null {
  const word = /^[^\s|,]+/.exec(rest)?.[0] ?? "";
  return word !== "" && COLUMNS.test(rest.slice(word.length)) ? stateOf(word) : null;
}

/** True for a line in which a word is a state: it is about a job, and not about one that was asked for. */
function isOfAnother(line: string, isKnown: (state: string) => boolean): boolean {
  return line.split(/[\s|,]+/).slice(1).some((word) => isKnown(stateOf(word)));
}

/** True when the ref can be asked about: one that has a line break would be two questions. */
export function canBeAsked(ref: string): boolean {
  return !/[\r\n]/.test(ref);
}

/** The owner's word for one job: true (finished), false (not), or null without an answer. */
export function ownersWord(
  { states }: OwnersAnswers,
  ref: string | null,
  finishedStatuses: readonly string[],
): boolean | null {
  const state = ref === null ? undefined : states.get(ref.trim());
  return state === undefined ? null : finishedStatuses.includes(state);
}
