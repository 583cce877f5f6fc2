import assert from "node:assert/strict";
import { drawTree, type TreeNode } from "../../../src/view/tree.ts";

const node = (pid: number, ppid: number, command = `c${pid}`): TreeNode => ({
  pid,
  ppid,
  state: "S",
  command,
});

Deno.test("drawTree() indents children under their parent, in the order given", () => {
  const lines = drawTree([node(10, 1), node(12, 10), node(11, 10), node(20, 11), node(30, 2)]);
  assert.deepEqual(lines.map((line) => [line.trimStart().split(" ")[0], line.search(/\S/)]), [
    ["10", 0],
    ["12", lines[1]!.search(/\S/)],
    ["11", lines[1]!.search(/\S/)],
    ["20", lines[3]!.search(/\S/)],
    ["30", 0],
  ]);
  assert.ok(lines[1]!.search(/\S/) > 0 && lines[3]!.search(/\S/) > lines[1]!.search(/\S/));
});

Deno.test("drawTree() shows state and command, harmless and cut", () => {
  const [line = "", ...others] = drawTree([{
    pid: 7,
    ppid: 1,
    state: "D",
    command: `a\nb\x1b[2J${"x".repeat(999)}`,
  }]);
  assert.match(line, /^7 D a\\nb\\x1b\[2Jx+\.\.\.$/);
  assert.ok(line.length < 200);
  assert.deepEqual(others, []);
});

Deno.test("drawTree() shows every process once, also of a family that cannot be", () => {
  for (const nodes of [[node(1, 1)], [node(5, 5), node(6, 5)], []]) {
    assert.equal(drawTree(nodes).length, nodes.length);
  }
});

Deno.test("drawTree() of a fork bomb or an endless chain stays short and counts the rest", () => {
  const flat = drawTree(Array.from({ length: 5000 }, (_, index) => node(index + 2, 1)));
  const chain = drawTree(Array.from({ length: 5000 }, (_, index) => node(index + 2, index + 1)));
  for (const lines of [flat, chain]) {
    assert.equal(lines.length, 201);
    assert.equal(lines.at(-1), "… and 4800 more");
    for (const line of lines) assert.ok(line.length < 200);
  }
});
