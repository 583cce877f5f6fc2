import assert from "node:assert/strict";
import { boundedLines, type Readable } from "../../../src/linux/bounded_lines.ts";
import { always, fc, textOf } from "../../kit/fakes/properties.ts";

/** Gives the bytes in pieces of these sizes, and now and then none yet. */
function inPieces(bytes: Uint8Array, sizes: readonly number[]): Readable {
  let [at, turn] = [0, 0];
  return {
    readSync: (into) => {
      const size = sizes[turn++ % sizes.length]!;
      if (size === 0) throw new Deno.errors.WouldBlock();
      const piece = bytes.subarray(at, at + Math.min(size, into.length));
      into.set(piece);
      at += piece.length;
      return piece.length === 0 ? null : piece.length;
    },
  };
}

Deno.test("boundedLines() gives the lines, however they come, and null for those past the bound", () => {
  const texts = textOf(["a", "ü", "\n", "long", "\r"], 40);
  always(
    fc.tuple(texts, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })),
    ([text, sizes]) => {
      const expected = text.split("\n").map((line) =>
        new TextEncoder().encode(line).length > 8 ? null : line
      );
      if (expected.at(-1) === "") expected.pop();
      assert.deepEqual([...boundedLines(inPieces(new TextEncoder().encode(text), sizes), 8)], expected);
    },
    1_000,
  );
});

Deno.test("boundedLines() waits for a pipe that is empty and may not block", () => {
  assert.deepEqual([...boundedLines(inPieces(new TextEncoder().encode("a\nb"), [0, 1, 0, 9]), 8)], [
    "a",
    "b",
  ]);
});
