/** The process behind store_worker.ts: opens the store and makes the calls that come on stdin, a line each, until its end. */
import { CorralError, errorText, StoreError } from "../base/errors.ts";
import { TrustError } from "../base/trust.ts";
import { isAnythingAt } from "../base/trust.ts";
import { JobStore } from "./jobs.ts";
import { type Database, LocalDatabase, type Row, type Statement } from "./database.ts";
import { openDatabaseFor } from "./open.ts";
import type { RemoteAnswer, RemoteCall, RemoteError, RemotePlace } from "./remote_calls.ts";
import type { StatementCall } from "./remote_database.ts";
import { decodedValues, encodedRow } from "./remote_values.ts";

/** How long it waits for another process's lock; its caller waits no longer than it likes. */
const BUSY_WAIT_MS = 1_000;
/** The same for a verb, which waits a little longer, and is to learn why. */
const VERB_BUSY_WAIT_MS = 2_500;

/** Resolves at the end of stdin: the launch, or the verb, is over. */
export async function serveStore(): Promise<void> {
  // They are for the job, whose supervisor lets this process go.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  let [pending, served]: [string, ServedStore | null] = ["", null];
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) {
      if (served === null) served = new ServedStore(JSON.parse(line) as RemotePlace);
      else served.answer(JSON.parse(line));
    }
  }
}

/** Methods of the store for a launch; statements for any other verb. */
class ServedStore {
  #store: JobStore | null = null;
  #database: Database | null = null;
  #lock: Disposable | null = null;

  constructor(readonly place: RemotePlace) {}

  answer(call: RemoteCall): void {
    let said: RemoteAnswer;
    try {
      said = { result: this.#resultOf(call) ?? null };
    } catch (error) {
      said = { error: errorText(error), thrown: remoteError(error) };
    }
    const bytes = new TextEncoder().encode(`${JSON.stringify(said)}\n`);
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  }

  #resultOf({ name, args }: RemoteCall): unknown {
    switch (name) {
      case "open":
        this.#open();
        return true;
      case "sql":
        return execute(this.#open(), args[0] as StatementCall);
      case "lockSweep":
        return this.#lockSweep();
      case "unlockSweep":
        this.#lock?.[Symbol.dispose]();
        this.#lock = null;
        return true;
    }
    const { directory, fileName, actor } = this.place;
    this.#store ??= JobStore.open(directory, fileName, actor, BUSY_WAIT_MS);
    return (this.#store[name as keyof JobStore] as (...args: unknown[]) => unknown).apply(this.#store, args);
  }

  #open(): Database {
    if (this.#database !== null) return this.#database;
    const { directory, fileName, actor } = this.place;
    this.#database = new LocalDatabase(openDatabaseFor(directory, fileName, actor), directory, fileName);
    this.#database.waitAtMost(VERB_BUSY_WAIT_MS);
    return this.#database;
  }

  /** A dry run makes no lock where there is no store. */
  #lockSweep(): boolean {
    const { directory, fileName, actor } = this.place;
    if (actor === "dry-run" && !isAnythingAt(`${directory}/${fileName}`)) return true;
    this.#lock = this.#open().lockSweep();
    return this.#lock !== null;
  }
}

function execute(db: Database, { sql, how, arrays, values }: StatementCall): unknown {
  const statement = db.prepare(sql);
  if (arrays) statement.setReturnArrays(true);
  const given = decodedValues(values);
  if (how === "run") return { changes: Number(statement.run(...given).changes) };
  return rowsOf(statement, () => how === "all" ? statement.all(...given) : [statement.get(...given)], how);
}

function rowsOf(statement: Statement, read: () => (Row | undefined)[], how: "all" | "get"): unknown {
  let rows: (Row | undefined)[];
  try {
    rows = read();
  } catch (error) {
    // An integer that no number holds.
    if (!(error instanceof RangeError)) throw error;
    statement.setReadBigInts(true);
    rows = read();
  }
  const encoded = rows.map((row) => row === undefined ? null : encodedRow(row));
  return how === "all" ? encoded : encoded[0];
}

function remoteError(error: unknown): RemoteError {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof CorralError ? error.remedy : null;
  if (error instanceof TrustError) return { kind: "trust", message, remedy };
  return { kind: error instanceof StoreError ? "store" : "other", message, remedy };
}
