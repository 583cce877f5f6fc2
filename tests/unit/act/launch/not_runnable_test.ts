import assert from "node:assert/strict";
import { notRunnable } from "../../../../src/act/launch/not_runnable.ts";
import { EXIT, renderError } from "../../../../src/base/errors.ts";

const notFound = (command: string) =>
  renderError(notRunnable(command, { because: "not found in PATH", exitCode: EXIT.NOT_FOUND }));

Deno.test("notRunnable() leads on from a shell line in one word, and from no other command", () => {
  for (const line of ["a | b", "ls -la", "make&&make install", "sleep 1;echo"]) {
    assert.equal(
      notFound(line),
      `corral: "${line}": not found in PATH (a shell line needs a shell: corral run sh -c 'LINE')`,
    );
  }
  for (const command of ["nosuch", "./no-such_1.2", "a\nb"]) assert.doesNotMatch(notFound(command), /shell/);
  const directory = notRunnable("/a b", { because: "is a directory", exitCode: EXIT.NOT_EXECUTABLE });
  assert.equal(renderError(directory), 'corral: "/a b": is a directory');
  assert.equal(directory.exitCode, EXIT.NOT_EXECUTABLE);
});
