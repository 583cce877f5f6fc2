/** What the kernel calls when a signal arrives: functions of libc, as no code of this program may run at that moment. */
import { libc } from "./libc.ts";

/** struct sigaction of glibc for 64 bits: handler, mask of 128 bytes, flags, restorer. */
const ACTION_BYTES = 152;
const FLAGS_AT = 136;
const SA_SIGINFO = 0x4;
const SA_ONSTACK = 0x0800_0000;
const SA_RESTART = 0x1000_0000;

/**
 * Has the signal call `handler(signal, siginfo)`. Unlike "ignore", which a child inherits, a handler gives way to the default action at an
 * exec.
 */
export function handleBy(handler: "eventfd_write" | "getpid", signal: number): void {
  const address = libc()[handler];
  const view = new DataView(new ArrayBuffer(ACTION_BYTES));
  view.setBigUint64(0, BigInt(Deno.UnsafePointer.value(address)), true);
  view.setInt32(FLAGS_AT, SA_SIGINFO | SA_ONSTACK | SA_RESTART, true);
  libc().sigaction(signal, new Uint8Array(view.buffer), null);
}

/** Has the signal do nothing to this process, and what it does by default to its children. */
export function doNothingOn(signal: number): void {
  handleBy("getpid", signal);
}

/** Gives signals their default action. */
export function restoreDefault(...signals: readonly number[]): void {
  for (const signal of signals) libc().signal(signal, null);
}
