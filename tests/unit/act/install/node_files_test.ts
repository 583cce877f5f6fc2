import assert from "node:assert/strict";
import { PathError } from "../../../../src/base/errors.ts";
import {
  directoryExists,
  fileState,
  missingDirectories,
  realPath,
  removeEmptyDirectory,
  removeFile,
  writeFile,
} from "../../../../src/act/install/node_files.ts";
import { markerLine } from "../../../../src/act/install/record.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

Deno.test("fileState() tells corral's own file from others, and follows no link", () => {
  using temp = new TempDir();
  const ours = temp.write("ours", markerLine("#"));
  assert.deepEqual(fileState(ours), { is: "ours", text: markerLine("#") });
  assert.deepEqual(fileState(temp.write("others", "x")), { is: "foreign" });
  Deno.symlinkSync(ours, `${temp.path}/link`);
  assert.deepEqual(fileState(`${temp.path}/link`), { is: "foreign" });
  Deno.symlinkSync("/dev/null", `${temp.path}/masked`);
  assert.deepEqual(fileState(`${temp.path}/masked`), { is: "masked" });
  assert.deepEqual(fileState(temp.path), { is: "foreign" });
  assert.equal(fileState(`${temp.path}/none`), null);
  assert.throws(() => fileState(`${ours}/below`), PathError);
});

Deno.test("writeFile() makes the directories and replaces what lies there, also a link", () => {
  using temp = new TempDir();
  const path = `${temp.path}/a/b/file`;
  assert.deepEqual(missingDirectories([path, `${temp.path}/a/c/d`]), [
    `${temp.path}/a`,
    `${temp.path}/a/b`,
    `${temp.path}/a/c`,
  ]);
  const umask = Deno.umask(0o077);
  try {
    writeFile(path, "1", { forAll: true });
  } finally {
    Deno.umask(umask);
  }
  assert.deepEqual(missingDirectories([path]), []);
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o644);
  assert.equal(Deno.statSync(`${temp.path}/a`).mode! & 0o777, 0o755);
  const target = temp.write("target", "kept");
  Deno.removeSync(path);
  Deno.symlinkSync(target, path);
  writeFile(path, "2", { forAll: true });
  assert.deepEqual([Deno.readTextFileSync(path), Deno.readTextFileSync(target)], ["2", "kept"]);
});

Deno.test("writeFile() that fails leaves nothing half-written", () => {
  using temp = new TempDir();
  Deno.mkdirSync(`${temp.path}/there`);
  assert.throws(() => writeFile(`${temp.path}/there`, "x", { forAll: false }), PathError);
  assert.deepEqual([...Deno.readDirSync(temp.path)].map(({ name }) => name), ["there"]);
});

Deno.test("removeFile() and removeEmptyDirectory() say whether there was something to remove", () => {
  using temp = new TempDir();
  const file = temp.write("d/file", "");
  assert.equal(removeEmptyDirectory(`${temp.path}/d`), false);
  assert.deepEqual([removeFile(file), removeFile(file)], [true, false]);
  assert.deepEqual([removeEmptyDirectory(`${temp.path}/d`), removeEmptyDirectory(`${temp.path}/d`)], [
    true,
    false,
  ]);
});

Deno.test("realPath() and directoryExists() follow links", () => {
  using temp = new TempDir();
  const file = temp.write("d/file", "");
  Deno.symlinkSync(`${temp.path}/d`, `${temp.path}/link`);
  assert.equal(realPath(`${temp.path}/link/file`), Deno.realPathSync(file));
  assert.equal(realPath(`${temp.path}/none`), null);
  assert.deepEqual(
    [directoryExists(`${temp.path}/link`), directoryExists(file), directoryExists("/no/such")],
    [
      true,
      false,
      false,
    ],
  );
});
