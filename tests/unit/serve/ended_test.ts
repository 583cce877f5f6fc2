import assert from "node:assert/strict";
import { UsageError } from "../../../src/base/errors.ts";
import type { EndReason } from "../../../src/job/job.ts";
import { EndedPages } from "../../../src/serve/ended.ts";
import type { EndedPage } from "../../../src/serve/feed.ts";
import type { EndedQuery } from "../../../src/serve/source.ts";
import { gather, noJobs } from "../../../src/store/gathered_store.ts";
import type { JobStore } from "../../../src/store/jobs.ts";
import { sharedRowsQuery } from "../../../src/store/shared_rows.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const START_MS = Date.UTC(2026, 10, 1);
const NOTHING: EndedQuery = { sinceMs: null, untilMs: null, search: null, reason: null, cursor: null };
const LETTERS = "23456789abcdefghjkmnpqrstvwxyz";
const idOf = (n: number) =>
  `jb${LETTERS[Math.floor(n / 900) % 30]}${LETTERS[Math.floor(n / 30) % 30]}${LETTERS[n % 30]}a`;

function add(
  store: JobStore,
  n: number,
  more: { name?: string; ref?: string; user?: string; reason?: EndReason; atMs?: number } = {},
) {
  const { name = `job ${n}`, ref = null, user = "anna", reason = "exited", atMs = START_MS + n * 1000 } =
    more;
  insertEnded(store, {
    spec: { id: idOf(n), name, ref, user },
    startedAtMs: atMs - 61_000,
    ending: { reason, exit: { code: reason === "exited" ? 0 : null, signal: null }, endedAtMs: atMs },
  });
}

/** Slices far smaller than a page: a page and its sums come of many. */
const SLICE_ROWS = 7;

const pagesOf = (...stores: JobStore[]) => new EndedPages(() => stores, () => START_MS, SLICE_ROWS);

/** All pages, by their cursors. */
async function walk(pages: EndedPages, query: Partial<EndedQuery> = {}): Promise<string[][]> {
  const found: string[][] = [];
  for (let cursor: string | null = null;;) {
    const page: EndedPage = await pages.read({ ...NOTHING, ...query, cursor });
    found.push(page.rows.map(({ id }) => id));
    cursor = page.cursor;
    if (cursor === null) return found;
  }
}

Deno.test("pages follow each other without a gap or a job twice, also where many ended in one moment", async () => {
  using stores = new StoreDir();
  const store = stores.open();
  for (let n = 0; n < 120; n++) add(store, n, { atMs: START_MS + Math.floor(n / 60) * 1000 });
  const found = await walk(pagesOf(store));
  assert.deepEqual(found.map((page) => page.length), [50, 50, 20]);
  const expected = Array.from({ length: 120 }, (_, n) => idOf(n)).sort().reverse()
    .sort((a, b) => Number(b >= idOf(60)) - Number(a >= idOf(60)));
  assert.deepEqual(found.flat(), expected);
});

Deno.test("a page is of all that ended before, whatever ends meanwhile", async () => {
  using stores = new StoreDir();
  const store = stores.open();
  for (let n = 0; n < 60; n++) add(store, n);
  const pages = pagesOf(store);
  const first = await pages.read(NOTHING);
  add(store, 60);
  const second = await pages.read({ ...NOTHING, cursor: first.cursor });
  assert.deepEqual(second.rows.map(({ id }) => id), Array.from({ length: 10 }, (_, n) => idOf(9 - n)));
});

