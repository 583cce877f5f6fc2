import assert from "node:assert/strict";
import {
  prepareReceipt,
  removeEarlierReceipt,
  writeReceiptFile,
} from "../../../../src/act/end/receipt_file.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };
const BY_SUPERVISOR = { late: false };

const namesIn = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

Deno.test("prepareReceipt() removes the receipt of an earlier run and leaves nothing", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  const path = temp.write("receipt", "earlier");
  prepareReceipt(path);
  assert.deepEqual(namesIn(temp.path), []);
});

Deno.test("writeReceiptFile() renames: another name of what lay there keeps its text", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  const path = `${temp.path}/${"n".repeat(255)}`;
  const place = prepareReceipt(path);
  Deno.writeTextFileSync(path, "the job's own");
  Deno.linkSync(path, `${temp.path}/link`);
  writeReceiptFile(place, "{}", BY_SUPERVISOR);
  assert.equal(Deno.readTextFileSync(path), "{}\n");
  assert.equal(Deno.readTextFileSync(`${temp.path}/link`), "the job's own");
  assert.equal(namesIn(temp.path).length, 2);
});

Deno.test(
  "writeReceiptFile() replaces a link that the job has put there, and does not follow it",
  LIBRARY_STAYS,
  () => {
    using temp = new TempDir();
    const [path, other] = [`${temp.path}/receipt`, temp.write("other", "mine")];
    const place = prepareReceipt(path);
    Deno.symlinkSync(other, path);
    writeReceiptFile(place, "{}", BY_SUPERVISOR);
    assert.deepEqual([Deno.readTextFileSync(path), Deno.readTextFileSync(other)], ["{}\n", "mine"]);
  },
);

Deno.test("prepareReceipt() follows a link of the caller's own", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  Deno.mkdirSync(`${temp.path}/runs`);
  Deno.symlinkSync("runs/7.json", `${temp.path}/latest.json`);
  writeReceiptFile(prepareReceipt(`${temp.path}/latest.json`), "{}", BY_SUPERVISOR);
  assert.ok(Deno.lstatSync(`${temp.path}/latest.json`).isSymlink);
  assert.equal(Deno.readTextFileSync(`${temp.path}/runs/7.json`), "{}\n");
});

Deno.test(
  "writeReceiptFile() never waits for the reader of a FIFO, and leaves a directory",
  LIBRARY_STAYS,
  async () => {
    using temp = new TempDir();
    const place = prepareReceipt(`${temp.path}/receipt`);
    assert.ok((await new Deno.Command("mkfifo", { args: [place.path] }).output()).success);
    assert.throws(() => writeReceiptFile(place, "{}", BY_SUPERVISOR), /fifo/);
    assert.throws(() => prepareReceipt(place.path), /fifo/);
    Deno.removeSync(place.path);
    Deno.mkdirSync(place.path);
    assert.throws(() => writeReceiptFile(place, "{}", BY_SUPERVISOR), /directory/);
    assert.deepEqual(namesIn(temp.path), ["receipt"]);
  },
);

Deno.test("prepareReceipt() neither removes nor empties what is the caller's output", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  const path = temp.write("out", "before\n");
  using file = Deno.openSync(path, { append: true });
  const descriptor = [...Deno.readDirSync("/proc/self/fd")].find(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  })!;
  const place = prepareReceipt(`/proc/self/fd/${descriptor.name}`);
  assert.equal(place.how, "in-place");
  writeReceiptFile(place, "{}", BY_SUPERVISOR);
  assert.equal(Deno.readTextFileSync(path), "before\n{}\n");
  removeEarlierReceipt(`/proc/self/fd/${descriptor.name}`);
  assert.ok(file.statSync().nlink);
});

Deno.test("removeEarlierReceipt() removes files only, and those that are meant", () => {
  using temp = new TempDir();
  const path = temp.write("receipt", "earlier");
  removeEarlierReceipt(path, () => false);
  assert.deepEqual(namesIn(temp.path), ["receipt"]);
  removeEarlierReceipt(path);
  assert.deepEqual(namesIn(temp.path), []);
  Deno.mkdirSync(path);
  removeEarlierReceipt(path);
  removeEarlierReceipt(`${temp.path}/none/receipt`);
  assert.deepEqual(namesIn(temp.path), ["receipt"]);
});
