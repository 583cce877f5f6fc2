import assert from "node:assert/strict";
import { runShell } from "../../../src/linux/shell_command.ts";

const CAP_MS = 20_000;
const shell = (command: string, stdin = "", capMs = CAP_MS) => runShell(command, { stdin, capMs });

Deno.test("runShell() feeds the command and brings back what it says", async () => {
  const result = await shell(
    'while read -r ref; do echo "$ref failed"; done; echo no >&2; exit 3',
    "a\n$(b)\n",
  );
  assert.deepEqual(result, { code: 3, stdout: "a failed\n$(b) failed\n", stderr: "no" });
});

Deno.test({
  name: "runShell() has its answer when the command has ended, whatever still holds its output",
  // The daemon's end of the pipe is not closed.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const mark = `1001.${Deno.pid}`;
    for (const redirection of ["", ">/dev/null", "2>/dev/null"]) {
      const startMs = performance.now();
      const result = await shell(`echo a failed; sleep ${mark} </dev/null ${redirection} & exit 0`);
      assert.deepEqual([result?.code, result?.stdout], [0, "a failed\n"]);
      assert.ok(performance.now() - startMs < CAP_MS / 2);
    }
    new Deno.Command("pkill", { args: ["-KILL", "-f", `^sleep ${mark}$`] }).outputSync();
  },
});

Deno.test("runShell() does not mind a command that reads nothing of much", async () => {
  assert.deepEqual(await shell("exec <&-; echo done", "x\n".repeat(1_000_000)), {
    code: 0,
    stdout: "done\n",
    stderr: "",
  });
});

Deno.test("runShell() gives the shell's own word of a command that is missing", async () => {
  const result = await shell("/nonexistent/command");
  assert.equal(result?.code, 127);
  assert.match(result?.stderr ?? "", /nonexistent/);
});

Deno.test("runShell() kills what takes too long, with all that it started", async () => {
  const mark = `1000.${Deno.pid}`;
  const started = performance.now();
  assert.equal(await shell(`sleep ${mark} & sleep ${mark}; echo late`, "", 300), null);
  assert.ok(performance.now() - started < CAP_MS);
  const left = () =>
    new TextDecoder().decode(new Deno.Command("pgrep", { args: ["-f", mark] }).outputSync().stdout);
  while (left() !== "") await new Promise((resolve) => setTimeout(resolve, 10));
});

Deno.test({
  name: "runShell() refuses what floods it",
  // It is killed, and its end is not waited for.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    assert.deepEqual(await shell("exec yes"), {
      code: 1,
      stdout: "",
      stderr: "it prints more than 16777216 bytes",
    });
  },
});
