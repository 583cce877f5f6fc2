import assert from "node:assert/strict";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { parseSelector } from "../../../src/value/selector.ts";
import { StoreError } from "../../../src/base/errors.ts";
import type { JobSpec } from "../../../src/job/job.ts";
import type { Ending } from "../../../src/job/events.ts";
import { NO_SPLIT } from "../../../src/job/usage.ts";
import { DamagedRow, USAGE_COLUMNS } from "../../../src/store/rows.ts";
import {
  endedPhase,
  JOB_ID,
  momentAt,
  risingSamples,
  runOf,
  specOf,
  USAGE,
  watchOf,
} from "../../kit/fakes/job.ts";
import { insertRunning, StoreDir } from "../../kit/fakes/stores.ts";

const AT_MS = 1_793_520_060_000;
const EXITED: Ending = {
  reason: "exited",
  trigger: "exited",
  exit: { code: 0, signal: null },
  endedAtMs: AT_MS,
  usage: USAGE,
  survivors: [],
};
const ODD_SPEC: JobSpec = specOf({
  name: "two\nlines \x1b[31m",
  ref: "'; DROP TABLE jobs; --",
  tags: { project: "brain", "a/b": "=é😀\n" },
  argv: ["sh", "-c", "echo 'a'; \"b\"", "", "\n", "--help"],
  cwd: '/with "quotes" and\nlines',
  limits: {
    memoryMaxBytes: 2 ** 53 - 1,
    memoryHighBytes: 1,
    swapMaxBytes: 0,
    cpuMaxCores: 0.125,
    cpuWeight: 10_000,
    pidsMax: 4_194_304,
  },
  timeoutMs: 3_155_760_000_000,
  graceMs: 0,
  signal: "RTMIN+3",
  adopted: true,
});
const WATCH = watchOf({ backend: "systemd" });

Deno.test("JobStore keeps every field of a job's specification", () => {
  using dir = new StoreDir();
  const store = dir.open();
  store.insert(ODD_SPEC, WATCH);
  assert.deepEqual(store.get(JOB_ID), {
    spec: ODD_SPEC,
    watch: {
      ...WATCH,
      supervisor: { ...WATCH.supervisor, pidNamespace: null },
    },
    phase: { state: "starting" },
  });
  assert.equal(store.get("aaaaaa"), null);
});

Deno.test("JobStore keeps every field of every state", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const run = runOf({ deadlineBootMs: 9_061_000, cgroup: { path: "/corral.slice/x", inode: 2 ** 40 } });
  store.insert(ODD_SPEC, WATCH);
  store.markRunning(JOB_ID, run);
  assert.deepEqual(store.get(JOB_ID)?.phase, { state: "running", run });
  assert.equal(store.claimEnding(JOB_ID, "timeout", momentAt(AT_MS)), "timeout");
  assert.deepEqual(store.get(JOB_ID)?.phase, {
    state: "ending",
    run,
    reason: "timeout",
    endingAtMs: AT_MS,
    endingBootMs: 9_002_000,
  });
  const survivor = { pid: 5, name: ") D (", state: "D", wchan: null, because: "waits" };
  const { state, run: _run, ...ending } = endedPhase({
    reason: "unkillable",
    trigger: "timeout",
    exit: { code: null, signal: 9 },
    survivors: [survivor],
  });
  assert.ok(store.markEnded(JOB_ID, ending, []));
  assert.deepEqual(store.get(JOB_ID)?.phase, { state, run, ...ending });
});

Deno.test("JobStore keeps unknown usage apart from 0", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  store.markEnded(JOB_ID, { ...EXITED, usage: { ...USAGE, oomKills: 0, memoryPeakBytes: null } }, []);
  const { phase } = store.get(JOB_ID)!;
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.usage?.oomKills, phase.usage?.memoryPeakBytes], [0, null]);
});

Deno.test("JobStore keeps every figure of a usage in a column of its own", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  store.markEnded(JOB_ID, EXITED, []);
  const { phase } = store.get(JOB_ID)!;
  assert.ok(phase.state === "ended");
  assert.deepEqual(phase.usage, USAGE);
  const row = dir.raw().prepare("SELECT * FROM jobs").get()!;
  for (const [column, key] of USAGE_COLUMNS) {
    const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    assert.deepEqual([column, row[column]], [snake, USAGE[key]]);
  }
  assert.deepEqual(
    USAGE_COLUMNS.map(([, key]) => key),
    Object.keys(USAGE).filter((key) => key !== "ioDevices"),
  );
  assert.deepEqual(JSON.parse(String(row["io_devices"])), USAGE.ioDevices);
});

