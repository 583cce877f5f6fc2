/**
 * The steps between which this process may die at any moment, by name. The shipped binary has none of it: the calls are empty and the
 * bundler drops them. In dist/corral-crash, tests/kit/crash_point.ts takes this file's place and dies at the step that it is told.
 */

/** A step of launch, adoption, ending or collecting that has just been done. tests/system/crash/matrix.ts says what may follow each. */
export type CrashPoint =
  | "launch: nothing recorded"
  | "launch: recorded"
  | "launch: gate made"
  | "launch: guard made"
  | "launch: guard knows the cgroup"
  | "launch: cgroup made"
  | "launch: limits set"
  | "launch: placed"
  | "launch: limits read back"
  | "launch: running recorded"
  | "launch: gate opened"
  | "enqueue: queued"
  | "enqueue: admitted"
  | "queue: queued"
  | "queue: admitted"
  | "queue: starting"
  | "detach: supervisor started"
  | "adopt: recorded"
  | "adopt: taken"
  | "adopt: running recorded"
  | "adopt: holder told to go"
  | "ending: claimed"
  | "ending: freezing"
  | "ending: frozen"
  | "ending: signalled"
  | "ending: thawed"
  | "ending: grace over"
  | "ending: kill written"
  | "ending: empty"
  | "ending: usage read"
  | "ending: recorded"
  | "ending: removed"
  | "removal: cgroup removed"
  | "removal: drop-in removed"
  | "removal: slice stopped"
  | "collecting: units cleared"
  | "collecting: left cgroup emptied"
  | "sweep: locked"
  | "sweep: jobs read"
  | "sweep: decided"
  | "sweep: acted"
  | "sweep: owner heard"
  | "sweep: jobs done"
  | "sweep: findings recorded"
  | "guard: released"
  | "guard: decided"
  | "systemd: request sent"
  | "store: not committed";

/** Does nothing. */
export function crashPoint(_step: CrashPoint): void {}
