/** What terminate() does when the kernel does not do as it is told; a real kernel ends real trees in the host tier. */
import assert from "node:assert/strict";
import { terminate } from "../../../src/cgroup/terminate.ts";
import type { OwnedCgroup } from "../../../src/cgroup/file.ts";
import { CgroupError } from "../../../src/base/errors.ts";
import { parseSignal } from "../../../src/value/signal.ts";
import { Bystander } from "../../kit/fakes/bystander.ts";
import { Child } from "../../kit/fakes/child.ts";
import { FakeKernel } from "../../kit/fakes/kernel.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";
import { QuickTime } from "../../kit/fakes/quick_time.ts";

const TERM = parseSignal("TERM");
const SHORT_MS = 5;
const EMPTY = "populated 0\nfrozen 0\n";

interface Options {
  signal?: typeof TERM | null;
  graceMs?: number;
  killCapMs?: number;
  /** Of both freeze and kill, where a kernel does as it is told. */
  capMs?: number;
  skipGrace?: AbortSignal;
  onStep?: (step: string) => void;
}

/** The names and details of the steps that were told, and who is left. */
async function run(
  cgroup: OwnedCgroup,
  proc: ProcDir,
  { signal = TERM, capMs = SHORT_MS, onStep, ...rest }: Options = {},
) {
  const steps: (readonly [string, Record<string, unknown>])[] = [];
  const survivors = await terminate(cgroup, proc.procs, {
    signal,
    graceMs: SHORT_MS,
    freezeCapMs: capMs,
    killCapMs: capMs,
    onStep: (step, detail) => {
      steps.push([step, detail]);
      onStep?.(step);
    },
    ...rest,
  });
  return { steps, survivors };
}

Deno.test("terminate() of what cannot be frozen or killed tells who is left and leaves nothing frozen", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  proc.add(NO_PID, { name: "cat", state: "D", wchan: "rpc_wait_bit_killable", cgroup: JOB_PATH });
  const cgroup = dir.own({ "cgroup.procs": `${NO_PID}\n${NO_PID + 1}\n` });
  const { steps, survivors } = await run(cgroup, proc);
  assert.deepEqual(steps, [
    ["freeze", { completed: false }],
    ["signal", { signal: "TERM", sent: 0, refused: 0 }],
    ["grace", { emptied: false }],
    ["kill", { by: "cgroup.kill" }],
    ["empty", { emptied: false }],
  ]);
  // The second process left before it was looked at.
  assert.deepEqual(survivors.map(({ pid, state, wchan }) => ({ pid, state, wchan })), [
    { pid: NO_PID, state: "D", wchan: "rpc_wait_bit_killable" },
  ]);
  assert.match(survivors[0]!.because, /NFS/);
  assert.equal(dir.text(JOB_PATH, "cgroup.kill"), "1");
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "0");
});

Deno.test("terminate() without a first signal goes straight to the kill", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const { steps } = await run(dir.own(), proc, { signal: null });
  assert.deepEqual(steps.map(([step]) => step), ["kill", "empty"]);
});

Deno.test("terminate() in a hurry from the start sends no first signal", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const { steps } = await run(dir.own(), proc, { skipGrace: AbortSignal.abort() });
  assert.deepEqual(steps.map(([step]) => step), ["kill", "empty"]);
});

Deno.test("terminate() kills nothing when the first signal was enough", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const onStep = (step: string) => step === "signal" && dir.put(JOB_PATH, "cgroup.events", EMPTY);
  const { steps, survivors } = await run(dir.own(), proc, { onStep });
  assert.deepEqual(steps.at(-1), ["grace", { emptied: true }]);
  assert.deepEqual(survivors, []);
  assert.equal(dir.text(JOB_PATH, "cgroup.kill"), "");
});

Deno.test("terminate() kills one by one on a kernel without cgroup.kill", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const cgroup = dir.own();
  dir.take(JOB_PATH, "cgroup.kill");
  const onStep = (step: string) => step === "kill" && dir.put(JOB_PATH, "cgroup.events", EMPTY);
  const { steps, survivors } = await run(cgroup, proc, { signal: null, capMs: 5_000, onStep });
  assert.deepEqual(steps, [["kill", { by: "signals" }], ["empty", { emptied: true }]]);
  assert.deepEqual(survivors, []);
});

Deno.test("terminate() signals one by one what cgroup.kill passes over", async () => {
  await using child = await Child.ignoring();
  using dir = new CgroupDir();
  using proc = new ProcDir();
  proc.add(child.pid, { cgroup: JOB_PATH });
  await run(dir.own({ "cgroup.procs": `${child.pid}\n` }), proc, { signal: null });
  assert.equal(await child.signal, "SIGKILL");
});

Deno.test("terminate() signals no process that has left the cgroup since it was listed", async () => {
  await using bystander = new Bystander();
  using dir = new CgroupDir();
  using proc = new ProcDir();
  proc.add(bystander.pid, { cgroup: `${JOB_PATH}x` });
  const cgroup = dir.own({ "cgroup.procs": `${bystander.pid}\n` });
  dir.take(JOB_PATH, "cgroup.kill");
  const { steps, survivors } = await run(cgroup, proc);
  assert.deepEqual(steps[1], ["signal", { signal: "TERM", sent: 0, refused: 0 }]);
  assert.equal(survivors.length, 1);
  assert.ok(await bystander.wasLeftAlone());
});

