import assert from "node:assert/strict";
import { shownBytes } from "../../../src/cli/others_output.ts";

function shown(isTerminal: boolean, ...pieces: readonly (readonly number[])[]): (number[] | string)[] {
  const printed: (number[] | string)[] = [];
  const take = shownBytes({
    isTerminal,
    pass: (bytes) => printed.push([...bytes]) > 0,
    write: (text) => printed.push(text) > 0,
  });
  for (const piece of pieces) assert.equal(take(Uint8Array.from(piece)), true);
  return printed;
}

const ESCAPE = [27, 91, 51, 49, 109];

Deno.test("another user's output is passed on as it is where no terminal obeys it", () => {
  assert.deepEqual(shown(false, [97, 255, ...ESCAPE]), [[97, 255, ...ESCAPE]]);
});

Deno.test("on a terminal no control character of another user's is obeyed, and no letter is lost between two pieces", () => {
  const [first, second] = shown(true, [97, ...ESCAPE, 10, 0xc3], [0xa9, 10]) as string[];
  assert.deepEqual([[...first!].includes("\u001b"), first!.at(-1), second], [false, "\n", "é\n"]);
  assert.match(first!, /^a.+31m\n$/);
});
