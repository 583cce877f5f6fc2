/** The store of a launch whose file system may stop answering: each method is one call to a process of its own (remote_calls.ts). */
import { noAnswer, RemoteCalls, type RemotePlace } from "./remote_calls.ts";
import type { StorePort } from "./unwritten.ts";

/** Every method may throw StoreError, also because the thread has not answered in time. */
export class RemoteStore implements StorePort {
  readonly #calls: RemoteCalls;
  readonly #place: RemotePlace;
  #waitMs = 0;

  constructor(place: RemotePlace, argv?: readonly string[]) {
    this.#place = place;
    this.#calls = new RemoteCalls(place, { argv });
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

  claimOnEnd(...args: Parameters<StorePort["claimOnEnd"]>): boolean {
    return this.#call("claimOnEnd", args) as boolean;
  }

  setSurvivors(...args: Parameters<StorePort["setSurvivors"]>): void {
    this.#call("setSurvivors", args);
  }

  addEvents(...args: Parameters<StorePort["addEvents"]>): void {
    this.#call("addEvents", args);
  }

  /** Not waited for: samples are saved again. While the thread is behind, none are sent. */
  saveSampled(id: string, { samples, peaks }: Parameters<StorePort["saveSampled"]>[1]): void {
    if (this.#calls.isBehind) throw noAnswer(this.#place);
    this.#calls.post("saveSampled", [id, { samples, peaks }]);
  }

  /** As saveSampled() where nothing has happened; an event is waited for. */
  saveHealth(...args: Parameters<StorePort["saveHealth"]>): void {
    if (args[2].length > 0) return void this.#call("saveHealth", args);
    if (this.#calls.isBehind) throw noAnswer(this.#place);
    this.#calls.post("saveHealth", args);
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
    this.#calls.close();
  }

  #call(name: keyof StorePort, args: unknown[]): unknown {
    return this.#calls.call(name, args, this.#waitMs);
  }
}