Deno.test("terminate() passes on what it cannot do, and thaws all the same", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  proc.add(NO_PID, { cgroup: JOB_PATH });
  const cgroup = dir.own({ "cgroup.procs": `${NO_PID}\n` });
  Deno.mkdirSync(`${proc.root}/${NO_PID + 1}/cgroup`, { recursive: true });
  dir.put(JOB_PATH, "cgroup.procs", `${NO_PID + 1}\n`);
  await assert.rejects(run(cgroup, proc), /directory/);
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "0");
});

/** As `proc.procs`, but each signal is noted with what cgroup.freeze says at that moment, and the pids of `forbidden` are refused. */
function noting(dir: CgroupDir, proc: ProcDir, notes: string[], forbidden: readonly number[] = []): ProcDir {
  const send = (how: string) => (pid: number, { name }: typeof TERM) => {
    notes.push(`${name} ${how} ${pid}, freeze ${dir.text(JOB_PATH, "cgroup.freeze").trim()}`);
    if (forbidden.includes(pid)) throw new Deno.errors.PermissionDenied("Operation not permitted");
    return true;
  };
  proc.procs.signalFrozen = send("frozen");
  proc.procs.signalIn = (path, pid, signal) => send(`in ${path}`)(pid, signal);
  return proc;
}

const TWO = { "cgroup.procs": `${NO_PID}\n${NO_PID + 1}\n` };

Deno.test("terminate() signals while all is frozen, thaws, waits, kills, and thaws what was frozen meanwhile", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const notes: string[] = [];
  const cgroup = dir.own(TWO);
  await using _kernel = new FakeKernel(dir);
  const freezes: string[] = [];
  const onStep = (step: string) => {
    freezes.push(`${step} ${dir.text(JOB_PATH, "cgroup.freeze").trim()}`);
    if (step === "grace") dir.put(JOB_PATH, "cgroup.freeze", "1");
  };
  const { steps, survivors } = await run(cgroup, noting(dir, proc, notes), { onStep, capMs: 5_000 });
  assert.deepEqual(notes, [`TERM frozen ${NO_PID}, freeze 1`, `TERM frozen ${NO_PID + 1}, freeze 1`]);
  assert.deepEqual(steps[1], ["signal", { signal: "TERM", sent: 2, refused: 0 }]);
  assert.deepEqual(freezes, ["freeze 1", "signal 0", "grace 0", "kill 1", "empty 1"]);
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "0");
  assert.deepEqual(survivors, []);
});

Deno.test("terminate() of what cannot be frozen signals each process where it is, with the freeze undone", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const notes: string[] = [];
  await run(dir.own(TWO), noting(dir, proc, notes));
  assert.deepEqual(
    notes.slice(0, 2),
    [NO_PID, NO_PID + 1].map((pid) => `TERM in ${JOB_PATH} ${pid}, freeze 0`),
  );
});

Deno.test("terminate() leaves it to cgroup.kill to take a process that may not be signalled", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const cgroup = dir.own(TWO);
  await using _kernel = new FakeKernel(dir);
  const { steps, survivors } = await run(cgroup, noting(dir, proc, [], [NO_PID]), { capMs: 5_000 });
  assert.deepEqual(steps[1], ["signal", { signal: "TERM", sent: 1, refused: 1 }]);
  assert.deepEqual(survivors, []);
});

Deno.test("terminate() sends a second KILL, process by process, half a second after cgroup.kill, and only then", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const notes: string[] = [];
  const cgroup = dir.own(TWO);
  noting(dir, proc, notes);
  const second = proc.procs.signalIn;
  proc.procs.signalIn = (path, pid, signal) => {
    if (pid === NO_PID + 1) dir.put(JOB_PATH, "cgroup.events", EMPTY);
    return second(path, pid, signal);
  };
  using _time = new QuickTime(20);
  const startedMs = performance.now();
  const { survivors } = await run(cgroup, proc, { signal: null, killCapMs: 60_000 });
  const tookMs = performance.now() - startedMs;
  assert.deepEqual(notes, [NO_PID, NO_PID + 1].map((pid) => `KILL in ${JOB_PATH} ${pid}, freeze 0`));
  assert.ok(tookMs >= 500 && tookMs < 30_000, `${tookMs} ms`);
  assert.deepEqual(survivors, []);
});

Deno.test("terminate() sends no second KILL to what the first one has ended", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const notes: string[] = [];
  const cgroup = dir.own(TWO);
  await using _kernel = new FakeKernel(dir);
  await run(cgroup, noting(dir, proc, notes), { signal: null, killCapMs: 5_000 });
  assert.deepEqual(notes, []);
});

