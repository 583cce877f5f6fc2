import assert from "node:assert/strict";
import { lookAtGpus } from "../../../src/linux/gpu.ts";
import { FULL, GpuDir, hold, RANDOM } from "../../kit/fakes/gpus.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("lookAtGpus() gives null where the node has no GPU", () => {
  using proc = new ProcDir();
  using dev = new GpuDir({ nvidiactl: FULL, "nvidia-uvm": FULL, "dri/card0": FULL, null: FULL });
  assert.equal(lookAtGpus(proc.procs, dev.path), null);
  assert.equal(lookAtGpus(proc.procs, "/nonexistent"), null);
});

Deno.test("lookAtGpus() takes no file for a node", () => {
  using proc = new ProcDir();
  using file = new TempDir();
  file.write("nvidia0", "");
  assert.equal(lookAtGpus(proc.procs, file.path), null);
});

Deno.test("heldBy() names the nodes of a process, each once, in the order of their numbers", async () => {
  using proc = new ProcDir();
  using dev = new GpuDir({ nvidia10: FULL, nvidia2: RANDOM });
  proc.add(NO_PID);
  const paths = ["nvidia10", "nvidia2", "nvidia10"].map((name) => `${dev.path}/${name}`);
  hold(proc, NO_PID, ["pipe:[7]", ...paths]);
  assert.deepEqual(await lookAtGpus(proc.procs, dev.path)!.heldBy(NO_PID), ["nvidia2", "nvidia10"]);
});

Deno.test("heldBy() knows a render node, a slice of a card and AMD's kfd", async () => {
  for (const name of ["dri/renderD128", "nvidia-caps/nvidia-cap21", "kfd"]) {
    using proc = new ProcDir();
    using dev = new GpuDir({ [name]: FULL });
    proc.add(NO_PID);
    hold(proc, NO_PID, [`${dev.path}/${name}`]);
    assert.deepEqual(await lookAtGpus(proc.procs, dev.path)!.heldBy(NO_PID), [name.split("/").at(-1)]);
  }
});

Deno.test("heldBy() believes the number of the device, and not what a process calls it", async () => {
  using proc = new ProcDir();
  using dev = new GpuDir({ nvidia3: FULL });
  using other = new GpuDir({ nvidia0: FULL, nvidia3: RANDOM });
  using file = new TempDir();
  file.write("nvidia3", "");
  const targets = {
    inContainer: `${other.path}/nvidia0`,
    anotherDevice: `${other.path}/nvidia3`,
    anOrdinaryFile: `${file.path}/nvidia3`,
    notThere: "/nonexistent/nvidia3",
    whoOnlyAsked: other.add("nvidiactl", "/dev/null"),
  };
  const held: Record<string, string[]> = {};
  for (const [index, [name, target]] of Object.entries(targets).entries()) {
    proc.add(NO_PID + index);
    hold(proc, NO_PID + index, [target]);
    held[name] = await lookAtGpus(proc.procs, dev.path)!.heldBy(NO_PID + index);
  }
  assert.deepEqual(held, {
    inContainer: ["nvidia3"],
    anotherDevice: [],
    anOrdinaryFile: [],
    notThere: [],
    whoOnlyAsked: [],
  });
});

Deno.test("heldBy() looks at another thread of a process whose main thread has ended", async () => {
  using proc = new ProcDir();
  using dev = new GpuDir({ nvidia0: FULL });
  proc.add(NO_PID, { state: "Z", threads: 2, flags: 4_194_308 });
  hold(proc, `${NO_PID}/task/${NO_PID + 1}`, [`${dev.path}/nvidia0`]);
  assert.deepEqual(await lookAtGpus(proc.procs, dev.path)!.heldBy(NO_PID), ["nvidia0"]);
});

Deno.test("heldBy() of a process that is gone is nothing", async () => {
  using proc = new ProcDir();
  using dev = new GpuDir({ nvidia0: FULL });
  assert.deepEqual(await lookAtGpus(proc.procs, dev.path)!.heldBy(NO_PID), []);
});