Deno.test("JobStore keeps what was sampled so far, and at the end the whole of it", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  insertRunning(store, { id: "aaaaaa" });
  const peaks = { anonBytes: 1, fileBytes: null, shmemBytes: 3, slabBytes: 4 };
  const odd = { ...risingSamples(1)[0]!, memoryBytes: null, tasks: 2 ** 40 };
  assert.deepEqual(store.sampled(JOB_ID), { samples: [], peaks: NO_SPLIT });
  store.saveSampled(JOB_ID, { samples: risingSamples(3), peaks });
  assert.deepEqual(store.sampled(JOB_ID), { samples: risingSamples(3), peaks });
  store.saveSampled(JOB_ID, { samples: [odd], peaks });
  assert.deepEqual(store.sampled(JOB_ID).samples, [odd]);
  store.markEnded(JOB_ID, { ...EXITED, samples: risingSamples(2) }, []);
  assert.deepEqual(store.sampled(JOB_ID), {
    samples: risingSamples(2),
    peaks: {
      anonBytes: 20 * 2 ** 30,
      fileBytes: 5 * 2 ** 30,
      shmemBytes: 3 * 2 ** 20,
      slabBytes: 12 * 2 ** 20,
    },
  });
  assert.deepEqual(store.sampled("aaaaaa").samples, []);
});

Deno.test("JobStore.saveSampled() leaves a job that has ended as it was recorded", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  store.saveSampled(JOB_ID, { samples: risingSamples(3), peaks: NO_SPLIT });
  // Whoever ended it had not sampled anything.
  store.markEnded(JOB_ID, EXITED, []);
  store.saveSampled(JOB_ID, { samples: risingSamples(9), peaks: NO_SPLIT });
  const { samples, peaks } = store.sampled(JOB_ID);
  assert.deepEqual([samples.length, peaks.anonBytes], [3, 20 * 2 ** 30]);
});

Deno.test("JobStore.drop() drops ended jobs with all that belongs to them, and no others", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const ids = { old: "aaaaaa", alive: "bbbbbb", survived: "cccccc", recent: "dddddd", kept: "eeeeee" };
  for (const id of Object.values(ids)) insertRunning(store, { id });
  const survivors = [{ pid: 5, name: "x", state: "D", wchan: null, because: "waits" }];
  for (const id of [ids.old, ids.kept]) store.markEnded(id, { ...EXITED, samples: risingSamples(2) }, []);
  store.markEnded(ids.survived, { ...EXITED, reason: "unkillable", survivors }, []);
  store.markEnded(ids.recent, { ...EXITED, endedAtMs: AT_MS + 10 }, []);
  const which = { beforeMs: AT_MS + 10, except: [ids.kept] };
  assert.deepEqual(store.droppable(which, 100), [ids.old]);
  assert.equal(store.drop(which, Object.values(ids)), 1);
  assert.deepEqual(Object.values(ids).filter((id) => store.get(id) === null), [ids.old]);
  const rows = dir.raw().prepare("SELECT job_id FROM events UNION ALL SELECT job_id FROM samples").all();
  assert.ok(rows.length > 0 && rows.every((row) => row["job_id"] !== ids.old));
});

Deno.test("JobStore.droppable() gives those first that ended first, and looks no further than it has to", () => {
  using dir = new StoreDir();
  const store = dir.open();
  for (const [index, id] of ["cccccc", "aaaaaa", "bbbbbb"].entries()) {
    insertRunning(store, { id });
    store.markEnded(id, { ...EXITED, endedAtMs: AT_MS + index }, []);
  }
  const which = { beforeMs: AT_MS + 2, except: [] };
  assert.deepEqual(store.droppable(which, 10), ["cccccc", "aaaaaa"]);
  assert.deepEqual(store.droppable(which, 1), ["cccccc"]);
  const plan = dir.raw().prepare(
    "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE ended_at_ms < 5 AND state = 'ended' ORDER BY ended_at_ms LIMIT 1",
  ).all();
  assert.match(String(plan[0]?.["detail"]), /SEARCH jobs USING INDEX jobs_ended/);
});

