import assert from "node:assert/strict";
import { collect, exitOfStatus } from "../../../src/linux/child.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { spawnProcess } from "../../../src/linux/spawn.ts";

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

const start = (script: string) =>
  spawnProcess({ argv: ["/bin/sh", "-c", script], env: {}, descriptors: [0, 1, 2] });

Deno.test(
  "collect() tells how a child left, by code and by every kind of signal",
  LIBRARY_STAYS,
  async () => {
    for (
      const [script, exit] of [
        ["exit 0", { code: 0, signal: null }],
        ["exit 255", { code: 255, signal: null }],
        ["kill -9 $$", { code: null, signal: 9 }],
        ["kill -34 $$", { code: null, signal: 34 }],
        ["kill -64 $$", { code: null, signal: 64 }],
      ] as const
    ) {
      assert.deepEqual(await collect(start(script)).exit, exit, script);
    }
  },
);

Deno.test(
  "collect() leaves no zombie, and waits for a child that takes its time",
  LIBRARY_STAYS,
  async () => {
    const pid = start("read -r nothing </dev/null; sleep 0.2; exit 3");
    assert.deepEqual(await collect(pid).exit, { code: 3, signal: null });
    assert.equal(new Procs("/proc").stat(pid), null);
  },
);

Deno.test(
  "collect() of a child that another hand has collected knows nothing of its exit",
  LIBRARY_STAYS,
  async () => {
    const pid = start("exit 3");
    const [first, second] = [collect(pid), collect(pid)];
    assert.deepEqual(await first.exit, { code: 3, signal: null });
    assert.deepEqual(await second.exit, { code: null, signal: null });
  },
);

Deno.test("exitOfStatus() reads a status as waitpid(2) gives it, with and without a core", () => {
  assert.deepEqual(exitOfStatus(0), { code: 0, signal: null });
  assert.deepEqual(exitOfStatus(0x7f00), { code: 127, signal: null });
  assert.deepEqual(exitOfStatus(6 | 0x80), { code: null, signal: 6 });
});
