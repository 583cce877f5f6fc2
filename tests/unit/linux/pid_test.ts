import assert from "node:assert/strict";
import { killByNumber, libc, probe } from "../../../src/linux/libc.ts";
import { isSinglePid } from "../../../src/linux/pid.ts";
import { openPidfd } from "../../../src/linux/pidfd.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";

// Opened once for all tests: the runtime counts it as a leak of the first that does.
Object.values(libc());

const NO_SINGLE = [-1, 0, 1, 1.5, NaN, Infinity, -4711];

Deno.test("isSinglePid() knows what stands for a group, for init and for no process at all", () => {
  assert.deepEqual(NO_SINGLE.filter(isSinglePid), []);
  assert.ok([2, 4711, NO_PID].every(isSinglePid));
});

Deno.test("killByNumber(), probe() and openPidfd() ask the kernel for no number that is no single process", () => {
  using proc = new ProcDir();
  // 0 asks and harms nobody; what is not asked cannot succeed.
  assert.deepEqual(NO_SINGLE.filter((pid) => killByNumber(pid, 0)), []);
  assert.deepEqual(new Set(NO_SINGLE.map(probe)), new Set(["none"]));
  for (const pid of NO_SINGLE) assert.throws(() => openPidfd(pid, proc.procs), RangeError);
});

Deno.test("probe() tells one's own process, and none", () => {
  assert.equal(probe(Deno.pid), "mine");
  assert.equal(probe(NO_PID), "none");
});
