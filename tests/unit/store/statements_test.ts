import assert from "node:assert/strict";
import { type Database, LocalDatabase } from "../../../src/store/database.ts";
import { JobStore } from "../../../src/store/jobs.ts";
import { openNothing } from "../../../src/store/open.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";

Deno.test("a process that looks at a thousand jobs has the store prepare each statement once", () => {
  const local = new LocalDatabase(openNothing(), "", "");
  const prepared: string[] = [];
  const database: Database = Object.assign(Object.create(local), {
    prepare(sql: string) {
      prepared.push(sql);
      return local.prepare(sql);
    },
  });
  const store = JobStore.of(database, "a store", "test");
  prepared.length = 0;
  for (let index = 0; index < 1_000; index++) {
    assert.deepEqual(store.sampled(`a${index}`).samples, []);
    assert.deepEqual(store.live(), []);
  }
  assert.deepEqual(prepared.length, new Set(prepared).size);
});

Deno.test("a statement that was used before sees the columns that another process has added", () => {
  using stores = new StoreDir();
  const store = stores.open();
  insertEnded(store, { spec: { id: "aaaaaa" }, ending: {} });
  assert.equal(store.get("aaaaaa")!.spec.id, "aaaaaa");
  stores.raw().exec("ALTER TABLE jobs ADD COLUMN later TEXT DEFAULT 'x'");
  assert.equal(store.get("aaaaaa")!.spec.id, "aaaaaa");
});
