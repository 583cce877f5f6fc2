/**
 * Signals to a supervisor. Of INT, TERM, HUP and QUIT, the first asks for the end of the job and a second one skips the grace; CONT means
 * that the record has changed. Signals for the job: passed_signals.ts.
 */
import { readKernelText } from "../base/kernel_file.ts";
import { canHaveThread } from "./spawn.ts";
import { maskOf } from "./surroundings.ts";

const STOPPING = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;
type StoppingName = keyof typeof STOPPING;

/** The signals that ask `corral run` to end its job, and how often they came. */
export class StopSignals {
  /** Number of the first signal received. */
  received: number | null = null;
  readonly #hurry = new AbortController();
  #listener: () => void = () => {};

  /** Aborts at the second signal. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** Called at every signal. */
  onSignal(listener: () => void): void {
    this.#listener = listener;
  }

  /** As if the signal had come. */
  receive(signal: number): void {
    if (this.received === null) this.received = signal;
    else this.#hurry.abort();
    this.#listener();
  }

  /**
   * As listen(), for a command that does not need it: the runtime listens on threads, and aborts when it gets none. Without, a first ^C ends
   * this process as it is, and the job's guard or a sweep goes on. Between the question and the threads lies as little as can be: another
   * process may take the last place all the same, and then this command has begun nothing.
   */
  listenIfAble(procRoot: string): void {
    const ignored = ignoredSignals(procRoot);
    if (canHaveThread()) this.listen(ignored);
  }

  /** Starts to listen, and goes on ignoring the signals that were ignored when corral was started (nohup, background jobs of a script). */
  listen(ignored: readonly number[]): void {
    for (const name of Object.keys(STOPPING) as StoppingName[]) {
      // Deno 2.7.11, listening to one of the three, takes over the other two: without a listener they would end it.
      const ignore = ignored.includes(STOPPING[name]);
      Deno.addSignalListener(name, () => ignore || this.receive(STOPPING[name]));
    }
  }
}

/** Signals 1 to 31 that this process was started to ignore: SigIgn of /proc/self/status, read before any handler is set. */
export function ignoredSignals(procRoot: string): number[] {
  const mask = maskOf(readKernelText(`${procRoot}/self/status`), "SigIgn");
  const SIGPIPE = 13; // The runtime itself ignores it; its spawn gives the default back to the child.
  return Array.from({ length: 31 }, (_, index) => index + 1)
    .filter((signal) => signal !== SIGPIPE && (mask >> BigInt(signal - 1) & 1n) === 1n);
}

/** `corral set` sends SIGCONT after it has changed the record: harmless to a process that does not listen. */
export function onContinue(act: () => void): void {
  Deno.addSignalListener("SIGCONT", act);
}
