/** Reads processes from /proc, and sends signals to them. Every pid is a claim that is checked against its start time. */
import { readKernelText } from "../base/kernel_file.ts";
import { ParseError } from "../base/errors.ts";
import { isForbidden, isVanished } from "../base/errno.ts";
import type { Identity } from "../job/job.ts";
import type { Signal } from "../value/signal.ts";
import { killByNumber, probe } from "./libc.ts";
import { isSinglePid } from "./pid.ts";

const LAST_STANDARD_SIGNAL = 31;
/** Of the flags in /proc/PID/stat (include/linux/sched.h; the same since 2.6.27). */
const PF_EXITING = 0x0000_0004;
const PF_KTHREAD = 0x0020_0000;

/** The fields of /proc/PID/stat that corral uses (proc_pid_stat(5)). */
export interface ProcStat {
  pid: number;
  /** At most 15 bytes, anything the process likes. */
  name: string;
  state: string;
  ppid: number;
  pgid: number;
  session: number;
  /** Device number of its controlling terminal; 0 without one. */
  terminal?: number;
  kernelThread: boolean;
  /** On its way out or a zombie: its memory is given up, and its command line with it. */
  exiting: boolean;
  /** utime + stime in clock ticks. */
  cpuTicks: number;
  /** A process whose main thread has ended looks like a zombie and has others. */
  threads: number;
  startTicks: number;
  /** Resident set in pages. */
  residentPages: number;
}

/**
 * True once no thread of the process runs. A main thread that has ended by pthread_exit(3) looks like a zombie while the other threads, and
 * so the process, live.
 */
export function hasEnded({ state, threads }: Pick<ProcStat, "state" | "threads">): boolean {
  return "ZXx".includes(state) && threads <= 1;
}

/**
 * What is known of a recorded process. `hidden`: a process has its pid and shows nothing of itself (hidepid), so it may be the recorded one.
 * `anothers`: the same, and it is another user's. `unknown`: its pid is a number of another PID namespace. All three count as alive.
 */
export type Liveness = "alive" | "gone" | "hidden" | "anothers" | "unknown";

/** Parses /proc/PID/stat. The name may hold spaces, brackets and newlines: the last `)` ends it. Throws ParseError. */
export function parseStat(text: string, path: string): ProcStat {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const rest = text.slice(close + 2).trim().split(" ");
  // `rest` begins with field 3 of the manual page.
  const field = (number: number): number => {
    const value = Number(rest[number - 3]);
    if (!Number.isFinite(value)) throw new ParseError(`has no field ${number}`, { path });
    return value;
  };
  if (open < 0 || close < open) throw new ParseError("has no (name)", { path });
  return {
    pid: Number(text.slice(0, open).trim()),
    name: text.slice(open + 1, close),
    state: rest[0] ?? "?",
    ppid: field(4),
    pgid: field(5),
    session: field(6),
    terminal: field(7),
    kernelThread: (field(9) & PF_KTHREAD) !== 0,
    exiting: (field(9) & PF_EXITING) !== 0,
    cpuTicks: field(14) + field(15),
    threads: field(20),
    startTicks: field(22),
    residentPages: field(24),
  };
}

/** The cgroup2 path in the text of /proc/PID/cgroup: the line `0::PATH` (cgroups(7)); null without cgroup2. */
export function parseCgroupPath(text: string): string | null {
  const line = text.split("\n").find((candidate) => candidate.startsWith("0::"));
  return line === undefined ? null : line.slice(3).replace(/ \(deleted\)$/, "");
}

/** The /proc of a node: reads, and signals to processes whose identity was just checked. */
export class Procs {
  #pidNamespace: number | null | undefined;
  #isOwn: boolean | undefined;

  /**
   * @param root such as /proc
   * @param asks what kill(2) answers of a pid that `root` does not show; by default it is taken for gone
   */
  constructor(readonly root: string, readonly asks: typeof probe = () => "none") {}

  /** Inode of this process's own PID namespace; null where /proc does not show it. */
  get pidNamespace(): number | null {
    return this.#pidNamespace ??= inodeOf(`${this.root}/self/ns/pid`);
  }

  /** False where this /proc belongs to another PID namespace than corral: its numbers must not go into a system call. */
  get isOwn(): boolean {
    return this.#isOwn ??= ["", String(Deno.pid)].includes(linkOf(`${this.root}/self`));
  }

  /** The pids of all processes that this user may see (hidepid hides the others), in ascending order. */
  pids(): number[] {
    return [...Deno.readDirSync(this.root)].map(({ name }) => name).filter((name) => /^\d+$/.test(name))
      .map(Number).sort((a, b) => a - b);
  }

  /** A file of a process, or null when the process is gone. Throws on anything else. */
  read(pid: number, file: string): string | null {
    try {
      return readKernelText(`${this.root}/${pid}/${file}`);
    } catch (error) {
      if (isVanished(error)) return null;
      throw error;
    }
  }

  /** A file that another user's process may hide; null when gone or hidden. */
  readIfAllowed(pid: number, file: string): string | null {
    try {
      return this.read(pid, file);
    } catch {
      return null;
    }
  }

