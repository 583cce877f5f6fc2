import assert from "node:assert/strict";
import { isVanished } from "../../../src/base/errno.ts";
import { readKernelBytes, readKernelText } from "../../../src/base/kernel_file.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("readKernelText() reads files that have no size", () => {
  assert.match(readKernelText("/proc/self/status"), /^Name:.*\n[^]*\nSigIgn:\t[0-9a-f]{16}\n[^]*\n$/);
  assert.equal(Number(readKernelText("/proc/self/stat").split(" ")[0]), Deno.pid);
});

Deno.test("readKernelText() reads to the end of what does not fit at first, and is not mixed up by it afterwards", () => {
  using temp = new TempDir();
  for (const length of [0, 1, 16_383, 16_384, 16_385, 300_000, 5]) {
    const text = "0123456789".repeat(length / 10 + 1).slice(0, length);
    Deno.writeTextFileSync(`${temp.path}/file`, text);
    assert.equal(readKernelText(`${temp.path}/file`), text, `${length} bytes`);
  }
});

Deno.test("readKernelText() keeps a byte order mark and marks what is not UTF-8", () => {
  using temp = new TempDir();
  Deno.writeFileSync(`${temp.path}/file`, Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xe9));
  assert.equal(readKernelText(`${temp.path}/file`), "\ufeffa\ufffd");
});

Deno.test("readKernelBytes() gives bytes that the next read leaves alone", () => {
  const before = readKernelBytes("/proc/self/stat");
  const copy = before.slice();
  readKernelBytes("/proc/self/status");
  assert.deepEqual(before, copy);
});

Deno.test("readKernelText() throws errors that isVanished() knows", () => {
  for (const path of ["/proc/4194305/stat", "/proc/self/nothing"]) {
    assert.throws(() => readKernelText(path), isVanished);
  }
});