Deno.test("jobs_ended finds the jobs of a time, those that have not ended included", () => {
  using dir = new StoreDir();
  dir.open();
  const query = "EXPLAIN QUERY PLAN SELECT * FROM jobs WHERE ended_at_ms >= 5 OR ended_at_ms IS NULL";
  const plan = dir.raw().prepare(query).all().map((row) => String(row["detail"]));
  assert.equal(
    plan.filter((step) => step.includes("SEARCH jobs USING INDEX jobs_ended")).length,
    2,
    plan.join(),
  );
});

Deno.test("JobStore.givePagesBack() makes the file smaller by what dropped jobs have left", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const ids = Array.from(
    { length: 64 },
    (_, index) => `aaaa${"bcdefghj"[index >> 3]}${"bcdefghj"[index & 7]}`,
  );
  for (const id of ids) {
    insertRunning(store, { id, argv: ["x".repeat(20_000)] });
    store.markEnded(id, EXITED, []);
  }
  store.drop({ beforeMs: AT_MS + 1, except: [] }, ids);
  const full = store.pages();
  assert.ok(full.freePages > 300, `${full.freePages} free pages`);
  store.givePagesBack(100);
  assert.deepEqual(store.pages(), { pages: full.pages - 100, freePages: full.freePages - 100 });
});

Deno.test("JobStore keeps a job that ended without ever having run", () => {
  using dir = new StoreDir();
  const store = dir.open();
  store.insert(specOf(), watchOf());
  store.markEnded(
    JOB_ID,
    { ...EXITED, reason: "failed-to-start", trigger: "failed-to-start", usage: null },
    [],
  );
  const { phase } = store.get(JOB_ID)!;
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.run, phase.usage, phase.reason], [null, null, "failed-to-start"]);
});

Deno.test("JobStore.insert() refuses an id twice, and isTaken() tells", () => {
  using dir = new StoreDir();
  const store = dir.open();
  assert.ok(!store.isTaken(JOB_ID));
  store.insert(specOf(), watchOf());
  assert.ok(store.isTaken(JOB_ID));
  assert.throws(() => store.insert(specOf({ name: "other" }), watchOf()), StoreError);
  assert.equal(store.get(JOB_ID)?.spec.name, specOf().name);
  assert.equal(store.events(JOB_ID).length, 1);
});

Deno.test("JobStore.claimEnding() gives everybody the reason that came first", () => {
  using dir = new StoreDir();
  const [run, kill] = [dir.open("run"), dir.open("kill")];
  insertRunning(run);
  assert.equal(kill.claimEnding(JOB_ID, "killed", momentAt(AT_MS)), "killed");
  assert.equal(run.claimEnding(JOB_ID, "timeout", momentAt(AT_MS + 1)), "killed");
  assert.equal(kill.claimEnding(JOB_ID, "orphaned", momentAt(AT_MS + 2)), "killed");
  const endings = run.events(JOB_ID).filter(({ kind }) => kind === "ending");
  assert.deepEqual(endings, [{ atMs: AT_MS, actor: "kill", kind: "ending", detail: { reason: "killed" } }]);
});

Deno.test("JobStore.claimEnding() gives null for a job that has ended or never was", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  store.markEnded(JOB_ID, EXITED, []);
  assert.equal(store.claimEnding(JOB_ID, "killed", momentAt(AT_MS)), null);
  assert.equal(store.claimEnding("aaaaaa", "killed", momentAt(AT_MS)), null);
});

Deno.test("JobStore.markEnded() ends a job once", () => {
  using dir = new StoreDir();
  const [run, kill] = [dir.open("run"), dir.open("kill")];
  insertRunning(run);
  const step = { atMs: AT_MS - 5, actor: "run", kind: "kill", detail: { by: "cgroup.kill" } };
  assert.ok(run.markEnded(JOB_ID, EXITED, [step]));
  assert.ok(!kill.markEnded(JOB_ID, { ...EXITED, reason: "killed", exit: { code: null, signal: 9 } }, []));
  const { phase } = kill.get(JOB_ID)!;
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.reason, phase.exit.code], ["exited", 0]);
  assert.deepEqual(kill.events(JOB_ID).map(({ kind }) => kind).slice(-2), ["kill", "ended"]);
});

