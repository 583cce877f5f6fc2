import assert from "node:assert/strict";
import { gather, type UsersRows } from "../../../src/store/gathered_store.ts";
import { type SharedRequest, sharedRowsQuery } from "../../../src/store/shared_rows.ts";
import { readRowsOfUser, writtenRows } from "../../../src/store/shared_rows.ts";
import { JOB_ID, runOf, specOf, watchOf } from "../../kit/fakes/job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";
import { runningFacts } from "../../../src/job/job.ts";

const LIVE: SharedRequest = { which: "live" };

/** The rows of a user's store with one running job, as the user's process prints them; `changes` are the user's lies. */
function rowsOf(uid: number, changes: Record<string, string | number | null> = {}): UsersRows {
  using dir = new StoreDir();
  const store = dir.open();
  store.insert(specOf({ user: "root", uid: 0, name: `job of ${uid}` }), watchOf());
  store.markRunning(JOB_ID, runOf());
  const { rows } = readRowsOfUser([...writtenRows(store, LIVE)].join("\n"));
  return { uid, name: `user${uid}`, rows: rows.map((row) => ({ ...row, ...changes })) };
}

function gathered(dir: StoreDir, users: UsersRows[], isOwnCgroup = true) {
  const damaged: string[] = [];
  const all = gather(dir.open(), users, {
    own: sharedRowsQuery(LIVE),
    nowMs: 1_793_600_000_000,
    isUsersCgroup: () => isOwnCgroup,
    onDamage: (user) => damaged.push(user),
  });
  return { store: all, damaged };
}

Deno.test("gather() has each user's job beside root's, also of one id, and says whose they are", () => {
  using dir = new StoreDir();
  const own = dir.open();
  own.insert(specOf({ name: "root's" }), watchOf());
  own.insert(specOf({ id: "abc234" }), watchOf());
  const { store, damaged } = gathered(dir, [rowsOf(1000), rowsOf(1001)]);
  assert.deepEqual(
    store.live().map(({ spec, storeUid }) => [spec.id, spec.name, storeUid]).toSorted(),
    [
      ["abc234", "fastsurfer", undefined],
      [JOB_ID, "job of 1000", 1000],
      [JOB_ID, "job of 1001", 1001],
      [JOB_ID, "root's", undefined],
    ].toSorted(),
  );
  assert.deepEqual(damaged, []);
});

Deno.test("gather() believes no row in whose it is", () => {
  using dir = new StoreDir();
  const { store } = gathered(dir, [rowsOf(1000)]);
  assert.deepEqual(store.live().map(({ spec }) => [spec.user, spec.uid]), [["user1000", 1000]]);
});

Deno.test("gather() shows nothing of a cgroup that is not the user's", () => {
  using dir = new StoreDir();
  const inode = (isOwnCgroup: boolean) =>
    runningFacts(gathered(dir, [rowsOf(1000)], isOwnCgroup).store.live()[0]!)!.cgroup.inode;
  assert.deepEqual([inode(true), inode(false)], [4242, 0]);
});

Deno.test("gather() leaves out a row that is no job, names its user, and has all others", () => {
  const lies: Record<string, string | number | null>[] = [
    { created_at_ms: 9e15 },
    { created_at_ms: 1_800_000_000_000 },
    { started_at_ms: -8.64e15 },
    { started_at_ms: 0 },
    { started_at_ms: "yesterday" },
    { limits: "{" },
    { argv: "[]" },
    { state: "queued up" },
    { backend: "docker" },
    { tags: '{"a":1}' },
    { name: null },
  ];
  for (const lie of lies) {
    using dir = new StoreDir();
    const { store, damaged } = gathered(dir, [rowsOf(1000, lie), rowsOf(1001)]);
    assert.deepEqual(damaged, ["user1000"], JSON.stringify(lie));
    assert.deepEqual(store.live().map(({ spec }) => spec.uid), [1001]);
  }
});

Deno.test("gather() takes the rows of an older corral, which has fewer columns, and of a newer one", () => {
  using dir = new StoreDir();
  const { uid, name, rows } = rowsOf(1000);
  const [{ wait_all: _, receipt: __, ...older }] = rows as [typeof rows[number]];
  const { store, damaged } = gathered(dir, [{ uid, name, rows: [{ ...older, column_of_tomorrow: 1 }] }]);
  assert.deepEqual([store.live().length, damaged], [1, []]);
});

Deno.test("gather() looks at no more of a store that is made of damage", () => {
  using dir = new StoreDir();
  const { uid, name, rows } = rowsOf(1000, { argv: "[]" });
  const many = Array.from({ length: 5_000 }, () => rows[0]!);
  const { damaged } = gathered(dir, [{ uid, name, rows: many }, rowsOf(1001)]);
  assert.ok(damaged.length < 200, `${damaged.length}`);
});
