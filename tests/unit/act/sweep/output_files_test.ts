import assert from "node:assert/strict";
import { OutputFiles } from "../../../../src/act/sweep/output_files.ts";
import { prune, WHOLE } from "../../../../src/act/sweep/prune.ts";
import { StoreError } from "../../../../src/base/errors.ts";
import { runScript } from "../../../../src/linux/apart.ts";
import { endedPhase } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { insertRunning } from "../../../kit/fakes/stores.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const DAY_MS = 86_400_000;
/** Three files, one of them a link to what must stay; a directory; a file that no id names. */
function directory(): TempDir {
  const temp = new TempDir();
  for (const name of ["aaaaaa", "bbbbbb", "other"]) temp.write(`output/${name}.log`, "words\n");
  temp.write("elsewhere", "stays");
  Deno.symlinkSync("../elsewhere", `${temp.path}/output/cccccc.log`);
  temp.write("output/dddddd.log/inside", "");
  return temp;
}
const IDS = ["aaaaaa", "bbbbbb", "cccccc", "dddddd", "gggggg", "../elsewhere", "other"];

/** Runs scripts, counted, on what is said not to be local. */
function apart() {
  const reach = {
    calls: 0,
    isLocal: () => false,
    run: (...words: Parameters<typeof runScript>) => {
      reach.calls += 1;
      return runScript(...words);
    },
  };
  return reach;
}

for (const isLocal of [true, false]) {
  const where = isLocal ? "a local file system" : "another file system, by one process";
  Deno.test(`remove() takes the files of jobs, and warns of what stays, on ${where}`, async () => {
    using temp = directory();
    const reach = apart();
    const files = new OutputFiles(temp.path, { run: reach.run, isLocal: () => isLocal });
    const lines: string[] = [];
    assert.equal(await files.remove(IDS, (line) => lines.push(line)), 3);
    const left = [...Deno.readDirSync(`${temp.path}/output`)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["dddddd.log", "other.log"]);
    assert.equal(Deno.readTextFileSync(`${temp.path}/elsewhere`), "stays");
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^warning: cannot remove a job's output: .*dddddd\.log/);
    assert.equal(reach.calls, isLocal ? 0 : 1);
  });

  Deno.test(`count() is of the files that are there, on ${where}`, async () => {
    using temp = directory();
    const reach = apart();
    const files = new OutputFiles(temp.path, { run: reach.run, isLocal: () => isLocal });
    assert.equal(await files.count(["aaaaaa", "bbbbbb", "dddddd", "gggggg"]), 2);
    assert.equal(await new OutputFiles(`${temp.path}/none`, reach).count(["aaaaaa"]), 0);
  });
}

Deno.test("remove() of nothing starts no process", async () => {
  const reach = apart();
  assert.equal(await new OutputFiles("/nonexistent", reach).remove(["../x"], assert.fail), 0);
  assert.equal(reach.calls, 0);
});

const SILENT = { isLocal: () => false, run: () => Promise.resolve(null) };

Deno.test("count() of a file system that does not answer throws", async () => {
  await assert.rejects(
    () => new OutputFiles("/far", SILENT).count(["aaaaaa"]),
    (error) => error instanceof StoreError && error.message === "/far/output: does not answer",
  );
});

Deno.test("remove() throws when no process can be started: the records must stay", async () => {
  const run = () => Promise.resolve({ code: null, stdout: "", stderr: "spawn /bin/sh EAGAIN" });
  await assert.rejects(
    () => new OutputFiles("/far", { ...SILENT, run }).remove(["aaaaaa"], assert.fail),
    (error) => error instanceof StoreError && /^\/far\/output: .*EAGAIN$/.test(error.message),
  );
});

Deno.test("prune() keeps the records whose output's file system does not answer, and drops them later", async () => {
  using node = new FakeNode();
  const store = node.stores.open("prune");
  insertRunning(store, { id: "aaaaaa" });
  const { state: _, run: _run, ...ending } = endedPhase({ endedAtMs: node.wallMs - 10 * DAY_MS });
  store.markEnded("aaaaaa", ending, []);
  const file = `${node.stores.path}/output/aaaaaa.log`;
  Deno.mkdirSync(`${node.stores.path}/output`);
  Deno.writeTextFileSync(file, "words\n");
  await assert.rejects(
    () => prune(node.context, store, node.wallMs, { ...WHOLE, reach: SILENT }),
    /output: does not answer$/,
  );
  assert.notEqual(store.get("aaaaaa"), null);
  assert.equal(Deno.readTextFileSync(file), "words\n");
  const pruned = await prune(node.context, store, node.wallMs, { ...WHOLE, reach: apart() });
  assert.deepEqual(pruned, { jobs: 1, outputFiles: 1 });
  assert.equal(store.get("aaaaaa"), null);
  assert.throws(() => Deno.lstatSync(file), Deno.errors.NotFound);
});
