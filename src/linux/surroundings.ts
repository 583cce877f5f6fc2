/**
 * Corrects what a process inherits from its caller besides arguments and environment: every verb runs this first, and relies on it.
 *
 * - SIGCHLD: ignored by the caller (Perl, Celery, some shells' scripts), it would have the kernel reap corral's children unseen.
 * - Blocked signals: corral and its job would be deaf to TERM. Only the main thread's mask is cleared, which is enough: the kernel gives
 *   a process's signal to any thread that does not block it, and the runtime starts children from the main thread.
 * - SIGXFSZ: at a limit for the size of files (ulimit -f), a write to the store must fail, not kill the supervisor. A handler that does
 *   nothing is set instead of "ignore": an exec gives the default back.
 * - Descriptors above 2: marked close-on-exec, so that no child holds the lock (flock -n 9) or the pipe of corral's caller.
 * - The umask: one that takes the owner's own rights (`umask 777`) would have corral make a store and cgroups that it cannot enter. The job
 *   gets the caller's back.
 */
import { readKernelText } from "../base/kernel_file.ts";
import { libc } from "./libc.ts";
import { doNothingOn, restoreDefault } from "./signal_action.ts";

/** close_range(2), Linux 5.9 with flags since 5.11; the same number on every architecture. */
const SYS_CLOSE_RANGE = 436n;
const CLOSE_RANGE_CLOEXEC = 4n;
const FIRST_OF_CALLER = 3n;
const LAST_DESCRIPTOR = 0xffff_ffffn;
/** fcntl(2). */
const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1n;
/** sigprocmask(2), on every architecture that Deno runs on. */
const SIG_SETMASK = 2;
/** sizeof(sigset_t) of glibc. */
const SIGSET_BYTES = 128;
const SIGCHLD = 17;
const SIGXFSZ = 25;

/** What a umask must not take from the owner. */
const OWNERS = 0o700;

let calledWithUmask: number | null = null;

/** What the job gets. */
export function umaskOfCaller(): number {
  return calledWithUmask ?? Deno.umask();
}

/** What needs correcting, from the text of /proc/self/status. Pure. */
export function inherited(status: string): { ignoresChild: boolean; blocks: boolean } {
  return {
    ignoresChild: (maskOf(status, "SigIgn") >> BigInt(SIGCHLD - 1) & 1n) === 1n,
    blocks: maskOf(status, "SigBlk") !== 0n,
  };
}

/** One of the masks of /proc/PID/status (proc_pid_status(5)); bit 0 is signal 1. 0 where the kernel does not show it. */
export function maskOf(status: string, field: "SigIgn" | "SigBlk"): bigint {
  return BigInt(`0x${new RegExp(`^${field}:\\t([0-9a-f]+)`, "m").exec(status)?.[1] ?? "0"}`);
}

/** Makes them known. Never throws: with another C library corral runs as well as it can. */
export function settleSurroundings(procRoot: string): void {
  settleUmask();
  try {
    const text = (name: string) => readKernelText(`${procRoot}/self/${name}`);
    // Not by a listener of the runtime: with the first, it takes over HUP, INT and TERM too, and that they were ignored would be lost.
    doNothingOn(SIGXFSZ);
    const { ignoresChild, blocks } = inherited(text("status"));
    if (ignoresChild) restoreDefault(SIGCHLD);
    if (blocks) unblockAll();
    closeOnExec(procRoot);
  } catch {
    // No libc.so.6, no /proc: later code that needs them reports it.
  }
}

function settleUmask(): void {
  calledWithUmask = Deno.umask();
  if ((calledWithUmask & OWNERS) !== 0) Deno.umask(calledWithUmask & ~OWNERS);
}

/** Of the calling thread, which is the main one. */
export function unblockAll(): void {
  libc().pthread_sigmask(SIG_SETMASK, new Uint8Array(SIGSET_BYTES), null);
}

/** The runtime's own descriptors are close-on-exec already. */
function closeOnExec(procRoot: string): void {
  const result = libc().syscall(SYS_CLOSE_RANGE, FIRST_OF_CALLER, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC, 0n);
  if (Number(result) === 0) return;
  // Before Linux 5.11, or behind a container's filter.
  for (const { name } of Deno.readDirSync(`${procRoot}/self/fd`)) {
    const descriptor = Number(name);
    if (descriptor < FIRST_OF_CALLER) continue;
    const flags = libc().fcntl(descriptor, F_GETFD, 0n);
    if (flags >= 0) libc().fcntl(descriptor, F_SETFD, BigInt(flags) | FD_CLOEXEC);
  }
}
