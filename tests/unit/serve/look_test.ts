import assert from "node:assert/strict";
import { NO_LIMITS } from "../../../src/job/job.ts";
import type { Finding } from "../../../src/job/finding.ts";
import { makePageSource } from "../../../src/cli/serve_page.ts";
import type { SweepNote } from "../../../src/serve/context.ts";
import type { LiveRow } from "../../../src/serve/feed.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { BOOT_ID, runOf, specOf } from "../../kit/fakes/job.ts";
import { FakeNode, SUPERVISOR_PID } from "../../kit/fakes/node.ts";

const MIB = 2 ** 20;
const HOSTILE = '</script><img src=x onerror=alert(1)>\u202e\u0007"\\';

const filesOf = (mib: number, usec: number) => ({
  "memory.current": `${mib * MIB}\n`,
  "memory.peak": `${2 * mib * MIB}\n`,
  "memory.stat": `anon ${mib * MIB}\nfile 0\nshmem 0\nslab 0\n`,
  "cpu.stat": `usage_usec ${usec}\nuser_usec 0\nsystem_usec 0\n`,
  "io.stat": "8:0 rbytes=1000 wbytes=4000 rios=1 wios=1\n",
});

function nodeOf(): FakeNode {
  const node = new FakeNode();
  node.proc.write("meminfo", `MemTotal: ${1000 * 1024} kB\nMemAvailable: ${700 * 1024} kB\n`);
  node.proc.write("pressure/memory", "some avg10=1.50 avg60=0 avg300=0 total=1\n");
  node.proc.write("stat", "cpu  100 0 100 9000 0 0 0 0 0 0\ncpu0 1\ncpu1 1\n");
  node.proc.write("sys/kernel/hostname", "node17\n");
  node.proc.write("sys/kernel/osrelease", "6.12.1-amd64\n");
  return node;
}

const sourceOf = (node: FakeNode, lastSweep: SweepNote | null = null) =>
  makePageSource(node.context, { allowChanges: true, lastSweep: () => lastSweep });

const stateOf = ({ id, state, stateNote }: LiveRow) => [id, state, stateNote?.text ?? null];

Deno.test("a look has each job with what it uses, and the rest of the node", async () => {
  using node = nodeOf();
  const { startedBootMs, startedAtMs } = runOf();
  node.bootMs = startedBootMs + 100_000;
  node.wallMs = startedAtMs + 100_000;
  node.start({
    spec: { id: "aaaaaa", name: HOSTILE, ref: HOSTILE, limits: { ...NO_LIMITS, memoryMaxBytes: 400 * MIB } },
    run: { deadlineBootMs: node.bootMs + 3_600_000 },
    files: filesOf(100, 1_000_000),
  });
  const source = sourceOf(node);
  await source.look();
  node.passTime(2_000);
  node.proc.write("stat", "cpu  300 0 300 9000 0 0 0 0 0 0\ncpu0 1\ncpu1 1\n");
  for (const [file, text] of Object.entries(filesOf(150, 5_000_000))) {
    node.cgroups.put("/corral/aaaaaa", file, text);
  }
  node.cgroups.put("/corral/aaaaaa", "io.stat", "8:0 rbytes=3000 wbytes=4000 rios=1 wios=1\n");
  const { node: state, jobs } = await source.look();
  const [job] = jobs;
  assert.equal(JSON.parse(JSON.stringify(job)).name, HOSTILE);
  assert.deepEqual(job, {
    ...{
      id: "aaaaaa",
      name: HOSTILE,
      ref: HOSTILE,
      user: "alice",
      pool: null,
      state: "running",
      stateNote: null,
    },
    ...{
      memoryBytes: 150 * MIB,
      memoryMaxBytes: 400 * MIB,
      memoryHighBytes: null,
      memoryPeakBytes: 300 * MIB,
    },
    ...{
      cpuCores: 2,
      cpuMaxCores: null,
      readBytesPerSec: 1000,
      writtenBytesPerSec: 0,
      processes: 1,
      pidsMax: null,
    },
    ...{ startedMs: startedAtMs, deadlineMs: startedAtMs + 3_700_000, spark: [150 * MIB], asOfMs: null },
  });
  assert.deepEqual(state.readouts, {
    ...{ memoryTotalBytes: 1000 * MIB, memoryAvailableBytes: 700 * MIB, cores: 2, cpuCores: 2 },
    outside: { memoryBytes: 150 * MIB, cpuCores: 0 },
    pressure: { cpu: null, memory: 1.5, io: null },
    ...{ jobsByState: { running: 1 }, queueLength: 0, queueHeadSinceMs: null },
  });
  assert.deepEqual(
    [state.scope, state.user, state.host, state.bootId, state.allowChanges, state.lastSweep, state.findings],
    ["user", "alice", "node17", BOOT_ID, true, null, []],
  );
  assert.match(state.versions, /^corral \d+\.\d+\.\d+, Linux 6\.12$/);
});

