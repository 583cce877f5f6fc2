/** GPUs in `strays`, `ps`, `top` and `show`. */
import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { Child } from "../../../kit/fakes/child.ts";
import { insertEnded } from "../../../kit/fakes/ended_job.ts";
import { FULL, GpuDir, hold, RANDOM } from "../../../kit/fakes/gpus.ts";
import { BOOT_ID, JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeNode, LEADER_PID } from "../../../kit/fakes/node.ts";
import { NO_PID } from "../../../kit/fakes/proc_dir.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

/** Two cards. */
class GpuNode extends FakeNode {
  readonly gpus = new GpuDir({ nvidia0: FULL, nvidia1: RANDOM });

  constructor() {
    super();
    this.dev = this.gpus.path;
  }

  hold(pid: number, ...names: string[]): void {
    hold(this.proc, pid, names.map((name) => `${this.dev}/${name}`));
  }

  override [Symbol.dispose](): void {
    this.gpus[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

const gpuTest = testsOf(() => new GpuNode());
const STRAY = NO_PID + 7;

gpuTest("corral strays --gpu lists what holds a GPU and is in no job", async (node) => {
  node.start();
  node.hold(LEADER_PID, "nvidia0");
  node.addProcess(STRAY, { command: ["python3", "train.py"] });
  node.hold(STRAY, "nvidia0", "nvidia1");
  node.addProcess(STRAY + 1, { command: ["python3", "train.py"] });
  assert.equal(await node.corral("strays", "--gpu"), EXIT.DONE);
  assert.match(
    node.out,
    /^ +PID +AGE +USER +CPU +MEM +GPU +REF +COMMAND\n5000007 .* 0,1 +- +python3 train\.py\n$/,
  );
  node.out = "";
  assert.equal(await node.corral("strays", "--gpu", "--json"), EXIT.DONE);
  const rows = node.takeJson() as { pid: number; gpus: string[] }[];
  assert.deepEqual(rows.map(({ pid, gpus }) => [pid, gpus]), [[STRAY, ["nvidia0", "nvidia1"]]]);
  assert.equal(await node.corral("strays", "--gpu", "--json", "--exclude", "train"), EXIT.DONE);
  assert.deepEqual(node.takeJson(), []);
  assert.equal(await node.corral("strays", "--gpu", "--match", "infer", "--json"), EXIT.DONE);
  assert.deepEqual(node.takeJson(), []);
});

gpuTest("corral strays --gpu finds nothing on a node without a GPU", async (node) => {
  node.dev = "/nonexistent";
  node.addProcess(STRAY, { command: ["python3", "train.py"] });
  assert.equal(await node.corral("strays", "--gpu", "--json"), EXIT.DONE);
  assert.deepEqual(node.takeJson(), []);
});

gpuTest("corral strays --gpu --kill ends the holders, and lists them with --dry-run", async (node) => {
  await using holder = await Child.ignoring("HUP");
  await using bystander = await Child.ignoring("HUP");
  for (const { pid } of [holder, bystander]) node.addProcess(pid, { command: ["train"] });
  node.hold(holder.pid, "nvidia1");
  assert.equal(await node.corral("strays", "--gpu", "--kill", "--dry-run", "--json"), EXIT.DONE);
  assert.deepEqual((node.takeJson() as { pid: number }[]).map(({ pid }) => pid), [holder.pid]);
  assert.equal(await node.corral("strays", "--gpu", "--kill"), EXIT.DONE);
  assert.equal(node.out, `${holder.pid} ended: TERM (train)\n`);
  assert.equal(await holder.signal, "SIGTERM");
});

gpuTest("corral strays --gpu --kill leaves alone what has let go of the GPU meanwhile", async (node) => {
  await using child = await Child.ignoring("HUP");
  node.addProcess(child.pid, { command: ["train"] });
  node.hold(child.pid, "nvidia1");
  // The owner is asked between the look and the kill.
  node.shell = () => {
    Deno.removeSync(`${node.proc.root}/${child.pid}/fd/0`);
    return { code: 0, stdout: "train completed\n", stderr: "" };
  };
  const words = ["--kill", "--ref-pattern", "train", "--status-command", "x", "--finished-only"];
  assert.equal(await node.corral("strays", "--gpu", ...words), EXIT.DONE);
  assert.equal(node.out, `${child.pid} left alone: it is no stray any more (train)\n`);
});

gpuTest("corral ps has a column of GPUs only where a job holds one", async (node) => {
  node.start();
  assert.equal(await node.corral("ps"), EXIT.DONE);
  assert.doesNotMatch(node.out, /GPU/);
  node.out = "";
  node.hold(LEADER_PID, "nvidia1", "nvidia0");
  assert.equal(await node.corral("ps"), EXIT.DONE);
  assert.match(node.out, / GPU\n.* 0,1\n$/);
  node.out = "";
  assert.equal(await node.corral("ps", "--json"), EXIT.DONE);
  assert.deepEqual((node.takeJson() as { gpus: string[] }[])[0]!.gpus, ["nvidia0", "nvidia1"]);
});

gpuTest("corral ps looks at no descriptor on a node without a GPU", async (node) => {
  node.start();
  node.hold(LEADER_PID, "nvidia0");
  node.dev = "/nonexistent";
  assert.equal(await node.corral("ps", "--json"), EXIT.DONE);
  assert.deepEqual((node.takeJson() as { gpus: string[] }[])[0]!.gpus, []);
  assert.equal(await node.corral("ps", "--columns", "id,gpu"), EXIT.DONE);
  assert.equal(node.out, `ID      GPU\n${JOB_ID}  -\n`);
});

gpuTest("corral top has the column too", async (node) => {
  node.start();
  node.hold(LEADER_PID, "nvidia1");
  assert.equal(await node.corral("top", "-n", "1"), EXIT.DONE);
  assert.match(node.out, / GPU\n.* 1\n$/);
});

gpuTest("corral show names the GPUs of a live job", async (node) => {
  node.start();
  node.hold(LEADER_PID, "nvidia1");
  assert.equal(await node.corral("show", JOB_ID), EXIT.DONE);
  assert.match(node.out, /^gpu +nvidia1$/m);
});

gpuTest("corral show of an ended job tells what still holds a GPU, by the job's mark", async (node) => {
  insertEnded(node.stores.open(), { watch: { supervisor: { pid: NO_PID, startTicks: 1, bootId: BOOT_ID } } });
  assert.equal(await node.corral("show", JOB_ID), EXIT.DONE);
  assert.doesNotMatch(node.out, /GPU/);
  node.out = "";
  const marked = { name: "ddp", environ: [`CORRAL_JOB_ID=${JOB_ID}`], startTicks: 10_000_000 };
  node.addProcess(STRAY, marked);
  node.hold(STRAY, "nvidia0", "nvidia1");
  // Holds none; another's; in another job; older than the job.
  node.addProcess(STRAY + 1, marked);
  node.addProcess(STRAY + 2, { ...marked, environ: [] });
  node.addProcess(STRAY + 3, { ...marked, cgroup: "/corral/aaaaaa" });
  node.addProcess(STRAY + 4, { ...marked, startTicks: 10 });
  for (const pid of [STRAY + 2, STRAY + 3, STRAY + 4]) node.hold(pid, "nvidia0");
  assert.equal(await node.corral("show", JOB_ID), EXIT.DONE);
  assert.match(node.out, /^GPU still held by 5000007 ddp: nvidia0, nvidia1$/m);
  node.out = "";
  assert.equal(await node.corral("show", "--json", JOB_ID), EXIT.DONE);
  const { gpuHolders } = node.takeJson() as { gpuHolders: unknown };
  assert.deepEqual(gpuHolders, [{ pid: STRAY, name: "ddp", gpus: ["nvidia0", "nvidia1"] }]);
});
