import assert from "node:assert/strict";
import type { EndReason } from "../../../src/job/job.ts";
import type { JobStore } from "../../../src/store/jobs.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const MS = 1_793_520_000_000;

function end(store: JobStore, id: string, reason: EndReason, endedAtMs = MS): void {
  insertEnded(store, { spec: { id }, ending: { reason, endedAtMs } });
}

const entries = (counts: { byReason: ReadonlyMap<string, number> }) => Object.fromEntries(counts.byReason);

Deno.test("endedCounts() of a store without an end is empty", () => {
  using stores = new StoreDir();
  assert.deepEqual(entries(stores.open().endedCounts()), {});
});

Deno.test("endedCounts() counts ends by reason, and only grows when records are dropped", () => {
  using stores = new StoreDir();
  const store = stores.open();
  end(store, "aaaaaa", "exited", MS - 1_000);
  end(store, "bbbbbb", "oom", MS - 1_000);
  end(store, "cccccc", "exited");
  const before = store.endedCounts();
  assert.deepEqual(entries(before), { exited: 2, oom: 1 });
  assert.equal(store.drop({ beforeMs: MS, except: [] }, ["aaaaaa", "bbbbbb", "cccccc"]), 2);
  // By a process that has seen nothing before, and by one that has.
  assert.deepEqual(entries(store.endedCounts()), { exited: 2, oom: 1 });
  assert.deepEqual(entries(store.endedCounts(before)), { exited: 2, oom: 1 });
  end(store, "dddddd", "timeout");
  assert.equal(store.drop({ beforeMs: MS + 1, except: [] }, ["cccccc", "dddddd"]), 2);
  assert.deepEqual(entries(store.endedCounts()), { exited: 2, oom: 1, timeout: 1 });
});

Deno.test("endedCounts() after the first time reads only the endings since", () => {
  using stores = new StoreDir();
  const store = stores.open();
  end(store, "aaaaaa", "exited");
  const first = store.endedCounts();
  // What was counted is not looked at again.
  stores.raw().exec("UPDATE jobs SET reason = 'lost'");
  end(store, "bbbbbb", "oom");
  assert.deepEqual(entries(store.endedCounts(first)), { exited: 1, oom: 1 });
  assert.equal(store.endedCounts(store.endedCounts(first)).last, first.last + 1);
});

Deno.test("endedCounts() begins anew with another store in its place, and leaves out what is no reason", () => {
  using stores = new StoreDir();
  const store = stores.open();
  end(store, "aaaaaa", "exited");
  const first = store.endedCounts();
  assert.deepEqual(entries(store.endedCounts({ ...first, store: "f".repeat(32), last: 0 })), { exited: 1 });
  stores.raw().exec(`UPDATE jobs SET reason = '"} 1'`);
  assert.deepEqual(entries(store.endedCounts()), {});
});
