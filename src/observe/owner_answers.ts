/** What the owner's status command says: one line for each job, `REF STATUS`. Pure. */

/**
 * The status of each ref, in lower case. The last word of a line is the status, all before it the ref, less the blanks at its ends. A ref
 * that was given two different statuses has none: no answer never kills.
 */
export function parseAnswers(text: string): Map<string, string> {
  const answers = new Map<string, string>();
  const contradicted = new Set<string>();
  for (const line of text.split("\n")) {
    const match = /^(.*\S)\s+(\S+)\s*$/.exec(line);
    if (match === null) continue;
    const ref = match[1]!.trim();
    const status = match[2]!.toLowerCase();
    const before = answers.get(ref);
    if (before !== undefined && before !== status) contradicted.add(ref);
    answers.set(ref, status);
  }
  for (const ref of contradicted) answers.delete(ref);
  return answers;
}

/** True when the ref can be asked about: one that has a line break would be two questions. */
export function canBeAsked(ref: string): boolean {
  return !/[\r\n]/.test(ref);
}

/** The owner's word for one job: true (finished), false (not), or null when it said nothing of it. */
export function ownersWord(
  answers: Map<string, string>,
  ref: string | null,
  finishedStatuses: readonly string[],
): boolean | null {
  const status = ref === null ? undefined : answers.get(ref.trim());
  return status === undefined ? null : finishedStatuses.includes(status);
}
