import assert from "node:assert/strict";
import { poll } from "../../../src/base/poll.ts";
import { boundOutput } from "../../../src/linux/bounded_output.ts";
import { TempDir } from "../../kit/fakes/temp.ts";
import { testsOf } from "../../kit/fakes/tests_of.ts";

const boundedTest = testsOf(() => new TempDir());
const words = "stopped";

/** What sh writes into the pipe; when it is over, whether something was cut. */
async function written(
  file: string,
  script: string,
  maxBytes: number,
): Promise<{ isCut: boolean; code: number }> {
  const bounded = await boundOutput(file, { maxBytes, words });
  let isCut = false;
  bounded.onCut(() => isCut = true);
  const args = ["-c", `exec >"$0"; ${script}`, bounded.path.replace("self", String(Deno.pid))];
  const child = new Deno.Command("sh", { args, stderr: "null" }).spawn();
  const { code } = await child.status;
  bounded.release();
  await bounded.done;
  return { isCut, code };
}

boundedTest("boundOutput() writes all of what fits, behind what the file has", async (temp) => {
  const file = temp.write("log", "before\n");
  assert.deepEqual(await written(file, "printf 12345", 5), { isCut: false, code: 0 });
  assert.equal(Deno.readTextFileSync(file), "before\n12345");
  assert.deepEqual(await written(file, ":", 5), { isCut: false, code: 0 });
});

boundedTest("boundOutput() stops at the size, says so once, and lets the writer go on", async (temp) => {
  const file = temp.write("log", "");
  const script =
    "printf 123456; i=0; while [ $i -lt 300 ]; do printf %1000s x || exit 9; i=$((i + 1)); done; exit 3";
  assert.deepEqual(await written(file, script, 5), { isCut: true, code: 3 });
  assert.equal(Deno.readTextFileSync(file), "12345\n[corral: stopped]\n");
});

boundedTest("boundOutput() writes words as they come", async (temp) => {
  const file = temp.write("log", "");
  const bounded = await boundOutput(file, { maxBytes: 1_000, words });
  const args = [
    "-c",
    'exec >"$0"; echo first; exec sleep 1000',
    bounded.path.replace("self", String(Deno.pid)),
  ];
  const child = new Deno.Command("sh", { args }).spawn();
  const isThere = await poll(() => Deno.readTextFileSync(file) === "first\n", 10_000);
  bounded.release();
  child.kill("SIGKILL");
  await child.status;
  await bounded.done;
  assert.ok(isThere);
});

boundedTest("boundOutput() keeps the writer going when the file takes no more", async (temp) => {
  void temp;
  const script = "i=0; while [ $i -lt 300 ]; do printf %1000s x || exit 9; i=$((i + 1)); done";
  assert.equal((await written("/dev/full", script, 1_000_000)).code, 0);
});
