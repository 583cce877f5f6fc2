/**
 * A store whose file system may stop answering. A process of its own makes the calls, a thread hands them on, and the caller waits for each
 * no longer than it likes. A thread alone would not do: a process that has a file open there is not over before the file is closed.
 *
 * The caller sleeps on a shared word until the thread has answered. A call that is given up before the thread has taken it is not made.
 */
import { SERVE_STORE } from "../base/called_by_itself.ts";
import { CorralError, StoreError } from "../base/errors.ts";

/** Words of the shared memory: the number of the last call answered, of the last one given up, and the length of the answer. */
export const WORD = { ANSWERED: 0, GIVEN_UP: 1, LENGTH: 2, COUNT: 3 } as const;
/** Room for an answer. Memory that is not written to costs nothing. */
const ANSWER_BYTES = 8 << 20;
const HEAD_BYTES = 64;

/** What the thread is started with. */
export interface RemoteStart {
  shared: SharedArrayBuffer;
  place: RemotePlace;
  /** Command line of the process that makes the calls. */
  argv: readonly string[];
}

/** The file, and the command that writes. */
export interface RemotePlace {
  directory: string;
  fileName: string;
  actor: string;
}

/** One call. */
export interface RemoteCall {
  number: number;
  name: string;
  args: unknown[];
}

/** An error of the process: what it was, for a caller that tells them apart. */
export interface RemoteError {
  kind: "trust" | "store" | "other";
  message: string;
  remedy: string | null;
}

/** Its answer: the result, or the words of the error. */
export type RemoteAnswer = { result: unknown } | { error: string; thrown?: RemoteError };

/** The shared memory, seen from both sides. */
export function views(shared: SharedArrayBuffer): { words: Int32Array; answer: Uint8Array } {
  return { words: new Int32Array(shared, 0, WORD.COUNT), answer: new Uint8Array(shared, HEAD_BYTES) };
}

/** An error that the process answered with. */
export class RemoteFailure extends CorralError {
  constructor(text: string, readonly thrown: RemoteError | null) {
    super(text);
  }
}

/** How the calls are made, where not as usual. */
interface RemoteOptions {
  argv?: readonly string[] | undefined;
  answerBytes?: number;
}

/** The calls, one after the other. */
export class RemoteCalls {
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #answer: Uint8Array;
  readonly #place: RemotePlace;
  #number = 0;

  constructor(
    place: RemotePlace,
    { argv = [Deno.execPath(), SERVE_STORE], answerBytes = ANSWER_BYTES }: RemoteOptions = {},
  ) {
    const shared = new SharedArrayBuffer(HEAD_BYTES + answerBytes);
    ({ words: this.#words, answer: this.#answer } = views(shared));
    this.#place = place;
    this.#worker = startWorker();
    this.#worker.onerror = (event) => event.preventDefault();
    this.#worker.postMessage({ shared, place, argv } satisfies RemoteStart);
  }

  /** True while the last call has no answer. */
  get isBehind(): boolean {
    return Atomics.load(this.#words, WORD.ANSWERED) < this.#number;
  }

  /** Ends the thread. */
  close(): void {
    this.#worker.terminate();
  }

  /** The result. Throws RemoteFailure, and StoreError when there is no answer in time. */
  call(name: string, args: unknown[], waitMs: number): unknown {
    const number = this.post(name, args);
    const until = performance.now() + waitMs;
    for (;;) {
      const answered = Atomics.load(this.#words, WORD.ANSWERED);
      if (answered === number) return this.#result();
      const leftMs = until - performance.now();
      if (leftMs <= 0) break;
      Atomics.wait(this.#words, WORD.ANSWERED, answered, leftMs);
    }
    Atomics.store(this.#words, WORD.GIVEN_UP, number);
    throw noAnswer(this.#place);
  }

  /** Does not wait for the answer. */
  post(name: string, args: unknown[]): number {
    const call: RemoteCall = { number: ++this.#number, name, args };
    this.#worker.postMessage(call);
    return call.number;
  }

  #result(): unknown {
    const text = new TextDecoder().decode(this.#answer.slice(0, Atomics.load(this.#words, WORD.LENGTH)));
    const answer: RemoteAnswer = JSON.parse(text);
    if (!("error" in answer)) return answer.result;
    throw new RemoteFailure(answer.error, answer.thrown ?? null);
  }
}

/** The store's file system lets the caller wait. */
export function noAnswer({ directory, fileName }: RemotePlace): StoreError {
  return new StoreError("does not answer", {
    path: `${directory}/${fileName}`,
    remedy: "see its file system",
  });
}

function startWorker(): Worker {
  return new Worker(new URL(workerModule(import.meta.url), import.meta.url), { type: "module" });
}

/** The bundle keeps the place of its entries below src/, and puts all else into one directory. */
function workerModule(here: string): string {
  return here.endsWith(".ts") ? "./store_worker.ts" : "./store/store_worker.js";
}
