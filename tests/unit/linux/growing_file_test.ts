import assert from "node:assert/strict";
import { GrowingFile } from "../../../src/linux/growing_file.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const append = (path: string, text: string) => Deno.writeTextFileSync(path, text, { append: true });

/** All that is new, as text. */
function newIn(file: GrowingFile): string {
  const decoder = new TextDecoder();
  let text = "";
  file.readNew((bytes) => {
    text += decoder.decode(bytes, { stream: true });
    return true;
  });
  return text;
}

Deno.test("GrowingFile reads what is there, then what is new", () => {
  using dir = new TempDir();
  const path = dir.write("log", "one\n");
  using file = new GrowingFile(path);
  assert.deepEqual([newIn(file), newIn(file)], ["one\n", ""]);
  append(path, "two\n");
  assert.equal(newIn(file), "two\n");
});

Deno.test("GrowingFile gives every byte as it is", () => {
  using dir = new TempDir();
  const bytes = new Uint8Array(200_000).map((_, index) => (index * 7) % 256);
  const path = dir.write("log", "");
  Deno.writeFileSync(path, bytes);
  using file = new GrowingFile(path);
  const pieces: number[] = [];
  assert.equal(file.readNew((piece) => pieces.push(...piece) > 0), true);
  assert.deepEqual(Uint8Array.from(pieces), bytes);
});

Deno.test("GrowingFile stops when nothing more is wanted", () => {
  using dir = new TempDir();
  using file = new GrowingFile(dir.write("log", "x".repeat(200_000)));
  let pieces = 0;
  assert.equal(file.readNew(() => ++pieces < 2), false);
  assert.equal(pieces, 2);
});

Deno.test("GrowingFile.seekToLast() leaves the last lines", () => {
  using dir = new TempDir();
  const long = `${"x".repeat(70_000)}\n`;
  const rows: [text: string, lines: number, left: string][] = [
    ["a\nb\nc\n", 2, "b\nc\n"],
    ["a\nb\nc", 2, "b\nc"],
    ["a\nb\n\n", 2, "b\n\n"],
    ["a\nb\n", 5, "a\nb\n"],
    ["a\nb\n", 0, ""],
    ["", 3, ""],
    ["\n", 1, "\n"],
    [`a\n${long}b\n`, 2, `${long}b\n`],
    [`a\n${long}${long}b\n`, 3, `${long}${long}b\n`],
  ];
  for (const [index, [text, lines, left]] of rows.entries()) {
    using file = new GrowingFile(dir.write(`log${index}`, text));
    file.seekToLast(lines);
    assert.equal(newIn(file), left, `the last ${lines} of row ${index}`);
  }
});

Deno.test("GrowingFile goes on in both files after a rotation by rename", () => {
  using dir = new TempDir();
  const path = dir.write("log", "one\n");
  using file = new GrowingFile(path);
  newIn(file);
  assert.equal(file.findRotated(), "same");
  Deno.renameSync(path, `${path}.1`);
  assert.equal(file.findRotated(), "removed");
  append(`${path}.1`, "to the old one\n");
  dir.write("log", "to the new one\n");
  assert.deepEqual([file.findRotated(), file.findRotated()], ["rotated", "same"]);
  assert.equal(newIn(file), "to the old one\nto the new one\n");
});

Deno.test("GrowingFile begins anew in a file that was copied and truncated", () => {
  using dir = new TempDir();
  const path = dir.write("log", "a long first line\n");
  using file = new GrowingFile(path);
  newIn(file);
  Deno.truncateSync(path, 0);
  append(path, "next\n");
  assert.equal(newIn(file), "next\n");
});

Deno.test("GrowingFile keeps a bounded number of rotated files open", () => {
  using dir = new TempDir();
  const path = dir.write("log", "0\n");
  using file = new GrowingFile(path);
  const open = () =>
    [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(dir.path);
      } catch {
        return false;
      }
    }).length;
  for (let times = 1; times < 20; times++) {
    Deno.renameSync(path, `${path}.${times}`);
    dir.write("log", `${times}\n`);
    file.findRotated();
  }
  assert.equal(open(), 8);
});

Deno.test("GrowingFile opens regular files only, and does not wait for another", () => {
  using dir = new TempDir();
  const fifo = `${dir.path}/fifo`;
  new Deno.Command("mkfifo", { args: [fifo] }).outputSync();
  for (const path of [fifo, dir.path, "/dev/null"]) {
    assert.throws(() => new GrowingFile(path), /the output went to no regular file/, path);
  }
  assert.throws(() => new GrowingFile(`${dir.path}/none`), /none: the output file was removed/);
});

Deno.test({
  name: "GrowingFile as root follows no link, and reads nothing in a directory of another user",
  ignore: Deno.uid() !== 0,
  fn: () => {
    using dir = new TempDir();
    const path = dir.write("log", "x\n");
    Deno.symlinkSync(path, `${dir.path}/link`);
    assert.throws(() => new GrowingFile(`${dir.path}/link`), /cannot read the output file/);
    Deno.chmodSync(dir.path, 0o777);
    assert.throws(() => new GrowingFile(path), /the output file .*can be changed by others than root/);
    Deno.chmodSync(dir.path, 0o700);
    Deno.chownSync(path, 12345, 12345);
    assert.throws(() => new GrowingFile(path), /belongs to uid 12345/);
  },
});
