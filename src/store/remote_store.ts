/**
 * A store whose file system may stop answering. A process of its own makes the calls, a thread hands them on, and the caller waits for each
 * no longer than it likes. A thread alone would not do: a process that has a file open there is not over before the file is closed.
 *
 * The caller sleeps on a shared word until the thread has answered. A call that is given up before the thread has taken it is not made.
 */
import { CorralError, StoreError } from "../base/errors.ts";
import type { StorePort } from "./unwritten.ts";

/** Words of the shared memory: the number of the last call answered, of the last one given up, and the length of the answer. */
export const WORD = { ANSWERED: 0, GIVEN_UP: 1, LENGTH: 2, COUNT: 3 } as const;
/** Room for an answer. Memory that is not written to costs nothing. */
const ANSWER_BYTES = 8 << 20;
const HEAD_BYTES = 64;

/** The first word of the command line of the process. */
export const SERVE_STORE = "_store";

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
  name: keyof StorePort;
  args: unknown[];
}

/** Its answer: the result, or the words of the error. */
export type RemoteAnswer = { result: unknown } | { error: string };

/** The shared memory, seen from both sides. */
export function views(shared: SharedArrayBuffer): { words: Int32Array; answer: Uint8Array } {
  return { words: new Int32Array(shared, 0, WORD.COUNT), answer: new Uint8Array(shared, HEAD_BYTES) };
}

/** Every method may throw StoreError, also because the thread has not answered in time. */
export class RemoteStore implements StorePort {
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #answer: Uint8Array;
  readonly #path: string;
  #waitMs = 0;
  #number = 0;

  constructor(place: RemotePlace, argv: readonly string[] = [Deno.execPath(), SERVE_STORE]) {
    const shared = new SharedArrayBuffer(HEAD_BYTES + ANSWER_BYTES);
    ({ words: this.#words, answer: this.#answer } = views(shared));
    this.#path = `${place.directory}/${place.fileName}`;
    this.#worker = startWorker();
    this.#worker.onerror = (event) => event.preventDefault();
    this.#worker.postMessage({ shared, place, argv } satisfies RemoteStart);
  }

  waitAtMost(waitMs: number): void {
    this.#waitMs = waitMs;
  }

  insert(...args: Parameters<StorePort["insert"]>): void {
    this.#call("insert", args);
  }

  isTaken(...args: Parameters<StorePort["isTaken"]>): boolean {
    return this.#call("isTaken", args) as boolean;
  }

  markRunning(...args: Parameters<StorePort["markRunning"]>): boolean {
    return this.#call("markRunning", args) as boolean;
  }

  claimEnding(...args: Parameters<StorePort["claimEnding"]>): ReturnType<StorePort["claimEnding"]> {
    return this.#call("claimEnding", args) as ReturnType<StorePort["claimEnding"]>;
  }

  markEnded(...args: Parameters<StorePort["markEnded"]>): boolean {
    return this.#call("markEnded", args) as boolean;
  }

  setSurvivors(...args: Parameters<StorePort["setSurvivors"]>): void {
    this.#call("setSurvivors", args);
  }

  addEvents(...args: Parameters<StorePort["addEvents"]>): void {
    this.#call("addEvents", args);
  }

  /** Not waited for: samples are saved again. While the thread is behind, none are sent. */
  saveSampled(id: string, { samples, peaks }: Parameters<StorePort["saveSampled"]>[1]): void {
    if (Atomics.load(this.#words, WORD.ANSWERED) < this.#number) throw this.#noAnswer();
    this.#post("saveSampled", [id, { samples, peaks }]);
  }

  sampled(...args: Parameters<StorePort["sampled"]>): ReturnType<StorePort["sampled"]> {
    return this.#call("sampled", args) as ReturnType<StorePort["sampled"]>;
  }

  get(id: string): ReturnType<StorePort["get"]> {
    return this.#call("get", [id]) as ReturnType<StorePort["get"]>;
  }

  events(...args: Parameters<StorePort["events"]>): ReturnType<StorePort["events"]> {
    return this.#call("events", args) as ReturnType<StorePort["events"]>;
  }

  /** Ends the thread. */
  close(): void {
    this.#worker.terminate();
  }

  #call(name: keyof StorePort, args: unknown[]): unknown {
    const number = this.#post(name, args);
    const until = performance.now() + this.#waitMs;
    for (;;) {
      const answered = Atomics.load(this.#words, WORD.ANSWERED);
      if (answered === number) return this.#result();
      const leftMs = until - performance.now();
      if (leftMs <= 0) break;
      Atomics.wait(this.#words, WORD.ANSWERED, answered, leftMs);
    }
    Atomics.store(this.#words, WORD.GIVEN_UP, number);
    throw this.#noAnswer();
  }

  #post(name: keyof StorePort, args: unknown[]): number {
    const call: RemoteCall = { number: ++this.#number, name, args };
    this.#worker.postMessage(call);
    return call.number;
  }

  #result(): unknown {
    const text = new TextDecoder().decode(this.#answer.slice(0, Atomics.load(this.#words, WORD.LENGTH)));
    const answer: RemoteAnswer = JSON.parse(text);
    if (!("error" in answer)) return answer.result;
    throw new CorralError(answer.error);
  }

  #noAnswer(): StoreError {
    return new StoreError("does not answer", { path: this.#path, remedy: "see its file system" });
  }
}

function startWorker(): Worker {
  return new Worker(new URL(workerModule(import.meta.url), import.meta.url), { type: "module" });
}

/** The bundle keeps the place of its entries below src/, and puts all else into one directory. */
function workerModule(here: string): string {
  return here.endsWith(".ts") ? "./store_worker.ts" : "./store/store_worker.js";
}
