import assert from "node:assert/strict";
import { runningFacts } from "../../../src/job/job.ts";
import { NO_SPLIT } from "../../../src/job/usage.ts";
import { Ledger } from "../../../src/store/ledger.ts";
import type { Sampled } from "../../../src/job/series.ts";
import { Sampling } from "../../../src/observe/sampling.ts";
import { JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { JOB_ID, risingSamples } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

const MIB = 2 ** 20;
const AGE_MS = 3_000;

/** The files of a job that holds so much of its own and of files. */
function holding(anonMib: number, fileMib: number): Record<string, string> {
  return {
    "memory.stat": `anon ${anonMib * MIB}\nfile ${fileMib * MIB}\nshmem ${fileMib}\nslab ${anonMib}\n`,
    "memory.current": `${(anonMib + fileMib) * MIB}\n`,
    "cpu.stat": "usage_usec 70\nuser_usec 40\nsystem_usec 30\n",
    "pids.current": "4\n",
    "memory.events": "high 0\nmax 0\n",
  };
}

/** A job of the node that is AGE_MS old, and its samples. */
function sampled(node: FakeNode, files: Record<string, string>, before?: Sampled) {
  const job = node.start({ run: { startedBootMs: node.bootMs - AGE_MS }, files });
  const run = runningFacts(job)!;
  return new Sampling(node.cgroups.fs.own(run.cgroup, JOB_ID), run.startedBootMs, node.context.clock, before);
}

function put(node: FakeNode, files: Record<string, string>): void {
  for (const [file, text] of Object.entries(files)) node.cgroups.put(JOB_PATH, file, text);
}

Deno.test("Sampling.take() keeps what the job holds and the highest of each kind", () => {
  using node = new FakeNode();
  const sampling = sampled(node, holding(10, 50));
  sampling.take();
  node.bootMs += 500;
  put(node, holding(40, 2));
  sampling.take();
  const [first, second] = sampling.samples;
  assert.deepEqual(first, {
    offsetMs: AGE_MS,
    memoryBytes: 60 * MIB,
    anonBytes: 10 * MIB,
    fileBytes: 50 * MIB,
    cpuUsageUsec: 70,
    tasks: 4,
  });
  assert.deepEqual([second!.offsetMs, second!.anonBytes], [AGE_MS + 500, 40 * MIB]);
  assert.deepEqual(sampling.peaks, {
    anonBytes: 40 * MIB,
    fileBytes: 50 * MIB,
    shmemBytes: 50,
    slabBytes: 40,
  });
});

Deno.test("Sampling.takeRemains() learns of files that stay charged, and not that its own memory is gone", () => {
  using node = new FakeNode();
  const sampling = sampled(node, holding(0, 70));
  sampling.takeRemains();
  assert.deepEqual(sampling.peaks, { ...NO_SPLIT, fileBytes: 70 * MIB, shmemBytes: 70, slabBytes: 0 });
  assert.deepEqual(sampling.samples, []);
});

Deno.test("Sampling without controllers has the CPU time alone", () => {
  using node = new FakeNode();
  const sampling = sampled(node, { "cpu.stat": "usage_usec 5\n" });
  sampling.take();
  assert.deepEqual([sampling.samples[0]?.cpuUsageUsec, sampling.samples[0]?.memoryBytes], [5, null]);
  assert.deepEqual(sampling.peaks, NO_SPLIT);
});

Deno.test("Sampling of a cgroup that has vanished, or says nonsense, takes nothing and does not throw", () => {
  using node = new FakeNode();
  const sampling = sampled(node, { ...holding(1, 1), "memory.current": "max\n" });
  sampling.take();
  node.cgroups.vanish(JOB_PATH);
  sampling.take();
  sampling.takeRemains();
  assert.deepEqual([sampling.samples, sampling.peaks], [[], NO_SPLIT]);
});

Deno.test("Sampling goes on where a supervisor that is gone has stopped", () => {
  using node = new FakeNode();
  const peaks = { anonBytes: 900 * MIB, fileBytes: 0, shmemBytes: null, slabBytes: null };
  const sampling = sampled(node, holding(10, 50), { samples: risingSamples(2), peaks });
  sampling.take();
  assert.deepEqual(sampling.samples.map(({ offsetMs }) => offsetMs), [0, 1000, AGE_MS]);
  assert.deepEqual([sampling.peaks.anonBytes, sampling.peaks.fileBytes], [900 * MIB, 50 * MIB]);
});

Deno.test("Sampling.follow() samples by itself, saves from time to time, and stops when it is told", async () => {
  using node = new FakeNode();
  const sampling = sampled(node, holding(10, 50));
  const store = node.stores.open();
  const saved = () => store.sampled(JOB_ID).samples.length;
  {
    using _following = sampling.follow(new Ledger(store, () => {}), JOB_ID);
    await until(() => sampling.samples.length > 0);
    assert.equal(saved(), 0, "three seconds of samples may be lost");
    node.bootMs += 60_000;
    await until(() => saved() > 0);
  }
  const { peaks } = store.sampled(JOB_ID);
  assert.deepEqual(peaks, sampling.peaks);
});

Deno.test("Sampling.follow() is not disturbed by a store that is locked, and saves when it can", async () => {
  using node = new FakeNode();
  // Slowed down for memory: it is looked at four times as often.
  const sampling = sampled(node, { ...holding(10, 50), "memory.events": "high 1\nmax 0\n" });
  node.bootMs += 17_000;
  const store = node.stores.open();
  const other = node.stores.raw();
  other.exec("BEGIN IMMEDIATE");
  const startedMs = performance.now();
  using _following = sampling.follow(new Ledger(store, assert.fail), JOB_ID);
  await until(() => sampling.samples.length > 0);
  assert.ok(performance.now() - startedMs < 5_000, "it did not wait for the lock");
  other.exec("COMMIT");
  await until(() => store.sampled(JOB_ID).samples.length > 0);
});

/** Waits for what a timer brings about. */
async function until(holds: () => boolean): Promise<void> {
  for (const untilMs = performance.now() + 10_000; !holds();) {
    assert.ok(performance.now() < untilMs, "waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

Deno.test("Sampling.oomKillsBefore() counts what had been seen so long ago", () => {
  using node = new FakeNode();
  const sampling = sampled(node, { ...holding(1, 1), "memory.events": "oom_kill 0\n" });
  for (const count of [1, 1, 3]) {
    put(node, { "memory.events": `oom_kill ${count}\n` });
    sampling.take();
    node.bootMs += 1_000;
  }
  assert.deepEqual([0, 1_000, 2_500, 3_000, 3_500].map((ms) => sampling.oomKillsBefore(ms)), [3, 3, 1, 1, 0]);
});
