import assert from "node:assert/strict";
import { ignoredSignals, StopSignals } from "../../../src/linux/stop_signals.ts";
import { FakeSignals } from "../../kit/fakes/signals.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("StopSignals: the first signal asks for the end, a second one for haste", () => {
  const stop = new StopSignals();
  let calls = 0;
  stop.onSignal(() => calls++);
  assert.deepEqual([stop.received, stop.hurry.aborted], [null, false]);
  stop.receive(2);
  assert.deepEqual([stop.received, stop.hurry.aborted], [2, false]);
  stop.receive(15);
  assert.deepEqual([stop.received, stop.hurry.aborted], [2, true]);
  stop.receive(1);
  assert.deepEqual([stop.received, calls], [2, 3]);
});

function ignoredOf(status: string): number[] {
  using temp = new TempDir();
  temp.write("self/status", status);
  return ignoredSignals(temp.path);
}

Deno.test("ignoredSignals() reads the mask of /proc, bit 0 being signal 1", () => {
  const status = (mask: string) => `SigBlk:\t00000000ffffffff\nSigIgn:\t${mask}\nSigCgt:\t00000000ffffffff\n`;
  assert.deepEqual(ignoredOf(status("0000000000000000")), []);
  assert.deepEqual(ignoredOf(status("0000000000000001")), [1]);
  assert.deepEqual(ignoredOf(status("0000000040000006")), [2, 3, 31]);
});

Deno.test("ignoredSignals() leaves out SIGPIPE, which the runtime ignores, and real-time signals", () => {
  assert.deepEqual(ignoredOf("SigIgn:\tfffffffe00001000\n"), []);
});

Deno.test("ignoredSignals() of a kernel that does not tell are none", () => {
  assert.deepEqual(ignoredOf("Name:\tcorral\n"), []);
});

// A library that is opened stays open.
Deno.test("StopSignals.listenIfAble() listens where a thread can be had, and ignores what was ignored", {
  sanitizeResources: false,
}, () => {
  using signals = new FakeSignals();
  using temp = new TempDir();
  // SIGHUP: nohup(1).
  temp.write("self/status", "SigIgn:\t0000000000000001\n");
  const stop = new StopSignals();
  stop.listenIfAble(temp.path);
  signals.send("SIGHUP");
  assert.equal(stop.received, null);
  signals.send("SIGTERM");
  assert.equal(stop.received, 15);
});
