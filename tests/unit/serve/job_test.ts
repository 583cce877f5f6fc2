import assert from "node:assert/strict";
import { CorralError, NotFoundError, UsageError } from "../../../src/base/errors.ts";
import { NO_LIMITS } from "../../../src/job/job.ts";
import { pageSizeBytes } from "../../../src/linux/libc.ts";
import { makePageSource } from "../../../src/cli/serve_page.ts";
import type { Part } from "../../../src/serve/feed.ts";
import { startsAfter } from "../../../src/serve/effect.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { BOOT_ID, runOf } from "../../kit/fakes/job.ts";
import { FakeNode, LEADER_PID } from "../../kit/fakes/node.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

// Loaded once, before a test that would be blamed for it.
pageSizeBytes();

const MIB = 2 ** 20;
const textOf = (parts: readonly Part[]) =>
  parts.map((part) => "flag" in part ? part.flag : "text" in part ? part.text : part.name).join("");

const filesOf = (mib: number, usec: number) => ({
  "memory.current": `${mib * MIB}\n`,
  "memory.peak": `${2 * mib * MIB}\n`,
  "memory.stat": `anon ${mib * MIB}\nfile 0\nshmem 0\nslab 7\n`,
  "cpu.stat": `usage_usec ${usec}\nuser_usec 0\nsystem_usec 0\n`,
  "memory.pressure": `some avg10=0.00 avg60=0 avg300=0 total=${usec / 4}\n`,
});

const sourceOf = (node: FakeNode) =>
  makePageSource(node.context, { allowChanges: true, lastSweep: () => null });

Deno.test("a live job has its sentence, limits, processes, samples and facts", async () => {
  using node = new FakeNode();
  const { startedBootMs, startedAtMs } = runOf();
  node.bootMs = startedBootMs + 100_000;
  node.wallMs = startedAtMs + 100_000;
  const timeoutMs = 3_700_000;
  node.start({
    spec: { id: "aaaaaa", timeoutMs, limits: { ...NO_LIMITS, memoryMaxBytes: 400 * MIB } },
    run: { deadlineBootMs: startedBootMs + timeoutMs },
    files: filesOf(100, 0),
  });
  const store = node.stores.open();
  store.addEvents("aaaaaa", [{
    atMs: node.wallMs,
    actor: "set",
    kind: "set",
    detail: { memoryMaxBytes: 400 * MIB },
  }]);
  const source = sourceOf(node);
  await source.look();
  await source.detail("aaaaaa");
  node.passTime(2_000);
  for (const [file, text] of Object.entries(filesOf(120, 1_000_000))) {
    node.cgroups.put("/corral/aaaaaa", file, text);
  }
  await source.look();
  const detail = (await source.detail("aaaaaa"))!;
  assert.deepEqual(detail.sentence, {
    severity: "ok",
    text: [{ text: "running, 59m58s left" }],
    more: [],
    command: null,
  });
  assert.deepEqual(detail.limits.slice(0, 2), [
    { key: "memory", label: "memory", unit: "bytes", used: 120 * MIB, peak: 240 * MIB, limit: 400 * MIB },
    { key: "timeout", label: "time", unit: "ms", used: 102_000, peak: null, limit: timeoutMs },
  ]);
  assert.deepEqual(detail.samples, [{
    ...{
      atMs: node.wallMs,
      anonBytes: 120 * MIB,
      fileBytes: 0,
      shmemBytes: 0,
      slabBytes: 7,
      memoryBytes: 120 * MIB,
    },
    ...{ cpuCores: 0.5, readBytesPerSec: null, writtenBytesPerSec: null, stalledPercent: 12.5 },
  }]);
  assert.deepEqual(detail.signs.map(({ key, verdict }) => [key, verdict]), [["cpu", "well"]]);
  assert.deepEqual(detail.tree.map(({ pid, command, depth }) => [pid, command, depth]), [[
    LEADER_PID,
    "sleep 1000",
    0,
  ]]);
  assert.deepEqual(detail.limitChanges, [{
    atMs: node.wallMs - 2_000,
    key: "memoryMaxBytes",
    value: 400 * MIB,
  }]);
  assert.equal(detail.events.at(-1)!.text, `run: set memoryMaxBytes=${400 * MIB}`);
  assert.deepEqual(detail.facts.find(({ label }) => label === "memory now")?.value, "120.0M of 400.0M (30%)");
  assert.deepEqual([detail.live?.id, detail.ended, detail.queued, detail.output], [
    "aaaaaa",
    null,
    null,
    null,
  ]);
});