Deno.test("the states of jobs, and the sign beside each", async () => {
  using node = nodeOf();
  node.start({ spec: { id: "aaaaaa" } });
  node.start({ spec: { id: "bbbbbb" }, files: { "cgroup.events": "populated 1\nfrozen 1\n" } });
  node.startStarting({ id: "cccccc" });
  node.start({ spec: { id: "dddddd", graceMs: 5_000 } });
  node.stores.open().claimEnding("dddddd", "killed", { wallMs: node.wallMs, bootMs: node.bootMs - 2_000 });
  node.start({ spec: { id: "eeeeee", graceMs: 0 } });
  node.stores.open().claimEnding("eeeeee", "killed", { wallMs: node.wallMs, bootMs: node.bootMs - 2_000 });
  const survivor = { pid: 7, name: "x", state: "D", wchan: null, because: "it waits for a disk" };
  insertEnded(node.stores.open(), {
    spec: { id: "ffffff" },
    ending: { reason: "unkillable", survivors: [survivor, survivor], endedAtMs: node.wallMs },
  });
  const { node: state, jobs } = await sourceOf(node).look();
  assert.deepEqual(jobs.map(stateOf), [
    ["aaaaaa", "running", null],
    ["bbbbbb", "frozen", null],
    ["cccccc", "starting", null],
    ["dddddd", "ending", "KILL in 3s"],
    ["eeeeee", "ending", "KILL sent"],
    ["ffffff", "unkillable", "2 processes"],
  ]);
  assert.equal(jobs[3]!.stateNote!.untilMs, node.wallMs + 3_000);
  assert.deepEqual(state.readouts.jobsByState, {
    running: 1,
    frozen: 1,
    starting: 1,
    ending: 2,
    unkillable: 1,
  });
  assert.equal(state.findings[0]!.kind, "unkillable");
});

Deno.test("what comes and goes is seen at the next look, whichever process wrote it", async () => {
  using node = nodeOf();
  const source = sourceOf(node);
  assert.deepEqual((await source.look()).jobs, []);
  node.start({ spec: { id: "aaaaaa" } });
  assert.deepEqual((await source.look()).jobs.map(({ id }) => id), ["aaaaaa"]);
  const store = node.stores.open();
  store.claimEnding("aaaaaa", "oom", { wallMs: node.wallMs, bootMs: node.bootMs });
  insertEnded(store, {
    spec: { id: "bbbbbb" },
    ending: { reason: "exited", exit: { code: 0, signal: null }, endedAtMs: node.wallMs },
  });
  const { node: state, jobs } = await source.look();
  assert.deepEqual(jobs.map(stateOf), [["aaaaaa", "ending", "KILL in 2s"]]);
  assert.equal(state.lastEnded?.id, "bbbbbb");
  assert.deepEqual([state.lastEnded?.text, state.endedLately], [[], []]);
});

Deno.test("ended lately are the last five that did not end well, with the sentence of corral show", async () => {
  using node = nodeOf();
  const store = node.stores.open();
  for (let index = 0; index < 8; index++) {
    const well = index === 7;
    insertEnded(store, {
      spec: { id: `${index + 2}`.repeat(6), timeoutMs: 3_600_000 },
      ending: {
        reason: well ? "exited" : "timeout",
        exit: { code: well ? 0 : null, signal: well ? null : 9 },
        endedAtMs: node.wallMs - 10_000 + index,
      },
    });
  }
  const { node: state } = await sourceOf(node).look();
  assert.deepEqual(state.endedLately.map(({ id }) => id[0]), ["8", "7", "6", "5", "4"]);
  assert.deepEqual(state.endedLately[0]!.text, [
    { text: "its time limit of 1h passed; try " },
    { flag: "--timeout 1h30m" },
  ]);
  assert.deepEqual([state.lastEnded!.id, state.lastEnded!.exitCode], ["999999", 0]);
});

