/** Which ended jobs failed, as SQL over `jobs`. */

/** 1 for an ended job that did not exit with 0. */
export const FAILED_SQL = "(state = 'ended' AND NOT (reason = 'exited' AND exit_code IS 0))";
