import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";

Deno.test("corral completion prints the script of each shell, and nothing for another", async () => {
  using node = new FakeNode();
  for (
    const [shell, first] of [["bash", /^# bash /], ["zsh", /^#compdef corral\n/], [
      "fish",
      /^# fish /,
    ]] as const
  ) {
    node.out = "";
    assert.equal(await node.corral("completion", shell), EXIT.DONE);
    assert.match(node.out, first);
    assert.ok(node.out.includes("--timeout") || node.out.includes("-l timeout"), shell);
  }
  assert.equal(await node.corral("completion", "csh"), EXIT.USAGE);
  assert.match(
    node.said[0]!,
    /'csh' is invalid for argument 'SHELL'. Allowed choices are bash, zsh, fish\. \(see: corral completion --help\)$/,
  );
});
