import assert from "node:assert/strict";
import { describeSurvivors, explainWait } from "../../../src/cgroup/survivors.ts";
import { CgroupDir } from "../../kit/fakes/cgroup_dir.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";

Deno.test("explainWait() knows what a wait in the kernel means", () => {
  const rows: readonly (readonly [state: string, wchan: string | null, because: RegExp])[] = [
    ["D", "rpc_wait_bit_killable", /NFS/],
    ["D", "nfs_wait_client_init_complete", /NFS/],
    ["D", "fuse_simple_request", /FUSE/],
    ["D", "request_wait_answer_fuse", /FUSE/],
    ["D", "ptlrpc_set_wait", /Lustre/],
    ["D", "io_schedule", /disk/],
    ["D", "folio_wait_bit_common", /disk/],
    ["D", "vfork_wait", /vfork/],
    ["R", "exit_mmap", /already dying/],
    ["D", "something_new", /uninterruptibly in the kernel \(something_new\)/],
    ["D", null, /place unknown/],
    ["Z", null, /parent to reap/],
    ["T", "do_signal_stop", /stopped or traced/],
    ["t", null, /stopped or traced/],
    ["R", null, /still running/],
    ["S", "hrtimer_nanosleep", /still running/],
  ];
  for (const [state, wchan, because] of rows) assert.match(explainWait(state, wchan), because, `${wchan}`);
});

Deno.test("describeSurvivors() tells what /proc says, and of a hidden place nothing", () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  proc.add(NO_PID, { name: "a) R 1 (b", state: "D", wchan: "0" });
  proc.add(NO_PID + 1, { name: "tar", state: "D", wchan: "io_schedule" });
  const cgroup = dir.own({ "cgroup.procs": `${NO_PID}\n${NO_PID + 1}\n${NO_PID + 2}\n` });
  const [hidden, tar, ...others] = describeSurvivors(cgroup, proc.procs);
  assert.deepEqual([hidden?.name, hidden?.state, hidden?.wchan], ["a) R 1 (b", "D", null]);
  assert.deepEqual([tar?.pid, tar?.wchan], [NO_PID + 1, "io_schedule"]);
  assert.deepEqual(others, []);
});
