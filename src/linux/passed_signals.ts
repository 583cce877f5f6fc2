/**
 * Signals to a supervisor that are meant for the job: batch systems warn by USR1, USR2 or XCPU. The supervisor passes them on to the job's
 * first process, and survives them itself.
 */
import { openPidfd } from "./pidfd.ts";
import type { Procs } from "./proc.ts";
import { restoreDefault } from "./signal_action.ts";

/** The numbers of Linux on every architecture that Deno runs on. */
const PASSED = {
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGALRM: 14,
  SIGSTKFLT: 16,
  SIGXCPU: 24,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
} as const;
type PassedName = keyof typeof PASSED;

/** HUP, INT and QUIT: nohup(1) and shells without job control have a command ignore them, and mean all that it starts. */
const KEPT_IGNORED: readonly number[] = [1, 2, 3];
const SIGTERM = 15;
/** How many signals wait for a job; further ones are dropped. */
const MOST_WAITING = 64;

/** Has `act` called with the number of each real-time signal that arrives. */
export type RealTimeSource = (act: (signal: number) => void) => void;

let realTimeSource: RealTimeSource = () => {};

/** The main program has real-time signals passed on too. */
export function passRealTimeSignals(source: RealTimeSource): void {
  realTimeSource = source;
}

/** Of the signals that the caller ignored, the ones the job ignores too. To everything else the job has the default action. */
export function keptIgnored(ignored: readonly number[]): number[] {
  return ignored.filter((signal) => KEPT_IGNORED.includes(signal));
}

/** Signals on their way to a job; what comes before it runs waits for it. */
export class PassedSignals {
  #waiting: number[] = [];
  #send: ((signal: number) => void) | null = null;

  /** Starts to listen. Signals that the caller ignored are not passed on, as from a shell. */
  listen(ignored: readonly number[]): void {
    const unheard = ignored.filter((signal) =>
      ![...KEPT_IGNORED, SIGTERM, ...Object.values<number>(PASSED)].includes(signal)
    );
    if (unheard.length > 0) attempt(() => restoreDefault(...unheard));
    for (const name of Object.keys(PASSED) as PassedName[]) {
      const ignore = ignored.includes(PASSED[name]);
      Deno.addSignalListener(name, () => ignore || this.receive(PASSED[name]));
    }
    attempt(() => realTimeSource((signal) => this.receive(signal)));
  }

  /** As if the signal had come. */
  receive(signal: number): void {
    if (this.#send !== null) this.#send(signal);
    else if (this.#waiting.length < MOST_WAITING) this.#waiting.push(signal);
  }

  /** Sends the waiting signals there, then each new one at once. */
  sendTo(send: (signal: number) => void): void {
    this.#send = send;
    for (const signal of this.#waiting.splice(0)) send(signal);
  }
}

/** Signals that very process, never a later one with its pid. A process that is gone, or not this user's to signal, gets nothing. */
export function toProcess(
  { pid, startTicks }: { pid: number; startTicks: number },
  procs: Procs,
): (signal: number) => void {
  return (signal) =>
    attempt(() => {
      using held = openPidfd(pid, procs);
      if (held !== null && procs.stat(pid)?.startTicks === startTicks) held.signal(signal);
    });
}

/** A signal that cannot be passed on is lost, as it is for a process that ignores it; the supervision goes on. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // No libc.so.6, a process of another user.
  }
}
