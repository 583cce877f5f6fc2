import assert from "node:assert/strict";
import { lookUpCommand } from "../../../src/linux/command_lookup.ts";
import { EXIT } from "../../../src/base/errors.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

/** A directory with one of everything that a command can be. */
function bench(): TempDir {
  const temp = new TempDir();
  for (
    const [name, mode] of [["one/good", 0o755], ["one/plain", 0o644], ["two/plain", 0o700], ["good", 0o711]]
  ) {
    Deno.chmodSync(temp.write(name as string, ""), mode as number);
  }
  Deno.mkdirSync(`${temp.path}/one/directory`);
  Deno.symlinkSync("good", `${temp.path}/one/link`);
  Deno.symlinkSync("nothing", `${temp.path}/one/broken`);
  Deno.symlinkSync("loop", `${temp.path}/one/loop`);
  return temp;
}

const found = (path: string) => ({ found: path });
const missing = (because: string) => ({ exitCode: EXIT.NOT_FOUND, because });
const forbidden = (because: string) => ({ exitCode: EXIT.NOT_EXECUTABLE, because });

Deno.test("lookUpCommand() searches PATH for a name, the first that can be executed wins", () => {
  using temp = bench();
  const one = `${temp.path}/one`;
  const path = `/no/such/directory:${one}:${temp.path}/two`;
  const look = (command: string) => lookUpCommand(command, { path, cwd: "/" });
  assert.deepEqual(look("good"), found(`${one}/good`));
  assert.deepEqual(look("link"), found(`${one}/link`));
  assert.deepEqual(look("plain"), found(`${temp.path}/two/plain`));
  assert.deepEqual(look("directory"), forbidden("is a directory"));
  for (const command of ["nothing", "broken", "loop", "", "a\0b"]) {
    assert.deepEqual(look(command), missing("not found in PATH"), command);
  }
});

Deno.test("lookUpCommand() takes a name with a slash as a path from the job's directory", () => {
  using temp = bench();
  const one = `${temp.path}/one`;
  const look = (command: string) => lookUpCommand(command, { path: "", cwd: one });
  assert.deepEqual(look("./good"), found(`${one}/./good`));
  assert.deepEqual(look(`${one}/good`), found(`${one}/good`));
  assert.deepEqual(look("./plain"), forbidden("is not executable"));
  assert.deepEqual(look("../one"), forbidden("is a directory"));
  assert.deepEqual(look("/"), forbidden("is a directory"));
  assert.deepEqual(look("good/x"), missing("no such file"));
  assert.deepEqual(look("./nothing"), missing("no such file"));
  assert.deepEqual(look(`./${"x".repeat(300)}`), missing("no such file"));
  assert.deepEqual(look("./a\0b"), missing("no such file"));
});

Deno.test("lookUpCommand() reads an empty part of PATH as the job's directory", () => {
  using temp = bench();
  for (const path of ["", ":/none", "/none:", "/none::/none2"]) {
    assert.deepEqual(lookUpCommand("good", { path, cwd: temp.path }), found(`${temp.path}/./good`), path);
  }
});
