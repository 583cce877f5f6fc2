import assert from "node:assert/strict";
import { watchParent, watchParentAndStep } from "../../../../src/act/run/with_parent.ts";
import { runCommand } from "../../../../src/linux/command.ts";
import { FakeNode, LEADER_PID } from "../../../kit/fakes/node.ts";

const adoptedBy = (pid: number | string) => ({
  run: () => Promise.resolve({ code: 0, stdout: `${pid}\n`, stderr: "" }),
});

Deno.test("watchParent() refuses when what would adopt this process is its parent", async () => {
  using node = new FakeNode();
  await assert.rejects(
    watchParent({ ...node.context, ...adoptedBy(Deno.ppid) }, true),
    /^CorralError: --with-parent: the process that called is gone/,
  );
});

Deno.test("watchParent() takes any other parent for the caller, and one that systemd or Slurm started", async () => {
  using node = new FakeNode();
  const usual = await watchParent({ ...node.context, ...adoptedBy(1_000_000) }, true);
  assert.equal(usual!(), false);
  for (const name of ["SYSTEMD_EXEC_PID", "SLURM_TASK_PID"]) {
    const started = { ...node.context, ...adoptedBy(Deno.ppid), env: { [name]: String(Deno.pid) } };
    assert.equal((await watchParent(started, true))!(), false);
    const inherited = { ...started, env: { [name]: String(Deno.ppid) } };
    await assert.rejects(watchParent(inherited, true), /is gone/);
  }
});

Deno.test("watchParent() finds out on a real node who adopts orphans: no caller of these tests", async () => {
  using node = new FakeNode();
  const { stdout } = await runCommand(["/bin/sh", "-c", "echo works"]);
  assert.equal(stdout, "works\n");
  let answer = "";
  const run = async (argv: readonly string[]) => {
    const result = await runCommand(argv);
    answer = result.stdout;
    return result;
  };
  await watchParent({ ...node.context, run }, true).catch(() => {});
  if (Deno.ppid !== 1) assert.match(answer, /^\d+\n$/);
});

Deno.test("watchParent() of a named process holds it by its identity, and refuses one that is not there", async () => {
  using node = new FakeNode();
  await assert.rejects(
    watchParent(node.context, LEADER_PID),
    new RegExp(`--with-parent=${LEADER_PID}: there is no process ${LEADER_PID}$`),
  );
  node.addProcess(LEADER_PID, { startTicks: 7 });
  const isGone = await watchParent(node.context, LEADER_PID);
  assert.equal(isGone!(), false);
  node.proc.remove(LEADER_PID);
  node.addProcess(LEADER_PID, { startTicks: 8 });
  assert.equal(isGone!(), true);
  assert.equal(await watchParent(node.context, false), null);
});

Deno.test("watchParentAndStep() in a Slurm job follows the step's slurmstepd without being asked", async () => {
  using node = new FakeNode();
  node.addProcess(LEADER_PID, { startTicks: 7, uid: 0, name: "slurmstepd" });
  const stepd = node.context.procs.identify(LEADER_PID, node.context.clock.bootId());
  const isGone = await watchParentAndStep(node.context, false, stepd);
  assert.equal(isGone!(), false);
  node.proc.remove(LEADER_PID);
  assert.equal(isGone!(), true);
  assert.equal(await watchParentAndStep(node.context, false, null), null);
});
