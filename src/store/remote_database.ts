/**
 * The store's file for a verb, where its file system may stop answering: a process of its own makes the calls
 * (remote_calls.ts), a statement each. No call outlasts its cap, and after one that did, the next ones fail at once: one verb waits once.
 */
import { StoreError } from "../base/errors.ts";
import { TrustError } from "../base/trust.ts";
import { decodedRow, encodedValues } from "./remote_values.ts";
import type { Database, Parameters, Row, Statement } from "./database.ts";
import { noAnswer, RemoteCalls, RemoteFailure, type RemotePlace } from "./remote_calls.ts";

/** For the start of the process and the opening. */
const OPEN_MS = 4_000;
/** The longest that any further call may take, whatever the caller would grant. */
const CALL_MS = 3_000;
/** After a call without an answer, the next try is for a caller that grants so much, and not before so long: one verb waits once. */
const RETRY = { grantedMs: 1_000, afterMs: 15_000 };
/** A thousand rows of a report, each with the longest command line that is usual. */
const ANSWER_BYTES = 64 << 20;

/** What a statement is called with. */
export interface StatementCall {
  sql: string;
  how: "all" | "get" | "run";
  arrays: boolean;
  values: Parameters;
}

/** Every call may throw StoreError, also because the process has not answered in time. */
export class RemoteDatabase implements Database {
  #calls: RemoteCalls | null;
  #waitMs = CALL_MS;
  #goneAtMs = 0;
  isTransaction = false;

  /** Opens it. Throws StoreError, TrustError. */
  constructor(readonly place: RemotePlace, readonly argv?: readonly string[]) {
    this.#calls = this.#open();
  }

  prepare(sql: string): Statement {
    let arrays = false;
    const call = (how: StatementCall["how"], values: Parameters) =>
      this.#statement({ sql, how, arrays, values });
    return {
      all: (...values) => (call("all", values) as Row[]).map(decodedRow),
      get: (...values) => {
        const row = call("get", values) as Row | null;
        return row === null ? undefined : decodedRow(row);
      },
      run: (...values) => call("run", values) as { changes: number },
      setReturnArrays: (enabled) => void (arrays = enabled),
      // The process gives large numbers as the nearest that JSON has.
      setReadBigInts: () => {},
    };
  }

  waitAtMost(waitMs: number): void {
    this.#waitMs = Math.min(waitMs, CALL_MS);
    const isTime = performance.now() - this.#goneAtMs >= RETRY.afterMs;
    if (this.#calls === null && isTime && waitMs >= RETRY.grantedMs) {
      // Should that fail too, it is as long until the next.
      this.#goneAtMs = performance.now();
      this.#calls = this.#open();
    }
  }

  lockSweep(): Disposable | null {
    if (!this.#call("lockSweep", [])) return null;
    return { [Symbol.dispose]: () => this.#unlockSweep() };
  }

  close(): void {
    this.#calls?.close();
  }

  /** A process that does not answer keeps the lock until it does. */
  #unlockSweep(): void {
    if (this.#calls === null) return;
    try {
      this.#call("unlockSweep", []);
    } catch {
      // The lock goes with its process.
    }
  }

  #open(): RemoteCalls {
    const calls = new RemoteCalls(this.place, { argv: this.argv, answerBytes: ANSWER_BYTES });
    try {
      calls.call("open", [], OPEN_MS);
      return calls;
    } catch (error) {
      calls.close();
      throw ownError(error);
    }
  }

  #statement(call: StatementCall): unknown {
    const result = this.#call("sql", [{ ...call, values: encodedValues(call.values) }]);
    if (/^BEGIN\b/.test(call.sql)) this.isTransaction = true;
    if (/^(COMMIT|ROLLBACK)\b/.test(call.sql)) this.isTransaction = false;
    return result;
  }

  #call(name: string, args: unknown[]): unknown {
    const calls = this.#calls;
    if (calls === null) throw noAnswer(this.place);
    try {
      return calls.call(name, args, this.#waitMs);
    } catch (error) {
      if (calls.isBehind) this.#giveUp(calls);
      throw ownError(error);
    }
  }

  /** The process ends when it gets its answer, and with it what it had begun: a transaction is rolled back. */
  #giveUp(calls: RemoteCalls): void {
    calls.close();
    this.#calls = null;
    this.#goneAtMs = performance.now();
    this.isTransaction = false;
  }
}

/** An error of the other process, as it was thrown there. */
function ownError(error: unknown): unknown {
  const thrown = error instanceof RemoteFailure ? error.thrown : null;
  if (thrown === null) return error;
  const { kind, message, remedy } = thrown;
  if (kind === "trust") return new TrustError(message, remedy ?? "");
  if (kind === "other") return new Error(message);
  // The message begins with the path already.
  const [, path = "", what = message] = /^(\/.*?): (.*)$/s.exec(message) ?? [];
  return new StoreError(what, { path, remedy });
}