Deno.test("terminate() waits for the whole of the kill deadline, which is ten seconds", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  proc.add(NO_PID, { cgroup: JOB_PATH, state: "D" });
  const cgroup = dir.own({ "cgroup.procs": `${NO_PID}\n` });
  using _time = new QuickTime(100);
  const startedMs = performance.now();
  const survivors = await terminate(cgroup, proc.procs, { signal: null, graceMs: 0, onStep: () => {} });
  assert.ok(performance.now() - startedMs >= 10_000);
  assert.deepEqual(survivors.map(({ pid }) => pid), [NO_PID]);
});

Deno.test("terminate() goes on to the kill when the freezer refuses, and tells of it", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const cgroup = dir.own(TWO);
  dir.take(JOB_PATH, "cgroup.freeze");
  const { steps } = await run(cgroup, proc);
  assert.deepEqual(steps.map(([step, { step: what }]) => what === undefined ? step : `${step} ${what}`), [
    "step-failed signal",
    "grace",
    "kill",
    "empty",
    "step-failed thaw",
  ]);
  assert.equal(dir.text(JOB_PATH, "cgroup.kill"), "1");
});

Deno.test("terminate() signals one by one when the kernel refuses cgroup.kill", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const notes: string[] = [];
  const cgroup = dir.own(TWO);
  cgroup.writeOptional = (file) => {
    throw new CgroupError("cannot write", { path: file });
  };
  const { steps } = await run(cgroup, noting(dir, proc, notes), { signal: null, killCapMs: 100 });
  assert.deepEqual(steps.slice(0, 2).map(([step]) => step), ["step-failed", "kill"]);
  assert.deepEqual(steps[1], ["kill", { by: "signals" }]);
  assert.deepEqual(notes.slice(0, 2).map((note) => note.split(",")[0]), [
    `KILL in ${JOB_PATH} ${NO_PID}`,
    `KILL in ${JOB_PATH} ${NO_PID + 1}`,
  ]);
});

Deno.test("terminate() sends single KILLs once at least, also when there is no time left for it", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const notes: string[] = [];
  const cgroup = dir.own(TWO);
  dir.take(JOB_PATH, "cgroup.kill");
  await run(cgroup, noting(dir, proc, notes), { signal: null, killCapMs: 0 });
  assert.equal(notes.length, 2);
});

Deno.test("terminate() without cgroup.kill freezes first, so that no fork slips by, and signals until it is empty", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const notes: string[] = [];
  const cgroup = dir.own({ "cgroup.procs": `${NO_PID}\n` });
  dir.take(JOB_PATH, "cgroup.kill");
  noting(dir, proc, notes);
  const send = proc.procs.signalIn;
  proc.procs.signalIn = (path, pid, signal) => {
    // One that was born before the freeze shows at the second look.
    dir.put(JOB_PATH, "cgroup.procs", `${NO_PID + 1}\n`);
    if (pid === NO_PID + 1) dir.put(JOB_PATH, "cgroup.events", EMPTY);
    return send(path, pid, signal);
  };
  dir.put(JOB_PATH, "cgroup.events", "populated 1\nfrozen 1\n");
  const { survivors } = await run(cgroup, proc, { signal: null, killCapMs: 5_000 });
  assert.deepEqual(notes, [NO_PID, NO_PID + 1].map((pid) => `KILL in ${JOB_PATH} ${pid}, freeze 1`));
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "0");
  assert.deepEqual(survivors, []);
});

Deno.test("terminate() does not wait out the grace when it is cut short, or when all have gone", async () => {
  for (const cut of ["abort", "empty"]) {
    using dir = new CgroupDir();
    using proc = new ProcDir();
    const cgroup = dir.own();
    const hurry = new AbortController();
    const onStep = (step: string) => {
      if (step !== "signal") return;
      if (cut === "abort") setTimeout(() => hurry.abort(), 10);
      else setTimeout(() => dir.put(JOB_PATH, "cgroup.events", EMPTY), 10);
    };
    const { steps } = await run(cgroup, proc, { graceMs: 600_000, skipGrace: hurry.signal, onStep });
    assert.deepEqual(steps[2], ["grace", { emptied: cut === "empty" }]);
  }
});

Deno.test("terminate() gives the grace that it is told", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  using _time = new QuickTime(20);
  const startedMs = performance.now();
  let graceMs = 0;
  const onStep = (step: string) => step === "grace" && (graceMs = performance.now() - startedMs);
  await run(dir.own(), proc, { graceMs: 2_000, onStep });
  assert.ok(graceMs >= 2_000, `${graceMs} ms`);
});

Deno.test("terminate() of an empty cgroup writes nothing to it", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const { steps, survivors } = await run(dir.own({ "cgroup.events": EMPTY }), proc, { signal: null });
  assert.deepEqual([steps, survivors], [[], []]);
  assert.equal(dir.text(JOB_PATH, "cgroup.kill"), "");
});

Deno.test("terminate() takes only the kernel's refusals for steps that failed", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  proc.procs.signalIn = (_path, _pid, { name }) => {
    if (name === "TERM") throw new TypeError("no such luck");
    return true;
  };
  await assert.rejects(run(dir.own(TWO), proc), /no such luck/);
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "0");
});
