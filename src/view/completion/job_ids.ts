/**
 * Shell commands that print what live jobs are known by, a line each: the completions call them. Only the keys of a job itself stand four
 * spaces in. They say nothing when corral fails.
 *
 * Names and refs are data from outside, which the shells would read as words of a script: one with any other character than these is not
 * offered (bash splits words at `:` and `=`).
 */
const PLAIN = "[A-Za-z0-9_.@%+/][-A-Za-z0-9_.@%+/]*";

function linesOf(...keys: ("id" | "name" | "ref")[]): string {
  const edits = keys.map((key) => `-e 's/^    "${key}": "\\(${PLAIN}\\)",*$/\\1/p'`);
  return `corral ps --json 2>/dev/null | sed -n ${edits.join(" ")}${keys.includes("id") ? "" : " | sort -u"}`;
}

/** By the kind of a value: a JOB may be given by id, name or ref. */
export const LIVE_JOBS_COMMANDS = {
  job: linesOf("id", "name", "ref"),
  name: linesOf("name"),
  ref: linesOf("ref"),
} as const;
