import assert from "node:assert/strict";
import { hostClock } from "../../../../src/linux/clock.ts";
import { readProcess } from "../../../../src/linux/processes.ts";
import { Procs } from "../../../../src/linux/proc.ts";
import { parseSignal } from "../../../../src/value/signal.ts";
import { endStrays, type EndStraysOptions } from "../../../../src/act/end/end_strays.ts";
import type { Stray } from "../../../../src/observe/strays_select.ts";
import { Child } from "../../../kit/fakes/child.ts";

const NODE = { procs: new Procs("/proc"), clock: hostClock("/proc"), gpus: () => null };
const CRITERIA = {
  match: /sleep 1000|read line/,
  refPattern: null,
  olderThanMs: null,
  uid: null,
  tree: false,
};
const OPTIONS: EndStraysOptions = {
  criteria: CRITERIA,
  look: () => Promise.resolve([]),
  signal: parseSignal("TERM"),
  graceMs: 10_000,
};

async function strayOf({ pid }: Child): Promise<Stray> {
  return { process: (await readProcess(NODE, pid))!, ref: null, matched: true };
}

/** Started after everything that a test does. */
function youngerOf(stray: Stray): Stray {
  return { ...stray, process: { ...stray.process, startTicks: stray.process.startTicks + 1_000_000 } };
}

/** The C library stays open for the life of the process. */
function endTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

endTest("endStrays() ends what was found, and looks again", async () => {
  await using child = await Child.ignoring("HUP");
  const stray = await strayOf(child);
  let looks = 0;
  const look = () => Promise.resolve((looks++, []));
  assert.deepEqual(await endStrays([stray], NODE, { ...OPTIONS, look }), {
    ended: [{ pid: child.pid, ended: "term", because: null, stray }],
    newer: [],
  });
  assert.deepEqual([await child.signal, looks], ["SIGTERM", 1]);
});

endTest("endStrays() of nothing looks no second time", async () => {
  const look = () => assert.fail("looked");
  assert.deepEqual(await endStrays([], NODE, { ...OPTIONS, look }), { ended: [], newer: [] });
});

endTest(
  "endStrays() ends what was forked before the signals, and leaves alone what started later",
  async () => {
    await using first = await Child.ignoring("HUP");
    await using second = await Child.ignoring("HUP");
    await using third = await Child.ignoring("HUP");
    const [found, fork, newer] = [
      await strayOf(first),
      await strayOf(second),
      youngerOf(await strayOf(third)),
    ];
    const look = () => Promise.resolve([found, fork, newer]);
    const result = await endStrays([found], NODE, { ...OPTIONS, look });
    assert.deepEqual(result.ended.map(({ pid, ended }) => [pid, ended]), [[first.pid, "term"], [
      second.pid,
      "term",
    ]]);
    assert.deepEqual(result.newer, [newer]);
    assert.ok(await third.wasLeftAlone());
  },
);

endTest("endStrays() does not run after what forks faster than it looks", async () => {
  await using child = await Child.ignoring("HUP");
  const stray = await strayOf(child);
  let looks = 0;
  const next = () => ({ ...stray, process: { ...stray.process, pid: 5_000_000 + ++looks } });
  const { ended, newer } = await endStrays([stray], NODE, {
    ...OPTIONS,
    look: () => Promise.resolve([next()]),
  });
  assert.deepEqual([ended.length, newer.length, looks], [3, 1, 3]);
});

endTest("endStrays() leaves alone what has become another process since it was listed", async () => {
  await using child = new Child("read line; exec sleep 2000");
  await child.becomes("wchan", /./);
  const stray = await strayOf(child);
  await child.tell("go");
  await child.becomes("comm", /^sleep$/m);
  const { ended } = await endStrays([stray], NODE, OPTIONS);
  assert.deepEqual(ended.map(({ pid, ended }) => [pid, ended]), [[child.pid, "changed"]]);
  assert.ok(await child.wasLeftAlone());
});
