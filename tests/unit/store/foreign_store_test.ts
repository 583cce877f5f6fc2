import assert from "node:assert/strict";
import { renderError } from "../../../src/base/errors.ts";
import { JobStore } from "../../../src/store/jobs.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

function refusal(act: () => void): string {
  try {
    act();
  } catch (error) {
    return renderError(error);
  }
  assert.fail("it was opened");
}

Deno.test("JobStore.open() says of another program's tables, and of a version that no corral writes, that the file is to be moved", () => {
  const made: Record<string, string> = {
    foreign: "CREATE TABLE jobs (a)",
    "of an earlier version by its number alone": "PRAGMA user_version = 5",
    "of a version below zero": "PRAGMA user_version = -1",
  };
  for (const [what, sql] of Object.entries(made)) {
    using dir = new StoreDir();
    if (what !== "foreign") dir.open().close();
    dir.raw().exec(sql);
    const words = refusal(() => JobStore.open(dir.path, "corral.db", "run").close());
    assert.match(words, /: (cannot open: [^\n\\]*|is no store of corral's) \(move the file away: /, what);
    assert.ok(words.length < 300, words);
  }
});

Deno.test("JobStore says of a store whose tables are gone that the file is to be moved", () => {
  using dir = new StoreDir();
  const store = dir.open();
  dir.raw().exec("DROP TABLE jobs");
  assert.throws(() => store.isTaken("aaaaaa"), {
    message: /cannot read: no such table/,
    remedy: /move the file away/,
  });
});

Deno.test("JobStore.open() refuses a FIFO or a device in its own place or beside it, and waits for neither", async () => {
  for (const suffix of ["", "-wal", "-journal", "-shm"]) {
    using dir = new StoreDir();
    const path = `${dir.file}${suffix}`;
    assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    const open = () => JobStore.open(dir.path, "corral.db", "run").close();
    assert.equal(refusal(open), `corral: ${path}: is no file that a store can have (remove it)`);
    Deno.removeSync(path);
    Deno.symlinkSync("/dev/zero", path);
    assert.match(refusal(open), /is no file that a store can have/);
  }
});
