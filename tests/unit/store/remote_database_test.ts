import assert from "node:assert/strict";
import { StoreError } from "../../../src/base/errors.ts";
import { JobStore } from "../../../src/store/jobs.ts";
import { RemoteDatabase } from "../../../src/store/remote_database.ts";
import { decodedRow, decodedValues, encodedRow, encodedValues } from "../../../src/store/remote_values.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { specOf, watchOf } from "../../kit/fakes/job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;
const ARGV = [Deno.execPath(), "run", "--quiet", "--allow-all", "--no-check", MAIN, "_store"];
const [ONE, TWO] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;
/** The runtime watches over threads and processes of a test; this one ends them by itself. */
const FREE = { sanitizeOps: false, sanitizeResources: false };

function remote(dir: StoreDir, actor = "sweep", argv: readonly string[] = ARGV) {
  const db = new RemoteDatabase({ directory: dir.path, fileName: "corral.db", actor }, argv);
  return { db, store: JobStore.of(db, dir.file, actor), [Symbol.dispose]: () => db.close() };
}

Deno.test({
  ...FREE,
  name: "RemoteDatabase gives a store all that the file gives it",
  fn: () => {
    using dir = new StoreDir();
    const own = dir.open();
    using other = remote(dir);
    other.store.insert(specOf({ id: ONE }), watchOf());
    insertEnded(own, { spec: specOf({ id: TWO }) });
    assert.deepEqual(other.store.get(ONE), own.get(ONE));
    assert.deepEqual(other.store.events(TWO), own.events(TWO));
    assert.deepEqual(other.store.live(), own.live());
    assert.deepEqual(other.store.newFindings(["a", "b"], 1), new Set(["a", "b"]));
    const query = { select: ["id", "grace_ms"], where: null, order: null, limit: null, values: {} };
    assert.deepEqual([...other.store.rows(query)], [...own.rows(query)]);
    const ordered = { ...query, order: "id DESC" };
    assert.deepEqual([...other.store.rows(ordered)], [...own.rows(ordered)]);
    assert.throws(() => other.store.insert(specOf({ id: ONE }), watchOf()), StoreError);
    assert.equal(other.db.isTransaction, false);
    using lock = other.store.lockSweep();
    assert.notEqual(lock, null);
    assert.equal(own.lockSweep(), null);
  },
});

Deno.test({
  ...FREE,
  name: "RemoteDatabase reports as the file does what cannot be opened",
  fn: () => {
    using dir = new StoreDir();
    Deno.writeTextFileSync(dir.file, "no store at all, but long enough to be looked at");
    assert.throws(() => remote(dir), (error: StoreError) => {
      assert.equal(error.path, dir.file);
      return error instanceof StoreError && /not a database/.test(error.message) && error.remedy !== null;
    });
  },
});

Deno.test({
  ...FREE,
  name: "RemoteDatabase waits no longer than its cap, and after that not at all for a while",
  fn: () => {
    using dir = new StoreDir();
    dir.open().insert(specOf({ id: ONE }), watchOf());
    // Answers the opening, and nothing more.
    using mute = remote(dir, "ps", [
      "/bin/sh",
      "-c",
      `read -r place; read -r open; echo '{"result":true}'; exec sleep 60`,
    ]);
    mute.store.waitAtMost(200);
    const startMs = performance.now();
    assert.throws(() => mute.store.live(), /corral\.db: does not answer/);
    assert.throws(() => mute.store.get(ONE), /corral\.db: does not answer/);
    assert.ok(performance.now() - startMs < 1_000);
    mute.store.waitAtMost(5_000);
    assert.ok(performance.now() - startMs < 3_000);
  },
});

Deno.test("values of SQL come through JSON as they were", () => {
  const through = <T>(value: T): T => JSON.parse(JSON.stringify(value));
  const values = [-Infinity, 1, null, "x", { a: Infinity, b: "y" }];
  assert.deepEqual(decodedValues(through(encodedValues(values))), values);
  const row = { id: "x", at_ms: null, much: 2 ** 53, huge: 9_007_199_254_740_993n };
  assert.deepEqual(decodedRow(through(encodedRow(row))), { ...row, huge: Number(row.huge) });
});