Deno.test("JobStore does not wake the dead: an ended job stays as it was recorded", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  store.markEnded(JOB_ID, EXITED, []);
  const before = store.get(JOB_ID);
  store.markRunning(JOB_ID, runOf({ pid: 1 }));
  const to = {
    limits: { ...specOf().limits, pidsMax: 1 },
    timeoutMs: 5,
    cpuTimeMs: null,
    deadlineBootMs: 6,
    health: null,
  };
  assert.ok(!store.change(JOB_ID, to, { atMs: AT_MS, actor: "set", kind: "set", detail: {} }));
  assert.deepEqual(store.get(JOB_ID), before);
});

Deno.test("JobStore.change() sets limits and deadline of a live job and leaves an event", () => {
  using dir = new StoreDir();
  const store = dir.open("set");
  insertRunning(store);
  const limits = { ...specOf().limits, pidsMax: 7 };
  const event = { atMs: AT_MS, actor: "set", kind: "set", detail: { pidsMax: 7 } };
  assert.ok(
    store.change(JOB_ID, {
      limits,
      timeoutMs: 60_000,
      cpuTimeMs: 30_000,
      deadlineBootMs: 9_061_000,
      health: null,
    }, event),
  );
  const { spec, phase } = store.get(JOB_ID)!;
  assert.deepEqual([spec.limits, spec.timeoutMs], [limits, 60_000]);
  assert.equal(phase.state === "running" && phase.run.deadlineBootMs, 9_061_000);
  assert.deepEqual(store.events(JOB_ID).at(-1), event);
  store.claimEnding(JOB_ID, "killed", momentAt(AT_MS));
  assert.ok(
    !store.change(
      JOB_ID,
      { limits, timeoutMs: null, cpuTimeMs: null, deadlineBootMs: null, health: null },
      event,
    ),
  );
});

Deno.test("JobStore.live() lists what is not over, oldest first, unkillable jobs included", () => {
  using dir = new StoreDir();
  const store = dir.open();
  for (const [index, id] of ["dddddd", "cccccc", "bbbbbb", "aaaaaa"].entries()) {
    insertRunning(store, { id, createdAtMs: 1000 + index });
  }
  store.claimEnding("cccccc", "killed", momentAt(AT_MS));
  store.markEnded("bbbbbb", EXITED, []);
  const survivor = { pid: 5, name: "x", state: "D", wchan: null, because: "waits" };
  store.markEnded("aaaaaa", { ...EXITED, reason: "unkillable", survivors: [survivor] }, []);
  const ids = () => store.live().map(({ spec }) => spec.id);
  assert.deepEqual(ids(), ["dddddd", "cccccc", "aaaaaa"]);
  store.setSurvivors("aaaaaa", [], []);
  assert.deepEqual(ids(), ["dddddd", "cccccc"]);
});

Deno.test("JobStore.find() by id, then ref, then name, then the beginning of an id", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store, { id: "aab222", name: "a%", ref: "r1", createdAtMs: 1 });
  insertRunning(store, { id: "aac333", name: "a%", ref: "r2", createdAtMs: 3 });
  insertRunning(store, { id: "zzzzzz", name: "axx", ref: null, createdAtMs: 2 });
  // Names and refs that are what others have: the earlier kind wins.
  insertRunning(store, { id: "mmmmmm", name: "zzzzzz", ref: "axx", createdAtMs: 4 });
  insertRunning(store, { id: "nnnnnn", name: "r1", ref: "aa", createdAtMs: 0 });
  const found = (text: string) => {
    const { by, jobs } = store.find(parseSelector(text));
    return [by, ...jobs.map(({ spec }) => spec.id)];
  };
  assert.deepEqual(found("aab222"), ["id", "aab222"]);
  assert.deepEqual(found("zzzzzz"), ["id", "zzzzzz"]);
  assert.deepEqual(found("axx"), ["ref", "mmmmmm"]);
  assert.deepEqual(found("r1"), ["ref", "aab222"]);
  assert.deepEqual(found("aa"), ["ref", "nnnnnn"]);
  assert.deepEqual(found("a%"), ["name", "aac333", "aab222"]);
  assert.deepEqual(found("aab22"), ["prefix", "aab222"]);
  assert.deepEqual(found("a"), ["prefix", "aac333", "aab222"]);
  assert.deepEqual(found("b"), ["prefix"]);
  assert.deepEqual(found("name:a%"), ["name", "aac333", "aab222"]);
  assert.deepEqual(found("name:r1"), ["name", "nnnnnn"]);
  assert.deepEqual(found("ref:r1"), ["ref", "aab222"]);
  assert.deepEqual(found("last"), ["last", "mmmmmm"]);
});

