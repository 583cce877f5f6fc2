import assert from "node:assert/strict";
import { copyOutput } from "../../../src/linux/copied_output.ts";
import { poll } from "../../../src/base/poll.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const SOON_MS = 10_000;

/** Where it is copied to. */
class Copy {
  text = "";
  readonly said: string[] = [];
  isWanted = true;

  readonly to = {
    take: (bytes: Uint8Array) => {
      this.text += new TextDecoder().decode(bytes);
      return this.isWanted;
    },
    say: (line: string) => void this.said.push(line),
    onLook: () => this.isWanted,
  };

  async has(text: string): Promise<void> {
    assert.ok(await poll(() => this.text === text, SOON_MS), this.text);
  }
}

/** The C library stays open for the life of the process. */
function copyTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

copyTest("copyOutput() copies what is there, or its last lines", async () => {
  using dir = new TempDir();
  const path = dir.write("log", "a\nb\nc\n");
  const [all, last] = [new Copy(), new Copy()];
  await copyOutput({ path, lines: null, over: null }, all.to);
  await copyOutput({ path, lines: 1, over: null }, last.to);
  assert.deepEqual([all.text, last.text], ["a\nb\nc\n", "c\n"]);
});

copyTest("copyOutput() follows until the job is over, and then to the end of the file", async () => {
  using dir = new TempDir();
  const path = dir.write("log", "a\n");
  const copy = new Copy();
  const over = new AbortController();
  const copied = copyOutput({ path, lines: null, over: over.signal }, copy.to);
  await copy.has("a\n");
  Deno.writeTextFileSync(path, "b\n", { append: true });
  await copy.has("a\nb\n");
  Deno.writeTextFileSync(path, "last\n", { append: true });
  over.abort();
  await copied;
  assert.deepEqual([copy.text, copy.said], ["a\nb\nlast\n", []]);
});

copyTest("copyOutput() of a job that is over already ends at once", async () => {
  using dir = new TempDir();
  const copy = new Copy();
  await copyOutput({ path: dir.write("log", "a\n"), lines: null, over: AbortSignal.abort() }, copy.to);
  assert.equal(copy.text, "a\n");
});

copyTest("copyOutput() goes on across a rotation", async () => {
  using dir = new TempDir();
  const path = dir.write("log", "a\n");
  const copy = new Copy();
  const over = new AbortController();
  const copied = copyOutput({ path, lines: null, over: over.signal }, copy.to);
  await copy.has("a\n");
  Deno.renameSync(path, `${path}.1`);
  dir.write("log", "");
  Deno.writeTextFileSync(`${path}.1`, "old\n", { append: true });
  await copy.has("a\nold\n");
  Deno.writeTextFileSync(path, "new\n", { append: true });
  await copy.has("a\nold\nnew\n");
  over.abort();
  await copied;
  assert.deepEqual(copy.said, []);
});

copyTest("copyOutput() says once that its file was removed, and reads on what it has open", async () => {
  using dir = new TempDir();
  const path = dir.write("log", "a\n");
  const copy = new Copy();
  const over = new AbortController();
  const copied = copyOutput({ path, lines: null, over: over.signal }, copy.to);
  await copy.has("a\n");
  using writer = Deno.openSync(path, { append: true });
  Deno.removeSync(path);
  assert.ok(await poll(() => copy.said.length > 0, SOON_MS));
  writer.writeSync(new TextEncoder().encode("b\n"));
  await copy.has("a\nb\n");
  over.abort();
  await copied;
  assert.deepEqual(copy.said, [`warning: the output file was removed: ${path}`]);
});

copyTest("copyOutput() ends when nothing more is wanted, also without anything new", async () => {
  using dir = new TempDir();
  const copy = new Copy();
  const over = new AbortController();
  const copied = copyOutput({ path: dir.write("log", "a\n"), lines: null, over: over.signal }, copy.to);
  await copy.has("a\n");
  copy.isWanted = false;
  await copied;
  assert.equal(over.signal.aborted, false);
});
