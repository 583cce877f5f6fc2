/** Which process runs the `--on-end` command of a job: the one that claims it, at most once. */
import { addEvent, type Writing } from "./transitions.ts";

/** A claim that is written before the command runs, and never taken back: what is killed between the two is not run again. */
export function setOnEndClaimed(on: Writing, id: string, atMs: number): boolean {
  const changed = on.run(
    `UPDATE jobs SET on_end_at_ms = ?
     WHERE id = ? AND state = 'ended' AND on_end IS NOT NULL AND on_end_at_ms IS NULL`,
    atMs,
    id,
  );
  if (changed > 0) addEvent(on, id, { atMs, kind: "on-end-started", detail: {} });
  return changed > 0;
}

/** Of the jobs that have ended and whose command no process has claimed. */
export const UNCLAIMED = "on_end IS NOT NULL AND on_end_at_ms IS NULL AND state = 'ended'";
