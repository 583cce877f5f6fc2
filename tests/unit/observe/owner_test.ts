import assert from "node:assert/strict";
import { askOwner } from "../../../src/observe/owner.ts";
import { FINISHED_STATUSES } from "../../../src/settings/settings.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

Deno.test("askOwner() asks once, of each ref once, one a line", async () => {
  using node = new FakeNode();
  const asked: string[][] = [];
  node.shell = (command, stdin) => {
    asked.push([command, stdin]);
    return { code: 0, stdout: "a failed\n", stderr: "" };
  };
  const answers = await askOwner(
    node.context,
    "ask 'them'",
    ["a", "two\nlines", "b", "a"],
    FINISHED_STATUSES,
  );
  assert.deepEqual([asked, [...answers.states]], [[["ask 'them'", "a\nb\n"]], [["a", "failed"]]]);
});

Deno.test("askOwner() asks nobody about nothing", async () => {
  using node = new FakeNode();
  node.shell = () => assert.fail("it was asked");
  assert.equal((await askOwner(node.context, "ask", ["two\nlines"], FINISHED_STATUSES)).states.size, 0);
});

Deno.test("askOwner() believes nothing of a command that fails or takes too long, and says so", async () => {
  using node = new FakeNode();
  for (const result of [{ code: 1, stdout: "a failed\n", stderr: "no\x1b database" }, null]) {
    node.shell = () => result;
    assert.equal((await askOwner(node.context, "ask", ["a"], FINISHED_STATUSES)).states.size, 0);
  }
  const so = "no job is judged by its owner in this sweep";
  assert.deepEqual(node.said, [
    `warning: the status command failed (exit code 1: "no\\x1b database"): ${so}`,
    `warning: the status command failed (did not answer within 30 s): ${so}`,
  ]);
});