Deno.test("the spark begins with what the supervisor has saved", async () => {
  using node = nodeOf();
  const { startedBootMs, startedAtMs } = runOf();
  node.bootMs = startedBootMs + 3_600_000;
  node.wallMs = startedAtMs + 3_600_000;
  node.start({ spec: { id: "aaaaaa" }, files: filesOf(100, 0) });
  const samples = [0, 30, 45].map((minutes) => ({
    ...{ offsetMs: minutes * 60_000, memoryBytes: (10 + minutes) * MIB, anonBytes: null, fileBytes: null },
    ...{ cpuUsageUsec: 0, tasks: 1 },
  }));
  const peaks = { anonBytes: null, fileBytes: null, shmemBytes: null, slabBytes: null };
  node.stores.open().saveSampled("aaaaaa", { samples, peaks });
  const { jobs: [job] } = await sourceOf(node).look();
  assert.deepEqual(job!.spark.map((bytes) => bytes / MIB), [40, 55, 100]);
});

Deno.test("the queue, the pools and the room are those of corral queue and corral pool", async () => {
  using node = nodeOf();
  const pool = { name: "gpu", jobs: 1, memoryBytes: 500 * MIB, cpus: 4, defaultMemoryBytes: null };
  node.pools = new Map([["gpu", pool]]);
  const place = { name: "gpu", priority: 3, requeue: 0 };
  const limits = { ...NO_LIMITS, memoryMaxBytes: 200 * MIB, cpuMaxCores: 2 };
  node.start({
    spec: { id: "aaaaaa", pool: place, limits },
    run: { deadlineBootMs: node.bootMs + 60_000 },
    files: filesOf(100, 0),
  });
  const store = node.stores.open();
  const waiter = { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: BOOT_ID };
  for (const id of ["bbbbbb", "cccccc"]) {
    const spec = specOf({ id, name: `wait ${id}`, limits, createdAtMs: node.wallMs - 60_000 });
    store.enqueue({ ...spec, pool: place }, { atBootMs: node.bootMs, bootId: BOOT_ID, waiter, ticket: null });
  }
  const { node: state, jobs } = await sourceOf(node).look();
  assert.deepEqual(jobs.map(({ id }) => id), ["aaaaaa"]);
  assert.deepEqual(
    state.queue.map(({ id, position, waitsFor, text, startsBy }) => [id, position, waitsFor, text, startsBy]),
    [
      ["bbbbbb", 1, "slot", [{ text: "it waits for a slot (1 of 1 used)" }], {
        afterId: "aaaaaa",
        atMs: node.wallMs + 60_000,
      }],
      ["cccccc", 2, "slot", [{ text: "it waits for a slot (1 of 1 used)" }], null],
    ],
  );
  assert.deepEqual(state.pools, [{
    ...{ name: "gpu", jobs: 1, jobsMax: 1, isDrained: false, queued: 2 },
    memory: { usedBytes: 100 * MIB, reservedBytes: 200 * MIB, limitBytes: 500 * MIB },
    cpu: { usedCores: null, reservedCores: 2, limitCores: 4 },
  }]);
  assert.equal(state.room?.promisedBytes, 100 * MIB);
  assert.deepEqual([state.readouts.queueLength, state.readouts.queueHeadSinceMs], [2, node.wallMs - 60_000]);
});

Deno.test("the sweeps of the server are on the page, and what they found", async () => {
  using node = nodeOf();
  const finding: Finding = { kind: "escapee", key: "k", id: null, pid: 12, message: "process 12 has left" };
  const sweep = { atMs: node.wallMs - 4_000, ended: 1, collected: 2, findings: [finding] };
  const { node: state } = await sourceOf(node, sweep).look();
  assert.deepEqual(state.lastSweep, { atMs: node.wallMs - 4_000, ended: 1, collected: 2 });
  assert.deepEqual(state.findings.map(({ kind }) => kind), ["escapee"]);
});
