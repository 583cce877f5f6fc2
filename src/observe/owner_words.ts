/** The words in which owners speak of a job's state: those of Slurm (squeue(1), sacct(1)) in full, as a code or cut off, and any other. Pure. */

/** States of Slurm in which a job is over, and the codes of squeue for them. The settings take these words for finished (settings.ts). */
const OVER_BY_CODE: Record<string, string> = {
  BF: "boot_fail",
  CA: "cancelled",
  CD: "completed",
  DL: "deadline",
  F: "failed",
  NF: "node_fail",
  OOM: "out_of_memory",
  PR: "preempted",
  RV: "revoked",
  TO: "timeout",
};

/** States in which it is not. */
const LIVE_BY_CODE: Record<string, string> = {
  CF: "configuring",
  CG: "completing",
  PD: "pending",
  R: "running",
  RD: "resv_del_hold",
  RF: "requeue_fed",
  RH: "requeue_hold",
  RQ: "requeued",
  RS: "resizing",
  S: "suspended",
  SE: "special_exit",
  SI: "signaling",
  SO: "stage_out",
  ST: "stopped",
};

const BY_CODE: ReadonlyMap<string, string> = new Map(Object.entries({ ...OVER_BY_CODE, ...LIVE_BY_CODE }));
const WORDS = [...BY_CODE.values()];
/** In other words: those of Celery, of other schedulers, and of people. They are understood, and mean that the job is not over. */
const LIVE: ReadonlySet<string> = new Set([
  ...Object.values(LIVE_BY_CODE),
  ...[
    "active",
    "held",
    "hold",
    "idle",
    "pending",
    "progress",
    "queued",
    "received",
    "retry",
    "scheduled",
    "started",
  ],
  ...["starting", "submitted", "unknown", "waiting"],
]);

/**
 * The one state that a word means, in lower case: `CANCELED` is `cancelled`, `CD` is `completed`, and `OUT_OF_ME+`, as sacct cuts it off, is
 * the only word of Slurm's that begins so. A word cut off that could be two is left as it is, and so is any other.
 */
export function stateOf(word: string): string {
  const known = BY_CODE.get(word);
  if (known !== undefined) return known;
  const whole = word.toLowerCase();
  if (!whole.endsWith("+")) return whole === "canceled" ? "cancelled" : whole;
  const beginning = whole.slice(0, -1);
  const meant = WORDS.filter((state) => state.startsWith(beginning));
  return meant.length === 1 ? meant[0]! : meant.includes(beginning) ? beginning : whole;
}

/** True for a state that is known not to be the end of a job. */
export function isLiveState(state: string): boolean {
  return LIVE.has(state);
}
