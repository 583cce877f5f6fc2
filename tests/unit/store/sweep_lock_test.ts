import assert from "node:assert/strict";
import { renderError } from "../../../src/base/errors.ts";
import { lockSweep } from "../../../src/store/sweep_lock.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const MODULE = new URL("../../../src/store/sweep_lock.ts", import.meta.url).href;

Deno.test("lockSweep() gives the lock to one at a time, for each store", () => {
  using temp = new TempDir();
  const first = lockSweep(temp.path, "node7.db");
  assert.equal(lockSweep(temp.path, "node7.db"), null);
  lockSweep(temp.path, "node8.db")![Symbol.dispose]();
  first![Symbol.dispose]();
  lockSweep(temp.path, "node7.db")![Symbol.dispose]();
});

Deno.test("lockSweep() gets the lock of a process that was killed", async () => {
  using temp = new TempDir();
  const script = `import { lockSweep } from "${MODULE}";
    globalThis.lock = lockSweep("${temp.path}", "corral.db");
    console.log(lock !== null);
    await new Promise(() => setInterval(() => {}, 1000));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "true\n");
  assert.equal(lockSweep(temp.path, "corral.db"), null);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  lockSweep(temp.path, "corral.db")![Symbol.dispose]();
});

Deno.test("lockSweep() says where it cannot lock, and what to do", () => {
  try {
    lockSweep("/nonexistent", "corral.db");
    assert.fail("it was locked");
  } catch (error) {
    assert.match(
      renderError(error),
      /^corral: \/nonexistent\/corral\.db\.sweep: cannot lock: .*\(give a writable/,
    );
  }
});
