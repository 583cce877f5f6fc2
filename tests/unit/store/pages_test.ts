import assert from "node:assert/strict";
import { renderError } from "../../../src/base/errors.ts";
import { LocalDatabase } from "../../../src/store/database.ts";
import type { JobStore } from "../../../src/store/jobs.ts";
import { readPages, type RowQuery } from "../../../src/store/pages.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { specOf, watchOf } from "../../kit/fakes/job.ts";
import { emptySecondHalf, StoreDir } from "../../kit/fakes/stores.ts";

const MANY = 2_500;

/** Jobs of which number `index` is recorded as the `MANY - index`th. */
function withMany(dir: StoreDir): JobStore {
  const store = dir.open();
  store.insert(specOf({ id: "number", name: "0", createdAtMs: MANY }), watchOf());
  const copy = dir.raw();
  const columns = copy.prepare("SELECT name FROM pragma_table_info('jobs')").all().map(({ name }) =>
    String(name)
  );
  const replaced: Record<string, string> = {
    id: "'n' || i",
    name: "CAST(i AS TEXT)",
    created_at_ms: `${MANY} - i`,
  };
  copy.exec(`WITH RECURSIVE s(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM s WHERE i < ${MANY - 1})
    INSERT INTO jobs (${columns.join(", ")}) SELECT ${
    columns.map((name) => replaced[name] ?? name).join(", ")
  }
    FROM jobs, s WHERE id = 'number'`);
  return store;
}

const query = (changes: Partial<RowQuery> = {}): RowQuery => ({
  select: ["name"],
  where: null,
  order: null,
  limit: null,
  values: {},
  ...changes,
});
const namesOf = (rows: Iterable<string[]>) => [...rows].map(([name]) => Number(name));
const temporaryTables = (store: JobStore) =>
  [...store.rows<[string]>(
    query({ select: ["(SELECT count(*) FROM sqlite_temp_master)"], limit: 1 }),
  )][0]![0];

/** As they were recorded, a page behind the other, and by a settled order. */
const ORDERS = [null, "created_at_ms, rowid"];

Deno.test("readPages() gives all rows in their order, over many pages", () => {
  using dir = new StoreDir();
  const store = withMany(dir);
  const descending = Array.from({ length: MANY }, (_, index) => MANY - 1 - index);
  for (const order of ORDERS) {
    assert.deepEqual(namesOf(store.rows(query({ order }))), descending);
    for (const limit of [1, 999, 1000, 1001, 2000, MANY, MANY + 1]) {
      assert.deepEqual(namesOf(store.rows(query({ order, limit }))), descending.slice(0, limit), `${limit}`);
    }
    const odd = query({ order, where: "CAST(name AS INTEGER) % 2 = :rest", values: { rest: 1 } });
    assert.deepEqual(namesOf(store.rows(odd)), descending.filter((name) => name % 2 === 1));
    const either = query({ order, where: "name = '7' OR name = '5'" });
    assert.deepEqual(namesOf(store.rows(either)), [7, 5]);
  }
  const named = query({ order: "CAST(name AS INTEGER)" });
  assert.deepEqual(namesOf(store.rows(named)), descending.toReversed());
  assert.deepEqual(
    namesOf(store.rows(query({ where: "name = :name", values: { name: "77", other: 1 } }))),
    [77],
  );
  assert.deepEqual(namesOf(store.rows(query({ where: "name = 'none'" }))), []);
});

Deno.test("readPages() gives rows of one and the same moment once each", () => {
  using dir = new StoreDir();
  const store = withMany(dir);
  dir.raw().exec("UPDATE jobs SET created_at_ms = 7");
  for (const order of ORDERS) assert.equal(new Set(namesOf(store.rows(query({ order })))).size, MANY);
});

Deno.test("readPages() keeps nobody from writing, and misses nothing that was there from the beginning", () => {
  using dir = new StoreDir();
  withMany(dir);
  dir.closeAll();
  const [reader, other] = [dir.raw(), dir.raw()];
  // As on NFS, where there is no write-ahead log: a statement that is open for reading keeps writers out.
  reader.exec("PRAGMA journal_mode = DELETE");
  other.exec("PRAGMA busy_timeout = 0");
  const db = new LocalDatabase(reader, "", "");
  const both = ORDERS.map((order) => readPages<string[]>(db, dir.file, query({ order })));
  for (const rows of both) rows.next();
  other.exec("DELETE FROM jobs WHERE name = '5'");
  other.exec("UPDATE jobs SET id = 'n' || id WHERE name = '6'");
  for (const rows of both) assert.equal(namesOf(rows).length, MANY - 2);
});

Deno.test("readPages() leaves nothing behind when its reader has enough", () => {
  using dir = new StoreDir();
  const store = withMany(dir);
  for (const order of ORDERS) {
    for (const _ of store.rows(query({ order }))) break;
  }
  assert.equal(temporaryTables(store), 0);
});

Deno.test("readPages() lets two be read at the same time", () => {
  using dir = new StoreDir();
  const store = withMany(dir);
  const both = [...ORDERS, ...ORDERS].map((order) => store.rows<string[]>(query({ order })));
  for (const rows of both) rows.next();
  assert.deepEqual(both.map((rows) => namesOf(rows).length), both.map(() => MANY - 1));
});

/** The line that reading these rows ends with. */
function refusal(store: JobStore, select = ["name"]): string {
  try {
    return `read ${[...store.rows(query({ select }))].length} rows`;
  } catch (error) {
    return renderError(error);
  }
}

Deno.test("readPages() names the row whose JSON is damaged", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertEnded(store, { spec: { id: "aaaaaa" } });
  insertEnded(store, { spec: { id: "bbbbbb" } });
  dir.raw().exec("UPDATE jobs SET limits = '{oops' WHERE id = 'bbbbbb'");
  assert.match(
    refusal(store, ["limits ->> '$.x'"]),
    /corral\.db: the row of job "bbbbbb" is damaged: .*malformed JSON/,
  );
  assert.equal(refusal(store), "read 2 rows");
});

Deno.test("readPages() of a file whose second half is lost says so in one line", () => {
  using dir = new StoreDir();
  withMany(dir);
  dir.closeAll();
  emptySecondHalf(dir.file);
  assert.match(refusal(dir.open()), /corral\.db: cannot read: .*malformed \(move the file away: /);
});

Deno.test("readPages() gives all rows though one has a number beyond 2^53", () => {
  using dir = new StoreDir();
  const store = withMany(dir);
  dir.raw().exec("UPDATE jobs SET created_at_ms = 9000000000000000000 WHERE id = 'number'");
  for (const order of ORDERS) {
    const rows = [...store.rows<[string, number]>(query({ select: ["id", "created_at_ms"], order }))];
    assert.equal(rows.length, MANY);
    assert.deepEqual(rows.at(-1), ["number", 9e18]);
  }
});
