/**
 * What a job is: its specification, its states and its end reasons.
 *
 * `(queued ->) starting -> running -> ending -> ended`. A state carries only its own data, and the first end reason wins.
 */

import type { Limits } from "./limits.ts";
import type { HealthSpec, HealthState } from "./health.ts";
import type { OnEnd } from "./on_end.ts";
import type { ReceiptPlace } from "./receipt_place.ts";
import type { SlurmJob } from "./slurm.ts";
import type { Usage } from "./usage.ts";

export { type Limits, NO_LIMITS } from "./limits.ts";

/**
 * A process that cannot be mistaken for another: pid, start time (field 22 of /proc/PID/stat, in clock ticks), boot id, and the namespace in
 * which its pid is a number at all.
 */
export interface Identity {
  pid: number;
  startTicks: number;
  bootId: string;
  /** Inode of its PID namespace (/proc/self/ns/pid); null or absent where it is not known, as in records of old. */
  pidNamespace?: number | null;
}

/** Why a job ended, each with what it does not mean. The text is shown by `corral show` and the README. */
export const END_REASONS = {
  "exited":
    "its command exited by itself. Not: that it succeeded; see the exit code, which is unknown (-) when the supervisor died first, and of an adopted job.",
  "signaled":
    "its command died of a signal that corral did not send (KILL or TERM past the deadline is `timeout`). Not: that corral or the kernel's OOM killer ended it.",
  "timeout":
    "its wall-clock limit passed and corral ended it. Not: that the command noticed; it may have died of TERM or KILL.",
  "cpu-time":
    "it used up its limit of CPU time (`--cpu-time`) and corral ended it. Not: that it ran for so long, or that the command noticed.",
  "unhealthy":
    "a check of its health failed (`--heartbeat`, `--health-command`, `--idle-action kill`) and corral ended it. Not: that its work was wrong; it gave no sign of life.",
  "oom":
    "the kernel killed it for memory. Not: that its own limit was the cause; the node or a parent cgroup may have run out.",
  "killed":
    "a user or program asked: `corral kill`, or a signal to `corral run`. Not: that the command was at fault.",
  "orphaned":
    "its supervisor was gone and its guard or a sweep ended it, or its caller was (`--with-parent`), or it ended with the job in which it was started, or its Slurm job was over. Not: that the command failed.",
  "finished-by-owner":
    "its owner called it finished while its processes lived. Not: that the command exited.",
  "lost": "the node rebooted, or its cgroup vanished without a trace. Not: that corral killed anything.",
  "failed-to-start":
    "its command never ran, or could not be adopted. Not: that the command exited with an error of its own.",
  "unkillable":
    "processes were left when the kill deadline passed. Not: given up; every sweep and `corral kill` tries again.",
} as const;

/** One of the keys of END_REASONS. */
export type EndReason = keyof typeof END_REASONS;

/** Who makes and removes the job's cgroup: systemd (its system or user manager) or corral itself. */
export type BackendName = "systemd" | "cgroupfs";

/** What was asked for (only limits, timeout, CPU time and checks of health may change, by `corral set`). What the launch found out is in Watch and RunningFacts. */
export interface JobSpec {
  id: string;
  name: string;
  ref: string | null;
  tags: Record<string, string>;
  argv: string[];
  user: string;
  uid: number;
  cwd: string;
  limits: Limits;
  timeoutMs: number | null;
  /** CPU time of the whole job after which it is ended. */
  cpuTimeMs: number | null;
  graceMs: number;
  /** Name of the first signal without SIG, such as TERM. */
  signal: string;
  /** Milliseconds since the epoch: for people, never for deadlines. */
  createdAtMs: number;
  /** Taken over while it ran (`corral adopt`): it has no first process, and is over when its cgroup is empty. */
  adopted: boolean;
  /** It lives as long as any process of it does (`--wait-all`), and not as its first. */
  waitAll?: true;
  /** What runs when it has ended. */
  onEnd?: OnEnd;
  /** How its health is checked. */
  health?: HealthSpec;
  /** In whose room it runs; absent for a job outside of pools. */
  pool?: PoolPlace;
}

/** The place of a job in a pool's queue. */
export interface PoolPlace {
  name: string;
  /** Higher goes first. */
  priority: number;
  /** How often it may be queued again after a reboot of the node. */
  requeue: number;
}

