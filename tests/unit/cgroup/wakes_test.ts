/** What keeps a process from acting upon its first signal: that it is stopped, or that it is frozen below the job's cgroup. */
import assert from "node:assert/strict";
import { terminate } from "../../../src/cgroup/terminate.ts";
import { parseSignal, type Signal } from "../../../src/value/signal.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { FakeKernel } from "../../kit/fakes/kernel.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";

const BELOW = `${JOB_PATH}/corral.scope/frozen-part`;

/** The signals that are sent, each with the pid. */
async function sent(dir: CgroupDir, proc: ProcDir): Promise<string[]> {
  const notes: string[] = [];
  const { procs } = proc;
  procs.signalFrozen = (pid: number, signal: Signal) => notes.push(`${signal.name} ${pid}`) > 0;
  const pids = [0, 1, 2].map((index) => `${NO_PID + index}\n`).join("");
  const cgroup = dir.own({ "cgroup.procs": pids });
  await using _kernel = new FakeKernel(dir);
  const options = {
    signal: parseSignal("TERM"),
    graceMs: 5,
    freezeCapMs: 5_000,
    killCapMs: 5_000,
    onStep: () => {},
  };
  await terminate(cgroup, procs, options);
  return notes;
}

Deno.test("terminate() lets stopped processes go on after the first signal, and no others", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  for (const [index, state] of ["S", "T", "t"].entries()) {
    proc.add(NO_PID + index, { state, cgroup: JOB_PATH });
  }
  assert.deepEqual(await sent(dir, proc), [
    `TERM ${NO_PID}`,
    `TERM ${NO_PID + 1}`,
    `CONT ${NO_PID + 1}`,
    `TERM ${NO_PID + 2}`,
  ]);
});

Deno.test("terminate() thaws what is frozen below the job's cgroup, and writes to nothing else there", async () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  dir.add(BELOW, { "cgroup.freeze": "1\n" });
  dir.add(`${JOB_PATH}/other`, { "cgroup.freeze": "0\n" });
  await sent(dir, proc);
  assert.equal(dir.text(BELOW, "cgroup.freeze"), "0");
  assert.equal(dir.text(`${JOB_PATH}/other`, "cgroup.freeze"), "0\n");
});
