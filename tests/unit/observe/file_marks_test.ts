import assert from "node:assert/strict";
import { NO_FILE } from "../../../src/job/health.ts";
import { fileMarks } from "../../../src/observe/file_marks.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const SELF = { uid: Deno.uid()!, gid: Deno.gid()!, home: "/" };

Deno.test("fileMarks() changes with every touch, whatever time that sets, and with a file in its place", async () => {
  using temp = new TempDir();
  const path = temp.write("beat", "");
  const marks: (string | null)[] = [];
  const look = async () => void marks.push((await fileMarks(SELF, [path]))[0]!);
  await look();
  Deno.writeTextFileSync(path, "more");
  await look();
  Deno.utimeSync(path, 1, 1);
  await look();
  Deno.removeSync(path);
  await look();
  Deno.writeTextFileSync(path, "");
  await look();
  assert.equal(new Set(marks).size, marks.length);
  assert.equal(marks[3], NO_FILE);
});

Deno.test("fileMarks() are the same while a file is", async () => {
  using temp = new TempDir();
  const path = temp.write("beat", "x");
  const look = () => fileMarks(SELF, [path, `${temp.path}/none`]);
  const first = await look();
  assert.deepEqual(first[1], NO_FILE);
  assert.deepEqual(await look(), first);
});

Deno.test({
  name: "fileMarks() looks at a user's file as that user: what that user may not see is not known",
  ignore: Deno.uid() !== 0,
  // libc stays loaded.
  sanitizeResources: false,
  fn: async () => {
    using temp = new TempDir();
    const path = temp.write("secret", "x");
    Deno.chmodSync(temp.path, 0o700);
    const nobody = { uid: 65_534, gid: 65_534, home: "/" };
    assert.deepEqual(await fileMarks(nobody, [path]), [NO_FILE]);
    Deno.chmodSync(temp.path, 0o755);
    assert.match((await fileMarks(nobody, [path]))[0]!, /^\d+:\d+ 1 /);
  },
});
