import type { Check } from "./health.ts";
import type { EndReason, Exit } from "./job.ts";
import type { CpuTimeSeen } from "./time_limits.ts";

/** An end that was asked for. */
export interface EndRequested {
  skipGrace: boolean;
  /** Default: killed. */
  reason?: EndReason;
}

/** What an observer saw of a job at one moment: a plain value, which reads nothing when it is looked at. */
export interface Observation {
  /** CLOCK_BOOTTIME in milliseconds. */
  bootMs: number;
  /**
   * From where it was looked at. `other-namespace`: its pids are those of another PID namespace, and mean nothing here. `other-boot`: what
   * is recorded is there, and only the boot id is another, as in a container that has one of its own.
   */
  vantage: "here" | "other-namespace" | "other-boot";
  /** False after a reboot: then no pid and no cgroup of the record means anything. */
  sameBoot: boolean;
  /** `foreign`: something lies at the recorded path that is not the cgroup that was made for the job. */
  cgroup: "populated" | "empty" | "gone" | "foreign";
  /** Is it the observer itself, another live process, or gone? */
  supervisor: "self" | "alive" | "gone";
  /** The command's first process; `exit` only when the observer is its parent. */
  leader: { alive: true } | { alive: false; exit: Exit | null };
  /** Of a job with a limit of it; null for any other, and where the kernel does not report it. */
  cpuTime: CpuTimeSeen | null;
  /** The check of its health for which it is to be ended; null for a job that is well, or cannot be judged. */
  unhealthy: Check | null;
  /** Processes of the job that the kernel killed for memory; 0 when it does not count them. */
  oomKills: number;
  /** The end was asked for. */
  endRequest: EndRequested | null;
  /** A live job whose supervisor is gone. */
  onOrphan: "kill" | "keep";
  /** The owner has called the job finished, as often as it takes. */
  finishedByOwner: boolean;
  /** It was started in a job that has ended since, or is ending: what died with that one did not exit by itself. */
  outerEnded: boolean;
  /** Its guard killed it, after its supervisor, without a corral that could record it. */
  killedByGuard: boolean;
  /** The process that called `corral run --with-parent` is gone. Only the job's supervisor can tell. */
  callerGone: boolean;
  /** How long ago the supervisor started, by the clock that does not step; in milliseconds. */
  supervisorAgeMs: number;
}