Deno.test("JobStore.find() of a name finds the live job behind any number of newer ended ones", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store, { id: "aab222", name: "seg", createdAtMs: 1 });
  for (let index = 0; index < 150; index++) {
    const id = `zz${"abcdefghjk"[index % 10]}${"23456789abcdefg"[Math.floor(index / 10)]}zz`;
    insertEnded(store, { spec: { id, name: "seg", createdAtMs: 10 + index } });
  }
  const { jobs } = store.find(parseSelector("seg"));
  assert.deepEqual([jobs[0]!.spec.id, jobs.length], ["aab222", 101]);
});

Deno.test("JobStore.recent() has all live jobs and the last ended ones, newest first", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store, { id: "aab222", createdAtMs: 1 });
  for (const [index, id] of ["aaaaaa", "bbbbbb", "cccccc"].entries()) {
    insertEnded(store, { spec: { id, createdAtMs: 2 + index } });
  }
  assert.deepEqual(store.recent(2).map(({ spec }) => spec.id), ["cccccc", "bbbbbb", "aab222"]);
});

Deno.test("JobStore.events() are in the order in which they happened", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const event = (atMs: number, kind: string) => ({
    atMs,
    actor: "run",
    kind,
    detail: { text: "a\nb", n: 1.5 },
  });
  store.insert(specOf({ createdAtMs: 1 }), watchOf());
  store.addEvents(JOB_ID, [event(9, "late"), event(5, "early"), event(9, "later")]);
  const events = store.events(JOB_ID);
  assert.deepEqual(events.map(({ kind }) => kind), ["starting", "early", "late", "later"]);
  assert.deepEqual(events[1], event(5, "early"));
  assert.deepEqual(store.events("aaaaaa"), []);
});

Deno.test("JobStore waits for another process's write no longer than it was told, and writes nothing half", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  const other = dir.raw();
  other.exec("BEGIN IMMEDIATE");
  store.waitAtMost(30);
  const startedMs = performance.now();
  assert.throws(
    () => store.claimEnding(JOB_ID, "timeout", momentAt(AT_MS)),
    (error: unknown) => error instanceof StoreError && /locked/.test(error.message) && error.remedy !== null,
  );
  assert.ok(performance.now() - startedMs < 5_000);
  // Readers do not wait for writers.
  assert.equal(store.get(JOB_ID)?.phase.state, "running");
  other.exec("COMMIT");
  assert.equal(store.claimEnding(JOB_ID, "timeout", momentAt(AT_MS)), "timeout");
});

Deno.test("JobStore rolls a write back as a whole", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  dir.raw().exec("DROP TABLE events");
  assert.throws(() => store.claimEnding(JOB_ID, "timeout", momentAt(AT_MS)), StoreError);
  assert.equal(store.get(JOB_ID)?.phase.state, "running");
});

Deno.test("JobStore names the job whose row is damaged, and reads the others", () => {
  const damages = [
    "argv = '{'",
    "argv = '[]'",
    "argv = '[1]'",
    "argv = '\"sleep\"'",
    "limits = '7'",
    "limits = '{}'",
    "tags = 'null'",
    "tags = '{\"a\": {}}'",
    "first_signal = 'NONE'",
    "backend = 'docker'",
    "created_at_ms = 9000000000000000",
    "reason = 'bored', state = 'ending', ending_at_ms = 1",
    "state = 'ended', reason = 'exited', ended_at_ms = 1, survivors = '[{}]'",
    "limits = ''",
    "tags = 'x'",
    "state = 'ended'",
    "state = 'ending'",
    "pid = NULL",
    "cgroup_inode = NULL",
    "state = 'ended', reason = 'exited', ended_at_ms = 1, survivors = '['",
    "state = 'ended', reason = 'exited', ended_at_ms = 1, wall_ms = 1, io_devices = '[{}]'",
  ];
  for (const damage of damages) {
    using dir = new StoreDir();
    const store = dir.open();
    insertRunning(store);
    insertRunning(store, { id: "aaaaaa" });
    dir.raw().exec(`UPDATE jobs SET ${damage} WHERE id = '${JOB_ID}'`);
    assert.throws(
      () => store.get(JOB_ID),
      (error: unknown) =>
        error instanceof DamagedRow && error.id === JOB_ID && error.path === dir.file &&
        /row of job "7k2m9q" is damaged/.test(error.message),
      damage,
    );
    assert.equal(store.get("aaaaaa")?.phase.state, "running");
  }
});

