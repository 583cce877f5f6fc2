import assert from "node:assert/strict";
import type { Ending } from "../../../src/job/events.ts";
import { Ledger } from "../../../src/store/ledger.ts";
import { NO_SPLIT } from "../../../src/job/usage.ts";
import { JOB_ID, momentAt, risingSamples, runOf, specOf, watchOf } from "../../kit/fakes/job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const AT_MS = 1_793_520_060_000;
const ENDING: Ending = {
  reason: "timeout",
  trigger: "timeout",
  exit: { code: null, signal: 15 },
  endedAtMs: AT_MS,
  usage: null,
  survivors: [],
};
const CLAIM = { at: momentAt(AT_MS), processesLive: true };

/** Everything that can be asked of a ledger, once. */
function useAll(ledger: Ledger): unknown[] {
  ledger.insert(specOf(), watchOf());
  ledger.markRunning(JOB_ID, runOf());
  ledger.addEvents(JOB_ID, [{ atMs: AT_MS, actor: "run", kind: "x", detail: {} }]);
  const told = [
    ledger.isTaken(JOB_ID),
    ledger.timeLimits(JOB_ID),
    ledger.claimEnding(JOB_ID, "timeout", CLAIM),
    ledger.markEnded(JOB_ID, ENDING, []),
  ];
  ledger.setSurvivors(JOB_ID, [], []);
  return told;
}

Deno.test("Ledger with a store that works records everything and says nothing", () => {
  using dir = new StoreDir();
  const lines: string[] = [];
  const ledger = new Ledger(dir.open(), (line) => void lines.push(line));
  assert.deepEqual(useAll(ledger), [true, { deadlineBootMs: null, cpuTimeMs: null }, "timeout", true]);
  assert.equal(dir.open().get(JOB_ID)?.phase.state, "ended");
  assert.deepEqual(lines, []);
});

Deno.test("Ledger without a store goes on, and says nothing that was not said before", () => {
  const lines: string[] = [];
  const ledger = new Ledger(null, (line) => void lines.push(line));
  assert.deepEqual(useAll(ledger), [false, undefined, "timeout", true]);
  assert.deepEqual(lines, []);
});

Deno.test("Ledger with a store that fails never throws, and says so once", () => {
  using dir = new StoreDir();
  const store = dir.open();
  dir.raw().exec("DROP TABLE events; DROP TABLE jobs");
  const lines: string[] = [];
  const ledger = new Ledger(store, (line) => void lines.push(line));
  assert.deepEqual(useAll(ledger), [false, undefined, "timeout", true]);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /^warning: the record of this job is incomplete: .*corral\.db: cannot record the job: /,
  );
});

Deno.test("Ledger writes later what could not be written, in its order", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const raw = dir.raw();
  raw.exec("ALTER TABLE jobs RENAME TO away");
  const ledger = new Ledger(store, () => {});
  ledger.insert(specOf(), watchOf());
  ledger.markRunning(JOB_ID, runOf());
  ledger.claimEnding(JOB_ID, "timeout", CLAIM);
  raw.exec("ALTER TABLE away RENAME TO jobs");
  ledger.markEnded(JOB_ID, ENDING, []);
  const { phase } = store.get(JOB_ID)!;
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.reason, phase.run?.pid], ["timeout", runOf().pid]);
  assert.deepEqual(store.events(JOB_ID).map(({ kind }) => kind).sort(), ["ended", "running", "starting"]);
});

Deno.test("Ledger.claimEnding() gives the reason that was claimed first", () => {
  using dir = new StoreDir();
  const ledger = new Ledger(dir.open(), () => {});
  ledger.insert(specOf(), watchOf());
  ledger.markRunning(JOB_ID, runOf());
  dir.open("kill").claimEnding(JOB_ID, "killed", momentAt(AT_MS));
  assert.equal(ledger.claimEnding(JOB_ID, "timeout", CLAIM), "killed");
});

Deno.test("Ledger.claimEnding() does not wait for a store that somebody holds while processes are to be killed", () => {
  using dir = new StoreDir();
  const ledger = new Ledger(dir.open(), () => {});
  ledger.insert(specOf(), watchOf());
  ledger.markRunning(JOB_ID, runOf());
  const raw = dir.raw();
  raw.exec("BEGIN EXCLUSIVE");
  const startedMs = performance.now();
  assert.equal(ledger.claimEnding(JOB_ID, "timeout", CLAIM), "timeout");
  assert.ok(performance.now() - startedMs < 5_000);
  raw.exec("COMMIT");
  ledger.markEnded(JOB_ID, ENDING, []);
  assert.equal(dir.open().get(JOB_ID)?.phase.state, "ended");
});

Deno.test("Ledger.timeLimits() are those that corral set has recorded", () => {
  using dir = new StoreDir();
  const ledger = new Ledger(dir.open(), () => {});
  ledger.insert(specOf(), watchOf());
  assert.equal(ledger.timeLimits(JOB_ID), undefined);
  ledger.markRunning(JOB_ID, runOf({ deadlineBootMs: 5 }));
  assert.deepEqual(ledger.timeLimits(JOB_ID), { deadlineBootMs: 5, cpuTimeMs: null });
  const to = { limits: specOf().limits, timeoutMs: null, cpuTimeMs: 7, deadlineBootMs: null, health: null };
  dir.open("set").change(JOB_ID, to, { atMs: AT_MS, actor: "set", kind: "set", detail: {} });
  assert.deepEqual(ledger.timeLimits(JOB_ID), { deadlineBootMs: null, cpuTimeMs: 7 });
});

Deno.test("Ledger.saveSampled() does not wait, says nothing of a failure, and leaves nothing behind to be written later", () => {
  using dir = new StoreDir();
  const ledger = new Ledger(dir.open(), assert.fail);
  ledger.insert(specOf(), watchOf());
  ledger.markRunning(JOB_ID, runOf());
  const sampled = { samples: risingSamples(2), peaks: NO_SPLIT };
  const raw = dir.raw();
  raw.exec("BEGIN IMMEDIATE");
  const startedMs = performance.now();
  assert.equal(ledger.saveSampled(JOB_ID, sampled), false);
  assert.ok(performance.now() - startedMs < 5_000);
  assert.ok(!ledger.isBehind);
  raw.exec("COMMIT");
  assert.equal(ledger.saveSampled(JOB_ID, sampled), true);
  assert.deepEqual(ledger.sampled(JOB_ID), sampled);
  assert.equal(new Ledger(null, assert.fail).saveSampled(JOB_ID, sampled), false);
});
