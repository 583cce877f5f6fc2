import assert from "node:assert/strict";
import { writeAll } from "../../../src/linux/write.ts";

Deno.test("writeAll() writes what a stream takes in pieces, and says that somebody reads it", () => {
  let written = "";
  const stream = {
    writeSync: (bytes: Uint8Array) => {
      written += new TextDecoder().decode(bytes.subarray(0, 3));
      return Math.min(3, bytes.length);
    },
  };
  assert.equal(writeAll(stream, "two lines\nof text\n"), true);
  assert.equal(written, "two lines\nof text\n");
});

Deno.test("writeAll() says when the reader has gone away, and passes other errors on", () => {
  const failing = (error: Error) => ({
    writeSync: () => {
      throw error;
    },
  });
  assert.equal(writeAll(failing(new Deno.errors.BrokenPipe()), "x"), false);
  assert.throws(() => writeAll(failing(new Error("no space")), "x"), /no space/);
});
