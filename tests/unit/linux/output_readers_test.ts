import assert from "node:assert/strict";
import { readersOfOutput } from "../../../src/linux/output_readers.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";

function link(proc: ProcDir, process: number | "self", descriptor: number, target: string): void {
  Deno.mkdirSync(`${proc.root}/${process}/fd`, { recursive: true });
  Deno.symlinkSync(target, `${proc.root}/${process}/fd/${descriptor}`);
}

Deno.test("readersOfOutput() finds who reads stdout or stderr through a pipe", () => {
  using proc = new ProcDir();
  link(proc, "self", 0, "pipe:[6]");
  link(proc, "self", 1, "pipe:[7]");
  link(proc, "self", 2, "pipe:[8]");
  const inputs = ["pipe:[7]", "pipe:[8]", "pipe:[6]", "pipe:[77]", "/dev/null"];
  const pids = inputs.map((target, index) => {
    link(proc, NO_PID + index, 0, target);
    return NO_PID + index;
  });
  link(proc, NO_PID + 10, 1, "pipe:[7]");
  assert.deepEqual(readersOfOutput(proc.procs, [...pids, NO_PID + 10, NO_PID + 11]), [NO_PID, NO_PID + 1]);
});

Deno.test("readersOfOutput() takes who shares a terminal or a file with corral for no reader", () => {
  using proc = new ProcDir();
  for (const [descriptor, target] of [[1, "/dev/pts/3"], [2, "/tmp/log"]] as const) {
    link(proc, "self", descriptor, target);
    link(proc, NO_PID + descriptor, 0, target);
  }
  assert.deepEqual(readersOfOutput(proc.procs, [NO_PID + 1, NO_PID + 2]), []);
});
