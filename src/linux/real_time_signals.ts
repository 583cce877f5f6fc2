/**
 * Real-time signals to this process, which the runtime cannot listen to (2.7.11). signalfd(2) does not do either: each thread of the runtime
 * would have to block them, and the threads exist before the first line of this program runs.
 *
 * So their handler is a function of libc that is safe in a handler and leaves a trace: eventfd_write(fd, value) is called as
 * handler(signal, siginfo), and finds an eventfd under the very number of the signal. One poll(2) on a thread of its own waits for all.
 * Several of one signal that come together are one.
 *
 * Signals 32 and 33 are glibc's own and stay as they are: sent from elsewhere, they end any process that does not use them.
 */
import { pause } from "../base/poll.ts";
import { libc } from "./libc.ts";
import { handleBy } from "./signal_action.ts";

/** SIGRTMIN and SIGRTMAX of glibc. */
const FIRST = 34;
const LAST = 64;
/**
 * The kernel's first table of descriptors ends before this one (NR_OPEN_DEFAULT on 64 bits). To grow it, a process with threads waits for
 * an RCU grace period: 10 to 20 ms.
 */
const BEYOND_FIRST_TABLE = 64;
/** open(2): eventfd(2) takes the same. */
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
/** fcntl(2): the lowest free descriptor from a number on. */
const F_DUPFD_CLOEXEC = 1030;
/** poll(2). */
const POLLIN = 1;
const ENTRY_BYTES = 8;
const FOR_EVER = -1;
/** After an error of poll(2) itself. */
const RETRY_MS = 1_000;

/**
 * Calls `act` with the number of each real-time signal that arrives. A signal whose number is in use as a descriptor, or beyond the limit
 * of descriptors, goes unseen, and does no harm. Throws where libc lacks a function.
 */
export function onRealTimeSignals(act: (signal: number) => void): void {
  const seen: number[] = [];
  for (let signal = FIRST; signal < BEYOND_FIRST_TABLE; signal++) {
    const placed = placeEventfd(signal, (opened) => libc().fcntl(opened, F_DUPFD_CLOEXEC, BigInt(signal)));
    if (handleAt(placed, signal)) seen.push(signal);
  }
  void placeRest().then((rest) => watch([...seen, ...rest], act));
}

/** The others, while the caller goes on. They are ignored until each has its place. */
async function placeRest(): Promise<number[]> {
  const seen: number[] = [];
  for (let signal = BEYOND_FIRST_TABLE; signal <= LAST; signal++) {
    handleBy("getpid", signal);
    const placed = await placeEventfd(
      signal,
      (opened) => libc().fcntlAside(opened, F_DUPFD_CLOEXEC, BigInt(signal)),
    );
    if (handleAt(placed, signal)) seen.push(signal);
  }
  return seen;
}

/** Where a new eventfd is: as near above `wanted` as `duplicate` can have it, if it is not there from the start; -1 where none can be had. */
function placeEventfd<T extends number | Promise<number>>(
  wanted: number,
  duplicate: (opened: number) => T,
): T | number {
  const opened = libc().eventfd(0, O_CLOEXEC | O_NONBLOCK);
  if (opened < 0 || opened === wanted) return opened;
  const placed = duplicate(opened);
  const close = () => libc().close(opened);
  if (typeof placed === "number") close();
  else void placed.then(close, close);
  return placed;
}

/** True when the eventfd got the very number of the signal; in another place it is of no use. */
function handleAt(placed: number, signal: number): boolean {
  const isPlaced = placed === signal;
  if (!isPlaced && placed >= 0) libc().close(placed);
  handleBy(isPlaced ? "eventfd_write" : "getpid", signal);
  return isPlaced;
}

async function watch(signals: readonly number[], act: (signal: number) => void): Promise<void> {
  const entries = new DataView(new ArrayBuffer(signals.length * ENTRY_BYTES));
  signals.forEach((signal, index) => {
    entries.setInt32(index * ENTRY_BYTES, signal, true);
    entries.setInt16(index * ENTRY_BYTES + 4, POLLIN, true);
  });
  const value = new Uint8Array(8);
  for (;;) {
    const count = await libc().pollAside(new Uint8Array(entries.buffer), BigInt(signals.length), FOR_EVER);
    if (count < 0) await pause(RETRY_MS);
    if (count <= 0) continue;
    signals.forEach((signal, index) => {
      if ((entries.getInt16(index * ENTRY_BYTES + 6, true) & POLLIN) === 0) return;
      libc().eventfd_read(signal, value);
      act(signal);
    });
  }
}
