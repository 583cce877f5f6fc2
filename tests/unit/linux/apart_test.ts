import assert from "node:assert/strict";
import { runScript } from "../../../src/linux/apart.ts";
import { lookUpWhere } from "../../../src/linux/command_lookup.ts";
import { lookUpApart } from "../../../src/act/launch/user_gate.ts";
import { EXIT } from "../../../src/base/errors.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("runScript() gives what the script printed", async () => {
  const script = 'read -r line; echo "$1 $line"; echo why >&2; exit 3';
  assert.deepEqual(await runScript(script, { args: ["a  b"], stdin: "in\n", capMs: 5_000 }), {
    code: 3,
    stdout: "a  b in\n",
    stderr: "why",
  });
});

Deno.test("runScript() before which another program runs is in a session of its own, without a terminal", async () => {
  const script =
    'read -r _ _ _ _ group session terminal _ </proc/$$/stat; echo "$$ $group $session $terminal"';
  const { stdout } = (await runScript(script, { before: ["/usr/bin/env"], args: [], capMs: 5_000 }))!;
  const [pid, ...rest] = stdout.trim().split(" ");
  assert.deepEqual(rest, [pid, pid, "0"]);
});

Deno.test("runScript() gives characters that lie across two writes as they are", async () => {
  const script = "printf '\\303'; sleep 0.1; printf '\\244'";
  assert.equal((await runScript(script, { args: [], capMs: 5_000 }))!.stdout, "ä");
});

Deno.test("lookUpWhere() stops before the first directory that may not answer", () => {
  const isLocal = (path: string) => !path.startsWith("/net/");
  const look = (command: string, path: string) => lookUpWhere(command, { path, cwd: "/" }, isLocal);
  assert.deepEqual(look("sh", "/bin:/net/bin"), { found: "/bin/sh" });
  assert.equal(look("sh", "/net/bin:/bin"), null);
  assert.equal(look("/net/bin/sh", "/bin"), null);
});

Deno.test("lookUpApart() finds and refuses as lookUpCommand() does", async () => {
  using temp = new TempDir();
  Deno.chmodSync(temp.write("tool", ""), 0o755);
  temp.write("plain", "");
  const look = (command: string) => lookUpApart(command, { path: temp.path, cwd: temp.path });
  assert.ok("found" in (await look("tool"))!);
  assert.ok("found" in (await look("./tool"))!);
  assert.deepEqual(await look("plain"), { exitCode: EXIT.NOT_EXECUTABLE, because: "is not executable" });
  assert.deepEqual(await look("none"), { exitCode: EXIT.NOT_FOUND, because: "not found in PATH" });
  assert.deepEqual(await look("./none"), { exitCode: EXIT.NOT_FOUND, because: "no such file" });
});

Deno.test({
  name: "runScript() does not wait for a script that takes too long",
  // What hangs in the kernel is left behind: the last test of the file, for its end would fall into another's time.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const startMs = performance.now();
    assert.equal(await runScript("exec sleep 1000", { args: [], capMs: 100 }), null);
    assert.ok(performance.now() - startMs < 5_000);
  },
});

Deno.test({
  name: "runScript() gives up on a script that prints without end",
  // As above.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    assert.equal(
      await runScript("exec yes", { args: [], capMs: 60_000, maxCharacters: 1_000_000 }),
      null,
    );
  },
});
