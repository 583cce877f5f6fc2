/**
 * Signals to one process that cannot hit another: a pidfd (pidfd_open(2), Linux 5.3) refers to one process for ever;
 * once that is gone, to nothing, even if the pid is reused. Opened first and checked afterwards, it is certain to be the process that was
 * checked.
 */
import { CorralError } from "../base/errors.ts";
import { killByNumber, libc, withErrno } from "./libc.ts";
import { isSinglePid } from "./pid.ts";
import type { Procs } from "./proc.ts";

/** New system calls have the same number on every architecture (since Linux 5.1). */
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;

/** errno(3), as on every architecture that Deno runs on. */
const EPERM = 1;
const ENOENT = 2;
const ESRCH = 3;
const EINVAL = 22;
const ENOSYS = 38;

/** poll(2): a pidfd is readable from the moment its process has exited, zombie or not. */
const POLLIN = 1;

/** One process, held so that no other can be hit in its place. Dispose of it: it holds a file descriptor. */
export interface Pidfd extends Disposable {
  readonly pid: number;
  /** The descriptor; absent where the kernel has no pidfd. */
  readonly descriptor?: number;
  /** Sends signal `number` (0 only asks); false when the process is gone. Throws NotPermittedError (EPERM), CorralError. */
  signal(number: number): boolean;
  /** True once it has ended, reaped or not. */
  hasExited(): boolean;
}

/** The kernel does not let this user signal that process. */
export class NotPermittedError extends CorralError {}

/**
 * Opens the process that has this pid now; null when there is none. The caller still has to look whether it is the one that is meant:
 * start time, boot id. Throws CorralError (EMFILE and the like).
 *
 * Where the kernel has no pidfd_open (before 5.3) or a container's seccomp filter hides it (EPERM, which pidfd_open(2) itself never
 * gives), the result is a pid whose start time is compared right before each signal: between the two, microseconds, the pid could be
 * given to another.
 */
export function openPidfd(pid: number, procs: Procs): Pidfd | null {
  if (!isSinglePid(pid)) throw new RangeError(`Cannot open process ${pid}: not a pid`);
  if (!procs.isOwn) {
    throw new CorralError(`${procs.root} shows another PID namespace: its pids are not corral's`);
  }
  const { result, errno } = systemCall(SYS_PIDFD_OPEN, pid, 0);
  if (result >= 0) return new KernelPidfd(pid, result);
  // EINVAL, since 6.15 ENOENT: by now it is the id of another process's thread.
  if ([ESRCH, EINVAL, ENOENT].includes(errno)) return null;
  if (errno === ENOSYS || errno === EPERM) return openChecked(pid, procs);
  throw new CorralError(`cannot open process ${pid}: pidfd_open: errno ${errno}`);
}

class KernelPidfd implements Pidfd {
  #open = true;

  constructor(readonly pid: number, readonly descriptor: number) {}

  signal(number: number): boolean {
    if (!this.#open) throw new TypeError(`Cannot signal process ${this.pid}: its pidfd is closed`);
    const { result, errno } = systemCall(SYS_PIDFD_SEND_SIGNAL, this.descriptor, number);
    if (result >= 0) return true;
    if (errno === ESRCH) return false;
    throw refusal(this.pid, number, errno);
  }

  hasExited(): boolean {
    if (!this.#open) throw new TypeError(`Cannot look at process ${this.pid}: its pidfd is closed`);
    const entry = new DataView(new ArrayBuffer(8));
    entry.setInt32(0, this.descriptor, true);
    entry.setInt16(4, POLLIN, true);
    return libc().poll(entry.buffer, 1n, 0) > 0;
  }

  [Symbol.dispose](): void {
    // A second close could hit a descriptor opened meanwhile.
    if (this.#open) libc().close(this.descriptor);
    this.#open = false;
  }
}

/** Without pidfds. Exported for its test; see openPidfd(). */
export function openChecked(pid: number, procs: Procs): Pidfd | null {
  // The boot id is not compared: a handle ends with its boot.
  const identity = procs.identify(pid, "");
  if (identity === null) return null;
  const lives = () => procs.isAlive(identity, "");
  return {
    pid,
    signal: (number) => {
      if (!lives()) return false;
      if (killByNumber(pid, number)) return true;
      if (!lives()) return false;
      throw refusal(pid, number, EPERM);
    },
    hasExited: () => !lives(),
    [Symbol.dispose]: () => {},
  };
}

function refusal(pid: number, number: number, errno: number): CorralError {
  return errno === EPERM
    ? new NotPermittedError(`process ${pid} belongs to another user: the kernel refuses signal ${number}`)
    : new CorralError(`cannot send signal ${number} to process ${pid}: errno ${errno}`);
}

function systemCall(number: number, first: number, second: number): { result: number; errno: number } {
  const { result, errno } = withErrno(() =>
    libc().syscall(BigInt(number), BigInt(first), BigInt(second), 0n, 0n)
  );
  return { result: Number(result), errno };
}
