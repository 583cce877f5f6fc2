import assert from "node:assert/strict";
import { ProcessExits } from "../../../src/linux/process_exits.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { Child } from "../../kit/fakes/child.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";

const BOOT = "this boot";
const LONG_MS = 600_000;
const procs = new Procs("/proc");

/** The C library stays open for the life of the process. */
function exitsTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

function holding(...pids: number[]): ProcessExits {
  const exits = new ProcessExits(procs, () => Promise.reject(new Error("paused")));
  for (const pid of pids) exits.hold(String(pid), procs.identify(pid, BOOT)!, BOOT);
  return exits;
}

exitsTest(
  "ProcessExits.next() resolves at the exit of any of the processes, and lets go of that one",
  async () => {
    await using one = new Child("read line");
    await using other = new Child("read line");
    using exits = holding(one.pid, other.pid);
    const next = exits.next(LONG_MS);
    await other.tell("");
    await next;
    assert.deepEqual([exits.has(String(one.pid)), exits.has(String(other.pid))], [true, false]);
  },
);

exitsTest("ProcessExits.next() resolves when the time is up", async () => {
  await using one = new Child("read line");
  using exits = holding(one.pid);
  await exits.next(10);
  assert.equal(exits.has(String(one.pid)), true);
});

exitsTest(
  "ProcessExits holds no other process that has the pid by now, and none of another namespace",
  async () => {
    await using one = new Child("read line");
    const identity = procs.identify(one.pid, BOOT)!;
    const pausesMs: number[] = [];
    const pause = (ms: number) => Promise.resolve(void pausesMs.push(ms));
    using exits = new ProcessExits(procs, pause);
    exits.hold("another start", { ...identity, startTicks: identity.startTicks - 1 }, BOOT);
    exits.hold("gone", { ...identity, pid: NO_PID }, BOOT);
    exits.hold("another boot", identity, "the next boot");
    using elsewhere = new ProcDir();
    using others = new ProcessExits(elsewhere.procs, pause);
    others.hold("another namespace", identity, BOOT);
    await exits.next(7);
    await others.next(8);
    assert.deepEqual(pausesMs, [7, 8]);
  },
);