/** A job in the queue. */
export interface QueueFacts {
  /** CLOCK_BOOTTIME in milliseconds when it was queued, of boot `bootId`. */
  queuedBootMs: number;
  bootId: string;
  /** CLOCK_BOOTTIME in milliseconds when it was given room; null while it waits. */
  admittedBootMs: number | null;
  /** How often it was given room and did not start. */
  failedStarts: number;
  /** How many jobs have passed it while it was the first. */
  passedBy: number;
  /** The `corral run` that waits for its turn; null for a detached job, which any corral starts. */
  waiter: Identity | null;
}

/** Who answers for a job, and how its cgroup is made: known from the moment its launch begins. */
export interface Watch {
  /** The process that launches and supervises it; its boot is the job's. */
  supervisor: Identity;
  backend: BackendName;
  /** How long it waited for room in its pool, in milliseconds; absent outside of pools. */
  queuedMs?: number;
  /** Of a job whose end a file reports. */
  receipt?: ReceiptPlace;
  /** The Slurm job in which it was started. */
  slurm?: SlurmJob;
}

/** The job's cgroup: path below the cgroup2 mount, with the inode it had when it was made. */
export interface CgroupRecord {
  path: string;
  inode: number;
}

/**
 * What a running job is known by. PGID and SID equal the pid: the launch begins a session. Of an adopted job, pid and PGID are those
 * of the process that was named first, and it may be gone.
 */
export interface RunningFacts {
  pid: number;
  startTicks: number;
  pgid: number;
  cgroup: CgroupRecord;
  startedAtMs: number;
  startedBootMs: number;
  /** CLOCK_BOOTTIME in milliseconds, or null without a timeout. */
  deadlineBootMs: number | null;
  /** Where its stdout and stderr go, an absolute path; absent when they are its caller's, and in records older than the column. */
  outputFile?: string;
}

/** How the command's first process left: exactly one of the two is set, or neither when no process saw it. */
export interface Exit {
  code: number | null;
  /** Number of the signal it died of. */
  signal: number | null;
}

/** How the first process left was not seen. */
export const NO_EXIT: Exit = { code: null, signal: null };

/** A process that outlived the kill deadline. */
export interface Survivor {
  pid: number;
  name: string;
  /** One letter of /proc/PID/stat, such as D. */
  state: string;
  wchan: string | null;
  /** What blocks it, in words. */
  because: string;
}

/** A process that holds a GPU after the end of the job that started it. */
export interface GpuHolder {
  pid: number;
  name: string;
  /** Nodes: `nvidia0`. */
  gpus: readonly string[];
}

/** The states. `ending` and `ended` keep the running facts when the job ever ran. */
export type Phase =
  | { state: "queued"; queue: QueueFacts }
  | { state: "starting" }
  | { state: "running"; run: RunningFacts }
  | {
    state: "ending";
    run: RunningFacts | null;
    reason: EndReason;
    endingAtMs: number;
    /** CLOCK_BOOTTIME in milliseconds; null in rows older than the column. */
    endingBootMs: number | null;
  }
  | {
    state: "ended";
    run: RunningFacts | null;
    reason: EndReason;
    /** The reason for which the job was ended, when `reason` is `unkillable`. */
    trigger: EndReason;
    exit: Exit;
    endedAtMs: number;
    usage: Usage | null;
    survivors: Survivor[];
  };

/** A job as the store knows it. */
export interface Job {
  spec: JobSpec;
  /** Null for a job that was never launched: it is queued, or ended in the queue. */
  watch: Watch | null;
  phase: Phase;
  /** What the last look at its health found; absent without a check, and before the first look. */
  health?: HealthState;
  /** The user in whose store it is, when root looks at everybody's; absent in the caller's own. */
  storeUid?: number;
}

/** The running facts of a job, whatever its state; null when it never ran. */
export function runningFacts(job: Job): RunningFacts | null {
  return "run" in job.phase ? job.phase.run : null;
}

/** True for a job that `corral ps` lists: not ended, or ended with processes left. */
export function isLive(job: Job): boolean {
  return job.phase.state !== "ended" || job.phase.survivors.length > 0;
}
