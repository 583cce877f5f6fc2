import assert from "node:assert/strict";
import { openChecked, openPidfd } from "../../../src/linux/pidfd.ts";
import { poll } from "../../../src/base/poll.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { Bystander } from "../../kit/fakes/bystander.ts";
import { Child } from "../../kit/fakes/child.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";

const TERM = 15;
const procs = new Procs("/proc");

/** Descriptors that hold this process. Others come and go all the time: every test file is a thread of one process. */
function descriptorsOf(pid: number): number {
  return [...Deno.readDirSync("/proc/self/fdinfo")].filter(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/self/fdinfo/${name}`).includes(`\nPid:\t${pid}\n`);
    } catch {
      return false;
    }
  }).length;
}

/** The C library stays open for the life of the process. */
function pidfdTest(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

for (const [how, open] of [["openPidfd()", openPidfd], ["openChecked()", openChecked]] as const) {
  pidfdTest(`${how} reaches the process it was opened for, and nobody once that is gone`, async () => {
    await using child = new Child("read line");
    using held = open(child.pid, procs)!;
    assert.equal(held.pid, child.pid);
    assert.deepEqual([held.hasExited(), held.signal(0), held.signal(TERM)], [false, true, true]);
    assert.equal(await child.signal, "SIGTERM");
    assert.deepEqual([held.hasExited(), held.signal(0), held.signal(TERM)], [true, false, false]);
  });

  pidfdTest(`${how} gives null when there is nobody`, () => {
    assert.equal(open(NO_PID, procs), null);
  });
}

pidfdTest("Pidfd.hasExited() does not wait for the parent to reap", async () => {
  // The shell starts a child and never asks for it.
  const script = "sh -c 'kill -STOP $$' & echo $! >&2; exec sleep 1000";
  const parent = new Deno.Command("sh", { args: ["-c", script], stdin: "null", stderr: "piped" }).spawn();
  try {
    const reader = parent.stderr.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    await reader.cancel();
    assert.ok(await poll(() => procs.stat(parent.pid)?.name === "sleep", 10_000));
    using held = openPidfd(pid, procs)!;
    assert.ok(!held.hasExited());
    assert.ok(held.signal(9));
    assert.ok(await poll(() => held.hasExited(), 10_000));
    assert.equal(procs.stat(pid)?.state, "Z");
  } finally {
    parent.kill("SIGKILL");
    await parent.status;
  }
});

pidfdTest("openPidfd() takes no pid that kill(2) would take for a group, nor half of one", () => {
  for (const pid of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => openPidfd(pid, procs), RangeError, String(pid));
  }
});

pidfdTest("openPidfd() takes the id of a thread for nobody", () => {
  const threads = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => Number(name));
  const other = threads.find((tid) => tid !== Deno.pid);
  assert.notEqual(other, undefined);
  assert.equal(openPidfd(other!, procs), null);
});

pidfdTest("Pidfd gives its descriptor back, once, and is of no use afterwards", async () => {
  await using bystander = new Bystander();
  openPidfd(bystander.pid, procs)?.[Symbol.dispose]();
  const before = descriptorsOf(bystander.pid);
  const held = openPidfd(bystander.pid, procs)!;
  assert.equal(descriptorsOf(bystander.pid), before + 1);
  held[Symbol.dispose]();
  using next = openPidfd(bystander.pid, procs)!;
  held[Symbol.dispose]();
  assert.equal(descriptorsOf(bystander.pid), before + 1);
  assert.throws(() => held.signal(TERM), TypeError);
  assert.throws(() => held.hasExited(), TypeError);
  assert.ok(next.signal(0));
  assert.ok(await bystander.wasLeftAlone());
});

pidfdTest("openChecked() sends nothing to the next process with the same pid", async () => {
  await using bystander = new Bystander();
  using proc = new ProcDir();
  proc.add(bystander.pid, { startTicks: 900_100 });
  using held = openChecked(bystander.pid, proc.procs)!;
  proc.add(bystander.pid, { startTicks: 900_101 });
  assert.deepEqual([held.signal(TERM), held.hasExited()], [false, true]);
  assert.ok(await bystander.wasLeftAlone());
});