Deno.test("JobStore.live() and get() tell of a damaged row instead of throwing, when asked to", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  insertRunning(store, { id: "aaaaaa" });
  dir.raw().exec(`PRAGMA foreign_keys = OFF; UPDATE jobs SET id = '../x', tags = 'x' WHERE id = '${JOB_ID}'`);
  const told: string[] = [];
  const tell = ({ id }: DamagedRow) => void told.push(id);
  assert.deepEqual(store.live(tell).map(({ spec }) => spec.id), ["aaaaaa"]);
  assert.equal(store.get("../x", tell), null);
  assert.deepEqual(told, ["../x", "../x"]);
  assert.throws(() => store.live(), DamagedRow);
});

Deno.test("JobStore reads all rows although one holds a number that JavaScript has not", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  insertRunning(store, { id: "aaaaaa" });
  dir.raw().exec(`UPDATE jobs SET cgroup_inode = 4611686018427387905 WHERE id = '${JOB_ID}'`);
  const inodes = store.live().map(({ phase }) => phase.state === "running" ? phase.run.cgroup.inode : null);
  assert.deepEqual(inodes.sort(), [4242, 2 ** 62]);
});

const SURVIVOR = { pid: 4712, name: "cat", state: "D", wchan: "rpc_wait", because: "waits" };

Deno.test("JobStore.setSurvivors() records who is left by now, with the steps of the try", () => {
  using dir = new StoreDir();
  const store = dir.open("sweep");
  insertRunning(store);
  store.markEnded(JOB_ID, {
    ...EXITED,
    reason: "unkillable",
    survivors: [SURVIVOR, { ...SURVIVOR, pid: 4713 }],
  }, []);
  store.setSurvivors(JOB_ID, [SURVIVOR], [{
    atMs: AT_MS + 1,
    actor: "sweep",
    kind: "kill",
    detail: { by: "signals" },
  }]);
  const phase = store.get(JOB_ID)?.phase;
  assert.ok(phase?.state === "ended");
  assert.deepEqual(phase.survivors, [SURVIVOR]);
  assert.deepEqual(store.events(JOB_ID).at(-1), {
    atMs: AT_MS + 1,
    actor: "sweep",
    kind: "kill",
    detail: { by: "signals" },
  });
});

Deno.test("JobStore.markEnded() of a job that has ended leaves its samples as they are", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  store.markEnded(JOB_ID, { ...EXITED, samples: risingSamples(3) }, []);
  assert.equal(store.markEnded(JOB_ID, { ...EXITED, samples: risingSamples(1) }, []), false);
  assert.deepEqual(store.sampled(JOB_ID).samples, risingSamples(3));
});

Deno.test("JobStore keeps others from writing between what a write reads and what it writes", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const other = dir.raw();
  const keys = ["one"];
  let looked = false;
  keys.filter = (...args: Parameters<typeof keys.filter>) => {
    looked = true;
    assert.throws(() => other.exec("BEGIN IMMEDIATE"), /locked/);
    return [...keys].filter(...args);
  };
  assert.deepEqual(store.newFindings(keys, AT_MS), new Set(["one"]));
  assert.ok(looked);
});

Deno.test("JobStore.newFindings() gives what was not there the last time, and forgets what is gone", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const fresh = (...keys: string[]) => [...store.newFindings(keys, AT_MS)];
  assert.deepEqual(fresh("a", "b"), ["a", "b"]);
  assert.deepEqual(fresh("a", "b", "c"), ["c"]);
  assert.deepEqual(fresh("a", "b", "c"), []);
  assert.deepEqual(fresh("b"), []);
  assert.deepEqual(fresh("a", "b"), ["a"]);
});

Deno.test("JobStore.countStrike() counts in a row, and from 0 after a word to the contrary", () => {
  using dir = new StoreDir();
  const store = dir.open();
  insertRunning(store);
  assert.deepEqual([true, true, false, true].map((word) => store.countStrike(JOB_ID, word)), [1, 2, 0, 1]);
  assert.equal(store.strikes(JOB_ID), 1);
});