Deno.test("search is for a part of id, name, ref or user, and no pattern", async () => {
  using stores = new StoreDir();
  const store = stores.open();
  add(store, 1, { name: "Recon-All" });
  add(store, 2, { ref: "sub-100%_x" });
  add(store, 3, { user: "benjamin" });
  add(store, 4, { name: "'; DROP TABLE jobs; --" });
  const of = async (search: string) => (await walk(pagesOf(store), { search })).flat();
  assert.deepEqual(await of("recon"), [idOf(1)]);
  assert.deepEqual(await of("100%_"), [idOf(2)]);
  assert.deepEqual(await of("%"), [idOf(2)]);
  assert.deepEqual(await of("jamin"), [idOf(3)]);
  assert.deepEqual(await of(idOf(1).slice(1)), [idOf(1)]);
  assert.deepEqual(await of("'; DROP"), [idOf(4)]);
  assert.deepEqual(await of("nothing like it"), []);
  assert.equal((await of("")).length, 4);
});

Deno.test("reason, since and until choose; what one may choose from is counted whatever was chosen", async () => {
  using stores = new StoreDir();
  const store = stores.open();
  add(store, 1, { reason: "oom" });
  add(store, 2, { reason: "timeout", user: "ben" });
  add(store, 3);
  add(store, 4, { reason: "oom" });
  const pages = pagesOf(store);
  const page = await pages.read({ ...NOTHING, reason: "oom" });
  assert.deepEqual(page.rows.map(({ id, reason }) => [id, reason]), [[idOf(4), "oom"], [idOf(1), "oom"]]);
  assert.deepEqual([page.total, page.byReason], [2, { oom: 2, timeout: 1, exited: 1 }]);
  assert.deepEqual(page.byUser.map(({ user, jobs, cpuUsageUsec }) => [user, jobs, cpuUsageUsec]), [[
    "anna",
    2,
    240_000_000,
  ]]);
  assert.equal(page.byUser[0]!.memoryByteSeconds, 2 * 25 * 2 ** 30 * 61);
  const within = { sinceMs: START_MS + 2_000, untilMs: START_MS + 4_000 };
  assert.deepEqual((await walk(pages, within)).flat(), [idOf(3), idOf(2)]);
});

Deno.test("the users' jobs are among the caller's own, and none hides another with its id", async () => {
  using stores = new StoreDir();
  using users = new StoreDir();
  const [store, theirs] = [stores.open(), users.open()];
  for (let n = 0; n < 60; n++) add(store, n);
  for (let n = 0; n < 60; n += 2) add(theirs, n, { atMs: START_MS + n * 1000 + (n % 4 === 0 ? 0 : 500) });
  const columns = theirs.columns();
  const select = columns.map((column) => `"${column}"`);
  const query = { select, ...sharedRowsQuery({ which: "recent", count: 1000 }) };
  const rows = [...theirs.rows<never[]>(query)].map((row) =>
    Object.fromEntries(columns.map((name, i) => [name, row[i]!]))
  );
  const gathered = gather(noJobs("ps"), [{ uid: 1001, name: "ben", rows }], {
    own: sharedRowsQuery({ which: "live" }),
    ...{ nowMs: START_MS + 1e7, isUsersCgroup: () => false, onDamage: (user) => assert.fail(user) },
  });
  const found = await walk(pagesOf(store, gathered));
  assert.deepEqual(found.map((page) => page.length), [50, 40]);
  assert.equal(new Set(found.flat()).size, 90);
  assert.equal(found.flat().filter((id) => id.endsWith("@1001")).length, 30);
  const page = await pagesOf(store, gathered).read(NOTHING);
  assert.deepEqual(page.byUser.map(({ user, jobs }) => [user, jobs]), [["anna", 60], ["ben", 30]]);
});

Deno.test("a cursor that is none is refused", async () => {
  using stores = new StoreDir();
  for (const cursor of ["x", "1-2", "' OR 1", "9".repeat(40), "1-aaaaaa-1-1"]) {
    await assert.rejects(pagesOf(stores.open()).read({ ...NOTHING, cursor }), UsageError, cursor);
  }
});

Deno.test("names pass as they are", async () => {
  using stores = new StoreDir();
  const store = stores.open();
  const name = "</script>\u202e" + "x".repeat(200);
  add(store, 1, { name });
  assert.equal((await pagesOf(store).read(NOTHING)).rows[0]!.name, name);
});
