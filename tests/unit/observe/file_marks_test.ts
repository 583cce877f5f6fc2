import assert from "node:assert/strict";
import { NO_FILE } from "../../../src/job/health.ts";
import { FileMarks } from "../../../src/observe/file_marks.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const SELF = { uid: Deno.uid()!, gid: Deno.gid()!, home: "/" };

Deno.test("FileMarks changes with every touch, whatever time that sets, and with a file in its place", async () => {
  using temp = new TempDir();
  const path = temp.write("beat", "");
  const marks: (string | null)[] = [];
  const look = async () => void marks.push((await new FileMarks().of(SELF, [path]))[0]!);
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

Deno.test("FileMarks are the same while a file is", async () => {
  using temp = new TempDir();
  const path = temp.write("beat", "x");
  const look = () => new FileMarks().of(SELF, [path, `${temp.path}/none`]);
  const first = await look();
  assert.deepEqual(first[1], NO_FILE);
  assert.deepEqual(await look(), first);
});

Deno.test({
  name: "FileMarks looks at a user's file as that user: what that user may not see is not known",
  ignore: Deno.uid() !== 0,
  // libc stays loaded.
  sanitizeResources: false,
  fn: async () => {
    using temp = new TempDir();
    const path = temp.write("secret", "x");
    Deno.chmodSync(temp.path, 0o700);
    const nobody = { uid: 65_534, gid: 65_534, home: "/" };
    assert.deepEqual(await new FileMarks().of(nobody, [path]), [NO_FILE]);
    Deno.chmodSync(temp.path, 0o755);
    assert.match((await new FileMarks().of(nobody, [path]))[0]!, /^\d+:\d+ 1 /);
  },
});

Deno.test("FileMarks knows nothing of what does not answer, and asks it ever more seldom", async () => {
  let [nowMs, asked] = [0, 0];
  let answer: { code: number; stdout: string; stderr: string } | null = null;
  const ask = () => {
    asked++;
    return Promise.resolve(answer);
  };
  const marks = new FileMarks(ask, () => nowMs);
  const other = { ...SELF, uid: SELF.uid + 1 };
  const rows: [ms: number, asked: number][] = [[0, 1], [59_999, 1], [60_000, 2], [179_000, 2], [180_000, 3]];
  for (const [ms, times] of rows) {
    nowMs = ms;
    assert.deepEqual(await marks.of(other, ["/net/beat"]), [null]);
    assert.equal(asked, times, String(ms));
  }
  answer = { code: 0, stdout: "1:2 0 then now\n?\n", stderr: "" };
  nowMs = 3_600_000;
  assert.deepEqual(await marks.of(other, ["/net/beat", "/net/other"]), ["1:2 0 then now", null]);
});
