/** Every step at which corral is killed, by which of its commands, and the end reasons that the next sweep may give the job. */
import type { CrashPoint } from "../../../src/base/crash_point.ts";
import type { BackendName, EndReason } from "../../../src/job/job.ts";

/** What is killed, and what its job is at that time. crash_matrix.py plays them. */
export type Victim =
  /** The supervisor: on its way to the first process of the command, or while it ends the job because of a signal. */
  | "run"
  /** The same, in a pool that has room for it. */
  | "run in a pool"
  /** The one process of `corral run --detach` in a pool that has room, before it has printed the id: its row is in the queue or not. */
  | "run --detach in a pool"
  /** The supervisor that it starts. */
  | "the detached supervisor in a pool"
  /** The same, once the first process has returned: while it ends the job because of a signal. */
  | "the ending supervisor in a pool"
  /** A `corral pool set` that opens a pool in which a detached job waits, and starts that. */
  | "the starter of a queued job"
  /** The first of the two processes of `corral run --detach`. */
  | "run --detach"
  /** The second one, before the first has heard that the command runs. */
  | "the detached supervisor"
  /** The supervisor of `corral adopt`, which waits for it. */
  | "the adopting supervisor"
  /** A sweep that ends a job whose supervisor was killed. */
  | "sweep"
  /** A sweep that comes to a job which was never more than recorded. */
  | "sweep of a recorded job"
  /** A sweep that comes to a job which has ended with its cgroup left. */
  | "sweep of an ended job"
  /** A sweep whose status command calls a job finished; its supervisor lives. */
  | "sweep with an owner"
  /** `corral kill` of a job whose supervisor was killed. */
  | "kill"
  /** `corral kill` beside a live supervisor. */
  | "kill beside run";

/** One crash. */
export interface Crash {
  victim: Victim;
  /** How often the step is passed unharmed before. */
  passes: number;
  /** One of them must be the job's after the sweep; none when the job was not even recorded. */
  reasons: readonly EndReason[];
  backends: readonly BackendName[];
  /** The job's deadline is moved before, which leaves a drop-in of its unit in /run. */
  movedDeadline: boolean;
  /** Every process is frozen when it comes, with the first signal not yet delivered: the sweep must see to that, too. */
  signalsLate: boolean;
  /** It depends neither on systemd's version nor on the kernel's: on one machine only. */
  isOnce: boolean;
}

type Options = Partial<Pick<Crash, "passes" | "backends" | "movedDeadline" | "signalsLate" | "isOnce">>;

function crash(victim: Victim, reasons: readonly EndReason[], options: Options = {}): Crash {
  const usual = {
    passes: 0,
    backends: ["systemd", "cgroupfs"],
    movedDeadline: false,
    signalsLate: false,
    isOnce: false,
  } as const;
  return { victim, reasons, ...usual, ...options };
}

const SYSTEMD: Options = { backends: ["systemd"] };
const CGROUPFS: Options = { backends: ["cgroupfs"] };

/** Nobody opens the gate: the process behind it leaves by itself, unless the sweep comes first. */
const AT_THE_GATE = ["failed-to-start", "orphaned"] as const;
/** The same, once the job is recorded as running: how the process left nobody knows. */
const PAST_THE_RECORD = ["exited", "orphaned"] as const;

const ONCE: Options = { isOnce: true };
/** Its row has all that any corral needs to start it, which its time-out then ends. */
const STARTED_BY_ANOTHER = [crash("run --detach in a pool", ["timeout"], ONCE)];

/** Until the adoption is recorded as done, it ends no process. */
const LET_GO = [crash("the adopting supervisor", ["failed-to-start"])];
const ADOPTED = [crash("the adopting supervisor", ["orphaned"])];

const byAll = (options: Options = {}) => [
  crash("run", ["killed"], options),
  crash("sweep", ["orphaned"], options),
  crash("kill", ["killed"], options),
];
const byAllAndBeside = (
  options: Options = {},
) => [...byAll(options), crash("kill beside run", ["killed"], options)];

