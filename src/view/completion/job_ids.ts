/**
 * A shell command that prints the ids of the live jobs, a line each: the completions call it. Only the key of a job itself stands four
 * spaces in, and only an id is of these characters alone. It says nothing when corral fails.
 */
export const JOB_IDS_COMMAND =
  `corral ps --json 2>/dev/null | sed -n 's/^    "id": "\\([0-9a-z]*\\)",*$/\\1/p'`;
