import assert from "node:assert/strict";
import { firstState } from "../../../src/health/judge.ts";
import type { HealthSpec, HealthState } from "../../../src/job/health.ts";
import { Ledger } from "../../../src/store/ledger.ts";
import { DamagedRow } from "../../../src/store/rows.ts";
import { JOB_ID, runOf, specOf, watchOf } from "../../kit/fakes/job.ts";
import { insertRunning, StoreDir } from "../../kit/fakes/stores.ts";

const AT_MS = 1_793_520_000_500;
const SPEC: HealthSpec = {
  idle: { afterMs: 7_200_000, action: "report" },
  heartbeat: { withinMs: 60_000, firstWithinMs: 600_000, file: "/var/lib/corral/heartbeat/x", isOurs: true },
  command: { command: "ask", everyMs: 60_000 },
  user: { uid: 1000, gid: 1000, home: "/home/alice" },
};
const stateAt = (bootMs: number): HealthState =>
  firstState({
    ...{ bootMs, frozen: false, stuck: { pid: 7, wchan: null } },
    signs: { cpuUsageUsec: 1, ioOperations: null, output: "o", cpuWaitUsec: 2, stalledUsec: null, beat: "b" },
  });
const EVENT = { atMs: AT_MS, kind: "idle", detail: { for: "1h" } };

Deno.test("JobStore.saveHealth() keeps the state of a running job, and its events", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store, { health: SPEC });
  assert.equal(store.get(JOB_ID)!.health, undefined);
  store.saveHealth(JOB_ID, stateAt(9_002_000), [EVENT]);
  const job = store.get(JOB_ID)!;
  assert.deepEqual([job.spec.health, job.health], [SPEC, stateAt(9_002_000)]);
  assert.deepEqual(store.events(JOB_ID).at(-1), { ...EVENT, actor: "run" });
});

Deno.test("JobStore.saveHealth() writes nothing over a later look, and nothing of a job that does not run", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store, { health: SPEC });
  store.saveHealth(JOB_ID, stateAt(9_002_000), []);
  store.saveHealth(JOB_ID, stateAt(9_001_000), [EVENT]);
  store.claimEnding(JOB_ID, "unhealthy", { wallMs: AT_MS, bootMs: 9_003_000 });
  store.saveHealth(JOB_ID, stateAt(9_004_000), [EVENT]);
  assert.equal(store.get(JOB_ID)!.health!.atBootMs, 9_002_000);
  assert.ok(store.events(JOB_ID).every(({ kind }) => kind !== "idle"));
});

Deno.test("a row whose health makes no sense is damaged, whichever part of it", () => {
  const state = stateAt(9_002_000);
  const rows: [column: string, value: unknown][] = [
    ["health", { ...SPEC, user: { uid: "0", gid: 0, home: "/" } }],
    ["health", { ...SPEC, user: undefined }],
    ["health", { ...SPEC, heartbeat: { ...SPEC.heartbeat, file: "relative" } }],
    ["health", { ...SPEC, heartbeat: { ...SPEC.heartbeat, isOurs: 1 } }],
    ["health", { ...SPEC, idle: { afterMs: -1, action: "kill" } }],
    ["health", { ...SPEC, idle: { afterMs: 1, action: "burn" } }],
    ["health", { ...SPEC, command: { command: 7, everyMs: 1 } }],
    ["health", []],
    ["health_state", { ...state, signs: { ...state.signs, beat: 5 } }],
    ["health_state", { ...state, stuck: { pid: 7 } }],
    ["health_state", { ...state, idle: { ...state.idle, quietMs: null } }],
    ["health_state", { ...state, command: { ...state.command, last: "fine" } }],
    ["health_state", { ...state, heartbeat: null }],
  ];
  for (const [column, value] of rows) {
    using dir = new StoreDir();
    const store = dir.open();
    insertRunning(store, { health: SPEC });
    dir.raw().prepare(`UPDATE jobs SET ${column} = ?`).run(JSON.stringify(value));
    assert.throws(() => store.get(JOB_ID), DamagedRow, JSON.stringify(value));
  }
});

Deno.test("Ledger.healthSpec() is the one that corral set has recorded; Ledger.saveHealth() says nothing of a failure", () => {
  using dir = new StoreDir();
  const ledger = new Ledger(dir.open(), assert.fail);
  ledger.insert(specOf({ health: SPEC }), watchOf());
  assert.equal(ledger.healthSpec(JOB_ID), undefined);
  ledger.markRunning(JOB_ID, runOf());
  assert.deepEqual(ledger.healthSpec(JOB_ID), SPEC);
  const to = {
    limits: specOf().limits,
    timeoutMs: null,
    cpuTimeMs: null,
    deadlineBootMs: null,
    health: null,
  };
  dir.open("set").change(JOB_ID, to, { atMs: AT_MS, actor: "set", kind: "set", detail: {} });
  assert.equal(ledger.healthSpec(JOB_ID), null);
  dir.fill();
  assert.equal(ledger.saveHealth(JOB_ID, stateAt(1), [EVENT]), false);
  assert.ok(!ledger.isBehind);
  dir.free();
  assert.equal(ledger.saveHealth(JOB_ID, stateAt(1), [EVENT]), true);
});
