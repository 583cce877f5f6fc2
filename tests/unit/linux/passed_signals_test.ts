import assert from "node:assert/strict";
import { keptIgnored, PassedSignals, toProcess } from "../../../src/linux/passed_signals.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { Child } from "../../kit/fakes/child.ts";
import { FakeSignals } from "../../kit/fakes/signals.ts";

Deno.test("PassedSignals keeps what comes before the job runs, in its order, and passes on the rest at once", () => {
  using signals = new FakeSignals();
  const passed = new PassedSignals();
  passed.listen([]);
  const got: number[] = [];
  signals.send("SIGUSR2");
  signals.send("SIGUSR1");
  assert.equal(got.length, 0);
  passed.sendTo((signal) => void got.push(signal));
  assert.deepEqual(got, [12, 10]);
  signals.send("SIGXCPU");
  assert.deepEqual(got, [12, 10, 24]);
});

Deno.test("PassedSignals passes on what batch systems and terminals send, and nothing that ends or stops", () => {
  using signals = new FakeSignals();
  new PassedSignals().listen([]);
  const names = ["ALRM", "IO", "PROF", "PWR", "STKFLT", "USR1", "USR2", "VTALRM", "WINCH", "XCPU"];
  assert.deepEqual(signals.heard, names.map((name) => `SIG${name}`));
});

Deno.test("PassedSignals does not pass on what the caller ignored", () => {
  using signals = new FakeSignals();
  const passed = new PassedSignals();
  passed.listen([1, 10]);
  const got: number[] = [];
  passed.sendTo((signal) => void got.push(signal));
  signals.send("SIGUSR1");
  signals.send("SIGUSR2");
  assert.deepEqual(got, [12]);
});

Deno.test("keptIgnored() leaves the job ignorant of HUP, INT and QUIT only", () => {
  assert.deepEqual(keptIgnored([1, 2, 3, 10, 15, 17, 25]), [1, 2, 3]);
  assert.deepEqual(keptIgnored([]), []);
});

/** The C library stays open for the life of the process. */
const SIGNALS = {
  name: "toProcess() signals the process of that start time, and not another that has its pid",
};

Deno.test({ ...SIGNALS, sanitizeResources: false }, async () => {
  const procs = new Procs("/proc");
  await using other = await Child.ignoring();
  const { startTicks } = procs.stat(other.pid)!;
  toProcess({ pid: other.pid, startTicks: startTicks + 1 }, procs)(12);
  assert.ok(await other.wasLeftAlone());
  await using child = await Child.ignoring();
  toProcess({ pid: child.pid, startTicks: procs.stat(child.pid)!.startTicks }, procs)(12);
  assert.equal(await child.signal, "SIGUSR2");
});
