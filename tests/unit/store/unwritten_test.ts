import assert from "node:assert/strict";
import type { Ending } from "../../../src/job/events.ts";
import { LAUNCH_WAIT_MS, Ledger } from "../../../src/store/ledger.ts";
import { Unwritten } from "../../../src/store/unwritten.ts";
import { JOB_ID, momentAt, runOf, specOf, watchOf } from "../../kit/fakes/job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const AT_MS = 1_793_520_060_000;
const EXIT = { code: 0, signal: null };
const ENDING: Ending = {
  reason: "exited",
  trigger: "exited",
  exit: EXIT,
  endedAtMs: AT_MS,
  usage: null,
  survivors: [],
};

/** A ledger as a launch has it, and what it said. */
function launching(dir: StoreDir) {
  const unwritten = new Unwritten(`${dir.path}/unwritten`, dir.file);
  const reopen = (waitMs: number) => {
    dir.waitMs = waitMs;
    return dir.open();
  };
  const said: string[] = [];
  const ledger = new Ledger(null, (line) => void said.push(line), {
    isShared: false,
    launch: { unwritten, reopen },
  });
  return { ledger, unwritten, said };
}

function wholeJob(ledger: Ledger): void {
  ledger.isTaken(JOB_ID);
  ledger.insert(specOf(), watchOf());
  ledger.markRunning(JOB_ID, runOf());
}

Deno.test("Ledger of a launch waits about a second for a store that is held, and leaves its record to the next sweep", () => {
  using dir = new StoreDir();
  dir.open();
  dir.closeAll();
  const { ledger, unwritten, said } = launching(dir);
  const raw = dir.raw();
  raw.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  let startMs = performance.now();
  wholeJob(ledger);
  assert.ok(performance.now() - startMs < LAUNCH_WAIT_MS + 700, `${performance.now() - startMs} ms`);
  assert.deepEqual(said, []);
  startMs = performance.now();
  assert.equal(
    ledger.claimEnding(JOB_ID, "exited", { at: momentAt(AT_MS), processesLive: false }),
    "exited",
  );
  ledger.markEnded(JOB_ID, ENDING, []);
  ledger.settle(JOB_ID);
  assert.ok(performance.now() - startMs < 3_500, `${performance.now() - startMs} ms`);
  assert.equal(said.length, 1);
  assert.match(
    said[0]!,
    /^warning: the record of this job is incomplete: .*locked.*; the next sweep completes it$/,
  );
  dir.closeAll();
  const store = dir.open("sweep");
  unwritten.complete(store, assert.fail);
  unwritten.complete(store, assert.fail);
  const { phase } = store.get(JOB_ID)!;
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.reason, phase.exit, phase.run?.pid], ["exited", EXIT, runOf().pid]);
  assert.deepEqual(store.events(JOB_ID).map(({ kind }) => kind).sort(), ["ended", "running", "starting"]);
});

Deno.test("Ledger of a launch goes on with a store that is free again, and says nothing", () => {
  using dir = new StoreDir();
  dir.open();
  const { ledger, said } = launching(dir);
  const raw = dir.raw();
  raw.exec("BEGIN EXCLUSIVE");
  wholeJob(ledger);
  raw.exec("COMMIT");
  ledger.markEnded(JOB_ID, ENDING, []);
  ledger.settle(JOB_ID);
  assert.deepEqual([ledger.isBehind, said], [false, []]);
  assert.equal(ledger.recorded(JOB_ID)?.events.length, 3);
});

Deno.test("Unwritten.complete() writes what got through before only once, and leaves another store's alone", () => {
  using dir = new StoreDir();
  const unwritten = new Unwritten(`${dir.path}/unwritten`, dir.file);
  const store = dir.open();
  store.insert(specOf(), watchOf());
  unwritten.keep(JOB_ID, [["insert", [specOf(), watchOf()]], ["markRunning", [JOB_ID, runOf()]]]);
  const other = new Unwritten(`${dir.path}/unwritten`, "/elsewhere.db");
  other.keep("zzzzzz", [["insert", [specOf({ id: "zzzzzz" }), watchOf()]]]);
  unwritten.complete(store, assert.fail);
  assert.equal(store.get(JOB_ID)?.phase.state, "running");
  assert.equal(store.get("zzzzzz"), null);
  assert.deepEqual([...Deno.readDirSync(`${dir.path}/unwritten`)].map(({ name }) => name), ["zzzzzz.json"]);
});

Deno.test("Unwritten trusts no directory of another user's", () => {
  using dir = new StoreDir();
  const kept = new Unwritten(`${dir.path}/shared/unwritten`, dir.file, Deno.uid()!);
  Deno.mkdirSync(`${dir.path}/shared`);
  Deno.chmodSync(`${dir.path}/shared`, 0o777);
  assert.throws(() => kept.keep(JOB_ID, []), /is not a directory of yours alone/);
  Deno.mkdirSync(`${dir.path}/shared/unwritten`);
  Deno.writeTextFileSync(
    `${dir.path}/shared/unwritten/${JOB_ID}.json`,
    JSON.stringify({ version: 1, store: dir.file, writes: [["insert", [specOf(), watchOf()]]] }),
  );
  const store = dir.open();
  kept.complete(store, assert.fail);
  assert.equal(store.get(JOB_ID), null);
});