Deno.test("what is found of a job is in its detail, with the command to type", async () => {
  using node = new FakeNode();
  node.start({
    spec: { id: "aaaaaa", limits: { ...NO_LIMITS, memoryMaxBytes: 100 * MIB } },
    files: filesOf(99, 0),
  });
  const source = sourceOf(node);
  await source.look();
  const { sentence } = (await source.detail("aaaaaa"))!;
  assert.equal(sentence.severity, "attention");
  assert.deepEqual(sentence.more.map(textOf), [
    "it holds 99 % of its memory limit of 100.0M",
    "The kernel kills it when it reaches the limit. Raise the limit, such as --memory 125M",
  ]);
  assert.equal(sentence.command, "corral set aaaaaa --memory 125M");
});

Deno.test("an ended job has the sentence of corral show; a success is no more than that", async () => {
  using node = new FakeNode();
  const store = node.stores.open();
  insertEnded(store, {
    spec: { id: "aaaaaa" },
    ending: { reason: "exited", exit: { code: 0, signal: null } },
  });
  const limits = { ...NO_LIMITS, memoryMaxBytes: 96 * 2 ** 30 };
  insertEnded(store, {
    spec: { id: "bbbbbb", limits },
    usage: { memoryPeakBytes: 96 * 2 ** 30, memoryOomEvents: 1 },
    ending: { reason: "oom", trigger: "oom" },
  });
  const source = sourceOf(node);
  await source.look();
  const [well, ill] = [(await source.detail("aaaaaa"))!, (await source.detail("bbbbbb"))!];
  assert.deepEqual([well.sentence.severity, textOf(well.sentence.text), well.sentence.more], [
    "ok",
    "ended: exited",
    [],
  ]);
  assert.equal(ill.sentence.severity, "bad");
  assert.equal(textOf(ill.sentence.text), "ended: oom: ended by its own memory limit of 96.0G");
  assert.deepEqual(ill.sentence.more.at(-1), [{ text: "try " }, { flag: "--memory 120G" }]);
  assert.deepEqual([ill.live, ill.tree, ill.ended?.reason], [null, [], "oom"]);
});

Deno.test("a job that there is not is null, and so is what is no id", async () => {
  using node = new FakeNode();
  const source = sourceOf(node);
  await source.look();
  for (const id of ["zzzzzz", "", "../../etc/passwd", "name:x", "aaaaaa@0", "A".repeat(10_000)]) {
    assert.equal(await source.detail(id), null);
    assert.equal(await source.effect(id, "kill"), null);
  }
});

Deno.test("the end of the output is bounded, and what is no file holds up nothing", async () => {
  using node = new FakeNode();
  using dir = new TempDir();
  node.uid = Deno.uid()!;
  const outputFile = `${dir.path}/job.out`;
  dir.write("job.out", `${"x".repeat(100)}\n`.repeat(1_000));
  const spec = { uid: node.uid };
  node.start({ spec: { ...spec, id: "aaaaaa" }, run: { outputFile } });
  await new Deno.Command("mkfifo", { args: [`${dir.path}/pipe`] }).output();
  node.start({ spec: { ...spec, id: "bbbbbb" }, run: { outputFile: `${dir.path}/pipe` } });
  const source = sourceOf(node);
  await source.look();
  const { output, signs } = (await source.detail("aaaaaa"))!;
  assert.equal(output!.path, outputFile);
  assert.deepEqual([output!.tail!.length <= 4_096, output!.tail!.startsWith("x".repeat(100))], [true, true]);
  assert.equal(signs.some(({ key }) => key === "output"), true);
  assert.equal((await source.detail("bbbbbb"))!.output!.tail, null);
});

