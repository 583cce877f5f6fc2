/** What terminate() does when the kernel does not do as it is told; a real kernel ends real trees in the host tier. */
import assert from "node:assert/strict";
import { terminate } from "../../../src/cgroup/terminate.ts";
import type { OwnedCgroup } from "../../../src/cgroup/file.ts";
import { parseSignal } from "../../../src/value/signal.ts";
import { Bystander } from "../../kit/fakes/bystander.ts";
import { Child } from "../../kit/fakes/child.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";

const TERM = parseSignal("TERM");
const SHORT_MS = 5;
const EMPTY = "populated 0\nfrozen 0\n";

interface Options {
  signal?: typeof TERM | null;
  skipGrace?: AbortSignal;
  onStep?: (step: string) => void;
}

/** The names and details of the steps that were told, and who is left. */
async function run(cgroup: OwnedCgroup, proc: ProcDir, { signal = TERM, onStep, ...rest }: Options = {}) {
  const steps: (readonly [string, Record<string, unknown>])[] = [];
  const survivors = await terminate(cgroup, proc.procs, {
    signal,
    graceMs: SHORT_MS,
    freezeCapMs: SHORT_MS,
    killCapMs: SHORT_MS,
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
  const { steps, survivors } = await run(cgroup, proc, { signal: null, onStep });
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