  stat(pid: number): ProcStat | null {
    const text = this.read(pid, "stat");
    return text === null ? null : parseStat(text, `${this.root}/${pid}/stat`);
  }

  /** As `stat`, but null also for a process that hidepid=1 shows nothing of (proc(5)). */
  statIfShown(pid: number): ProcStat | null {
    try {
      return this.stat(pid);
    } catch (error) {
      if (isForbidden(error)) return null;
      throw error;
    }
  }

  /** Every process that is shown. Some 20 us each. */
  stats(): ProcStat[] {
    const pids = [...Deno.readDirSync(this.root)].map(({ name }) => name).filter((name) =>
      /^\d+$/.test(name)
    );
    return pids.map((pid) => this.statIfShown(Number(pid))).filter((stat) => stat !== null);
  }

  /** Identity of a live process; null when there is none. */
  identify(pid: number, bootId: string): Identity | null {
    const stat = this.stat(pid);
    return stat === null
      ? null
      : { pid, startTicks: stat.startTicks, bootId, pidNamespace: this.pidNamespace };
  }

  /** True while that very process is known to live: same pid, same start time, same boot, same PID namespace. */
  isAlive(identity: Identity, bootId: string): boolean {
    return this.liveness(identity, bootId) === "alive";
  }

  /** What is known of that very process. */
  liveness(identity: Identity, bootId: string): Liveness {
    if (!isSameNamespace(identity.pidNamespace, this.pidNamespace)) return "unknown";
    if (identity.bootId !== bootId) return "gone";
    const stat = this.statIfShown(identity.pid);
    if (stat !== null) return stat.startTicks === identity.startTicks && !hasEnded(stat) ? "alive" : "gone";
    // Vanished or hidden: kill(2) tells them apart.
    const answer = this.asks(identity.pid);
    return answer === "none" ? "gone" : answer === "mine" ? "hidden" : "anothers";
  }

  /** cgroup2 path of a process; null when it is gone. */
  cgroupPath(pid: number): string | null {
    const text = this.read(pid, "cgroup");
    return text === null ? null : parseCgroupPath(text);
  }

  /**
   * The directory of another thread of a process whose main thread has ended (pthread_exit(3)) and shows no memory any more; null for any
   * other process.
   */
  threadInPlaceOfMain(pid: number): string | null {
    try {
      const stat = this.statIfShown(pid);
      if (stat === null || !stat.exiting || hasEnded(stat)) return null;
      const tasks = `${this.root}/${pid}/task`;
      const other = [...Deno.readDirSync(tasks)].find(({ name }) => name !== String(pid));
      return other === undefined ? null : `${tasks}/${other.name}`;
    } catch {
      return null;
    }
  }

  /** As `cgroupPath`; null also when it is hidden (hidepid). */
  cgroupPathIfShown(pid: number): string | null {
    return parseCgroupPath(this.readIfAllowed(pid, "cgroup") ?? "");
  }

  /** Real uid of a process; null when it is gone. */
  uid(pid: number): number | null {
    const match = /^Uid:\t(\d+)/m.exec(this.readIfAllowed(pid, "status") ?? "");
    return match ? Number(match[1]) : null;
  }

  /**
   * Sends a signal to a process whose membership of a cgroup (at or below `cgroupPath`) is read just before.
   * False when the process is gone or elsewhere. Throws when the kernel refuses (EPERM: another user's process).
   */
  signalIn(cgroupPath: string, pid: number, signal: Signal): boolean {
    return this.isIn(cgroupPath, pid) && this.#send(pid, signal);
  }

  /** True for a process at or below that cgroup, as of now. */
  isIn(cgroupPath: string, pid: number): boolean {
    const now = this.cgroupPath(pid);
    return now !== null && `${now}/`.startsWith(`${cgroupPath}/`);
  }

  /**
   * Sends a signal to a process that was just listed in a cgroup which is frozen throughout: it can neither leave nor end, so the list is
   * its identity. False when something killed it nevertheless. Throws when the kernel refuses (EPERM: another user's process).
   */
  signalFrozen(pid: number, signal: Signal): boolean {
    return this.#send(pid, signal);
  }

  /** Sends a signal to one identified process; false when it is gone. */
  signal(identity: Identity, bootId: string, signal: Signal): boolean {
    return this.isAlive(identity, bootId) && this.#send(identity.pid, signal);
  }

  #send(pid: number, signal: Signal): boolean {
    if (!isSinglePid(pid) || !this.isOwn) return false;
    try {
      // Deno.kill knows no real-time signals (2.7.11).
      if (signal.number > LAST_STANDARD_SIGNAL) return killByNumber(pid, signal.number);
      Deno.kill(pid, `SIG${signal.name}` as Deno.Signal);
      return true;
    } catch (error) {
      if (isVanished(error)) return false;
      throw error;
    }
  }
}

/** Two PID namespaces differ only when both are known. */
export function isSameNamespace(one: number | null | undefined, other: number | null): boolean {
  return one === null || one === undefined || other === null || one === other;
}

function inodeOf(path: string): number | null {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return null;
  }
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}