Deno.test("an effect says who dies, what is lost, what comes free, and the command", async () => {
  using node = new FakeNode();
  const { startedBootMs } = runOf();
  node.bootMs = startedBootMs + 50_000;
  node.start({
    spec: { id: "aaaaaa", limits: { ...NO_LIMITS, memoryMaxBytes: 4 * 2 ** 30 } },
    files: filesOf(100, 0),
  });
  const source = sourceOf(node);
  await source.look();
  assert.deepEqual(await source.effect("aaaaaa", "kill"), {
    ...{ processes: 1, users: ["alice"], lostMs: 50_000, freedBytes: 100 * MIB, startsNext: null },
    command: "corral kill aaaaaa",
  });
  const commands = await Promise.all(
    (["freeze", "thaw", "set-timeout", "set-memory"] as const).map((verb) => source.effect("aaaaaa", verb)),
  );
  assert.deepEqual(commands.map((effect) => effect!.command), [
    "corral freeze aaaaaa",
    "corral thaw aaaaaa",
    "corral set aaaaaa --timeout +1h",
    "corral set aaaaaa --memory 5120M",
  ]);
  assert.deepEqual(commands.map((effect) => effect!.freedBytes), [null, null, null, null]);
});

Deno.test("startsAfter() is the job that admission would take", () => {
  const pool = { name: "gpu", jobs: 1, memoryBytes: null, cpus: null, defaultMemoryBytes: null };
  const holding = [{
    id: "aaaaaa",
    pool: "gpu",
    owner: "a",
    memoryBytes: 1,
    currentBytes: 1,
    deadlineBootMs: null,
  }];
  const waitingOf = (id: string, seq: number) => ({
    ...{
      id,
      pool: "gpu",
      priority: 0,
      owner: "a",
      seq,
      queuedAtMs: 0,
      memoryBytes: null,
      timeoutMs: null,
      passedBy: 0,
    },
  });
  const queue = {
    ...{ pools: new Map([["gpu", pool]]), holding, verdicts: [] },
    waiting: [waitingOf("cccccc", 2), waitingOf("bbbbbb", 1)],
    room: { memoryTotalBytes: null, memoryAvailableBytes: null, memoryPressurePercent: null },
    now: { wallMs: 0, bootMs: 0, bootId: BOOT_ID },
  };
  assert.equal(startsAfter(queue, "aaaaaa"), "bbbbbb");
  assert.equal(startsAfter(queue, "zzzzzz"), null);
  assert.equal(startsAfter({ ...queue, waiting: [] }, "aaaaaa"), null);
});

Deno.test("freeze, thaw, more time and more memory are done and said as by the commands", async () => {
  using node = new FakeNode();
  const { startedBootMs } = runOf();
  node.bootMs = startedBootMs + 1_000;
  node.start({
    spec: { id: "aaaaaa", timeoutMs: 60_000 },
    run: { deadlineBootMs: startedBootMs + 60_000 },
    files: { ...filesOf(10, 0), "memory.max": "max\n" },
  });
  node.backend.files = {};
  const source = sourceOf(node);
  await source.look();
  assert.equal(
    await source.change({ jobId: "aaaaaa", verb: "set-timeout", value: "+1h" }),
    "aaaaaa set: timeout 1h1m",
  );
  assert.equal(node.recorded("aaaaaa").spec.timeoutMs, 3_660_000);
  assert.equal(await source.change({ jobId: "aaaaaa", verb: "thaw" }), "aaaaaa was not frozen");
  assert.equal(node.eventKinds("aaaaaa").filter((kind) => kind === "set").length, 1);
});

Deno.test("what cannot be done is refused in one line, before anything is done", async () => {
  using node = new FakeNode();
  node.start({ spec: { id: "aaaaaa" }, files: filesOf(10, 0) });
  insertEnded(node.stores.open(), { spec: { id: "bbbbbb" } });
  const source = sourceOf(node);
  await source.look();
  const cases: [Parameters<typeof source.change>[0], new (...args: never[]) => Error][] = [
    [{ jobId: "aaaaaa", verb: "set-timeout", value: "soon" }, CorralError],
    [{ jobId: "aaaaaa", verb: "set-memory", value: "-1" }, CorralError],
    [{ jobId: "aaaaaa", verb: "set-memory" }, CorralError],
    [{ jobId: "aaaaaa", verb: "sudo" as never }, UsageError],
    [{ jobId: "--all", verb: "kill" }, UsageError],
    [{ jobId: "aaaaaa", verb: "kill", value: "--all" }, UsageError],
    [{ jobId: "zzzzzz", verb: "kill" }, NotFoundError],
    [{ jobId: "bbbbbb", verb: "kill" }, NotFoundError],
  ];
  for (const [change, kind] of cases) {
    await assert.rejects(source.change(change), (error) => {
      assert.ok(error instanceof kind, `${JSON.stringify(change)}: ${error}`);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  }
  assert.equal(node.recorded("aaaaaa").phase.state, "running");
});