/** All there are: a step that is missing here does not compile. */
export const CRASHES: Readonly<Record<CrashPoint, readonly Crash[]>> = {
  "launch: nothing recorded": [crash("run", [])],
  "launch: recorded": [
    crash("run", ["failed-to-start"]),
    crash("the detached supervisor", ["failed-to-start"]),
    crash("the detached supervisor in a pool", ["failed-to-start"], ONCE),
  ],
  "launch: gate made": [crash("run", ["failed-to-start"]), ...LET_GO],
  "launch: guard made": [crash("run", ["failed-to-start"]), ...LET_GO],
  "launch: guard knows the cgroup": [crash("run", AT_THE_GATE), ...LET_GO],
  "launch: cgroup made": [crash("run", ["failed-to-start"], CGROUPFS)],
  "launch: limits set": [crash("run", ["failed-to-start"], CGROUPFS)],
  "launch: placed": [crash("run", AT_THE_GATE), ...LET_GO],
  "launch: limits read back": [crash("run", AT_THE_GATE), ...LET_GO],
  "launch: running recorded": [
    crash("run", PAST_THE_RECORD),
    crash("the detached supervisor", PAST_THE_RECORD),
    crash("the detached supervisor in a pool", PAST_THE_RECORD, ONCE),
  ],
  "launch: gate opened": [crash("run", PAST_THE_RECORD)],
  "enqueue: queued": STARTED_BY_ANOTHER,
  "enqueue: admitted": STARTED_BY_ANOTHER,
  "queue: queued": [crash("run in a pool", ["orphaned"])],
  "queue: admitted": [
    crash("run in a pool", ["orphaned"]),
    crash("the detached supervisor in a pool", ["failed-to-start"], ONCE),
  ],
  "queue: starting": [
    crash("run in a pool", ["failed-to-start"]),
    crash("the detached supervisor in a pool", ["failed-to-start"], ONCE),
  ],
  // Its supervisor lives, and sees before it opens the gate that the caller has gone: no job runs of which no caller has the id.
  "detach: supervisor started": [
    crash("run --detach", ["failed-to-start"]),
    crash("run --detach in a pool", ["failed-to-start"], ONCE),
    // The caller has the id: the job runs.
    crash("the starter of a queued job", ["timeout"], ONCE),
  ],
  "adopt: recorded": LET_GO,
  "adopt: taken": LET_GO,
  "adopt: running recorded": ADOPTED,
  "adopt: holder told to go": ADOPTED,
  "ending: claimed": [...byAllAndBeside(), crash("the ending supervisor in a pool", ["killed"], ONCE)],
  "ending: freezing": byAllAndBeside({ signalsLate: true }),
  "ending: frozen": byAllAndBeside({ signalsLate: true }),
  "ending: signalled": byAllAndBeside({ signalsLate: true }),
  "ending: thawed": byAllAndBeside(),
  "ending: grace over": byAllAndBeside(),
  "ending: kill written": [...byAllAndBeside(), crash("the ending supervisor in a pool", ["killed"], ONCE)],
  "ending: empty": byAllAndBeside(),
  "ending: usage read": byAll(),
  "ending: recorded": byAll({ movedDeadline: true }),
  "ending: removed": byAll(),
  "removal: cgroup removed": [...byAll(CGROUPFS), ...byAll({ ...CGROUPFS, passes: 1 })],
  // The file, then its directory.
  "removal: drop-in removed": [
    ...byAll({ ...SYSTEMD, movedDeadline: true }),
    ...byAll({ ...SYSTEMD, movedDeadline: true, passes: 1 }),
  ],
  "removal: slice stopped": byAll({ ...SYSTEMD, movedDeadline: true }),
  "collecting: units cleared": [crash("sweep of a recorded job", ["failed-to-start"])],
  "collecting: left cgroup emptied": [crash("sweep of an ended job", ["killed"])],
  "sweep: locked": [crash("sweep", ["orphaned"])],
  "sweep: jobs read": [crash("sweep", ["orphaned"])],
  "sweep: decided": [crash("sweep", ["orphaned"])],
  "sweep: acted": [crash("sweep", ["orphaned"])],
  "sweep: owner heard": [crash("sweep with an owner", ["finished-by-owner"])],
  "sweep: jobs done": [crash("sweep", ["orphaned"])],
  "sweep: findings recorded": [crash("sweep", ["orphaned"])],
  // Its shell kills the job, and the sweep accounts.
  "guard: decided": [],
  "guard: released": [crash("run", ["killed"])],
  "systemd: request sent": [
    // To make the job's units, and to remove them.
    crash("run", AT_THE_GATE, SYSTEMD),
    ...byAll({ ...SYSTEMD, movedDeadline: true }).map((made) =>
      made.victim === "run" ? { ...made, passes: 1 } : made
    ),
    crash("sweep of a recorded job", ["failed-to-start"], SYSTEMD),
    crash("sweep of an ended job", ["killed"], SYSTEMD),
  ],
  "store: not committed": [
    // The writes of a run: recorded, running, ending, ended.
    crash("run", [], { passes: 0 }),
    crash("run", AT_THE_GATE, { passes: 1 }),
    crash("run", ["orphaned"], { passes: 2 }),
    crash("run", ["killed"], { passes: 3 }),
    // Those of a sweep and of `corral kill`: ending, ended.
    crash("sweep", ["orphaned"], { passes: 0 }),
    crash("sweep", ["orphaned"], { passes: 1 }),
    crash("kill", ["orphaned"], { passes: 0 }),
    crash("kill", ["killed"], { passes: 1 }),
    crash("sweep of a recorded job", ["failed-to-start"]),
    crash("sweep of an ended job", ["killed"]),
    crash("sweep with an owner", ["finished-by-owner"]),
  ],
};

/** One crash of the matrix on one backend. */
export interface MatrixCase extends Crash {
  step: CrashPoint;
  backend: BackendName;
}

/** The matrix, row by row. */
export function matrix(): MatrixCase[] {
  return Object.entries(CRASHES).flatMap(([step, crashes]) =>
    crashes.flatMap((made) =>
      made.backends.map((backend) => ({ ...made, step: step as CrashPoint, backend }))
    )
  );
}
