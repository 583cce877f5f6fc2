import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { ONE_SWEEP } from "../../../../src/act/sweep/prune.ts";
import { endedPhase } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { insertRunning } from "../../../kit/fakes/stores.ts";

const DAY_MS = 86_400_000;
const LETTERS = "bcdfghjkmnpqrstvwxyz";

/** So many distinct ids. */
function ids(count: number): string[] {
  const letter = (index: number, power: number) => LETTERS[Math.floor(index / 20 ** power) % 20];
  return Array.from(
    { length: count },
    (_, index) => `aaa${letter(index, 2)}${letter(index, 1)}${letter(index, 0)}`,
  );
}

/** A job that ended so many days ago, with output beside the store. */
function ended(node: FakeNode, id: string, daysAgo: number, survivors = endedPhase().survivors): void {
  const store = node.stores.open();
  insertRunning(store, { id });
  const { state: _, run: _run, ...ending } = endedPhase({
    endedAtMs: node.wallMs - daysAgo * DAY_MS,
    survivors,
  });
  store.markEnded(id, ending, []);
  Deno.mkdirSync(`${node.stores.path}/output`, { recursive: true });
  Deno.writeTextFileSync(outputFile(node, id), "words\n");
}

const outputFile = (node: FakeNode, id: string) => `${node.stores.path}/output/${id}.log`;

function left(node: FakeNode, among: readonly string[]): string[] {
  return among.filter((id) => node.stores.open().get(id) !== null);
}

Deno.test("corral prune drops what ended before, with its output, and nothing else", async () => {
  using node = new FakeNode();
  const all = ["aaaaaa", "bbbbbb", "cccccc"];
  for (const [index, id] of all.entries()) ended(node, id, 10 * (index + 1));
  const live = node.start();
  assert.equal(await node.corral("prune", "--older-than", "15d"), EXIT.DONE);
  assert.match(node.out, /^dropped 2 jobs that ended before 2026-10-1\d .*, with 2 output files\n$/);
  assert.deepEqual(left(node, [...all, live.spec.id]), ["aaaaaa", live.spec.id]);
  const outputs = [...Deno.readDirSync(`${node.stores.path}/output`)].map(({ name }) => name);
  assert.deepEqual(outputs, ["aaaaaa.log"]);
});

Deno.test("corral prune never drops a job that lives or has left something alive or a cgroup", async () => {
  using node = new FakeNode();
  const survivor = { pid: 5, name: "x", state: "D", wchan: null, because: "waits" };
  ended(node, "bbbbbb", 10, [survivor]);
  ended(node, "cccccc", 10);
  node.cgroups.add("/corral/cccccc");
  const live = node.start();
  assert.equal(await node.corral("prune", "--older-than", "0", "--json"), EXIT.DONE);
  assert.deepEqual(node.takeJson(), {
    dryRun: false,
    endedBefore: new Date(node.wallMs).toISOString(),
    jobs: 0,
    outputFiles: 0,
  });
  assert.deepEqual(left(node, ["bbbbbb", "cccccc", live.spec.id]).length, 3);
});

Deno.test("corral prune removes no file elsewhere, whatever id somebody wrote into the store", async () => {
  using node = new FakeNode();
  ended(node, "aaaaaa", 10);
  const elsewhere = `${node.stores.path}/precious.log`;
  Deno.writeTextFileSync(elsewhere, "precious");
  node.stores.raw().exec("PRAGMA foreign_keys = OFF; UPDATE jobs SET id = '../precious' WHERE id = 'aaaaaa'");
  assert.equal(await node.corral("prune", "--older-than", "9d"), EXIT.DONE);
  assert.match(node.out, /^dropped 1 job that ended before [^,]*\n$/);
  assert.equal(Deno.readTextFileSync(elsewhere), "precious");
});

Deno.test("corral prune --dry-run says what it would do and does not", async () => {
  using node = new FakeNode();
  for (const id of ["aaaaaa", "bbbbbb"]) ended(node, id, 10);
  Deno.removeSync(outputFile(node, "aaaaaa"));
  assert.equal(await node.corral("prune", "--older-than", "9d", "--dry-run"), EXIT.DONE);
  assert.match(node.out, /^would drop 2 jobs that ended before .*, with 1 output file\n$/);
  assert.deepEqual(left(node, ["aaaaaa", "bbbbbb"]).length, 2);
  assert.equal(Deno.readTextFileSync(outputFile(node, "bbbbbb")), "words\n");
  node.out = "";
  await node.corral("prune", "--older-than", "9d", "--json");
  const { jobs, outputFiles } = node.takeJson() as { jobs: number; outputFiles: number };
  assert.deepEqual([jobs, outputFiles], [2, 1], "what it then does is what it said");
});

Deno.test("corral prune takes many in steps, and the file becomes smaller", async () => {
  using node = new FakeNode();
  const all = ids(600);
  const store = node.stores.open();
  const database = node.stores.raw();
  insertRunning(store, { id: all[0]!, argv: ["x".repeat(3000)] });
  const { state: _, run: _run, ...ending } = endedPhase({ endedAtMs: node.wallMs - 2 * DAY_MS });
  store.markEnded(all[0]!, ending, []);
  const columns = database.prepare("SELECT name FROM pragma_table_info('jobs') WHERE name <> 'id'").all()
    .map((row) => String(row["name"])).join(", ");
  const copy = database.prepare(
    `INSERT INTO jobs (id, ${columns}) SELECT ?, ${columns} FROM jobs WHERE id = ?`,
  );
  for (const id of all.slice(1)) copy.run(id, all[0]!);
  const before = store.pages().pages;
  assert.equal(await node.corral("prune", "--older-than", "1d", "--json"), EXIT.DONE);
  assert.equal((node.takeJson() as { jobs: number }).jobs, 600);
  const { pages, freePages } = store.pages();
  assert.deepEqual([freePages, pages < before / 4], [0, true], `${before} pages, then ${pages}`);
});

Deno.test("corral prune needs to know how old", async () => {
  using node = new FakeNode();
  assert.equal(await node.corral("prune"), EXIT.USAGE);
  assert.match(node.said[0]!, /required option.*--older-than/);
  assert.equal(await node.corral("prune", "--older-than", "90x"), EXIT.USAGE);
  assert.match(node.said[1]!, /--older-than: cannot read "90x" as a duration/);
});

/** Signal listeners stay for the life of the process, as they should in a sweep. */
function sweepTest(name: string, act: (node: FakeNode) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      using node = new FakeNode();
      await act(node);
    },
  });
}

sweepTest(
  "corral sweep drops what is older than the retention, a bounded number each time, and says nothing",
  async (node) => {
    node.retentionMs = 90 * DAY_MS;
    for (const id of ["aaaaaa", "bbbbbb"]) ended(node, id, 91);
    ended(node, "cccccc", 89);
    assert.equal(await node.corral("sweep", "--dry-run"), EXIT.DONE);
    assert.equal(left(node, ["aaaaaa", "bbbbbb", "cccccc"]).length, 3);
    node.out = "";
    assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
    assert.deepEqual([node.out, node.said, left(node, ["aaaaaa", "bbbbbb", "cccccc"])], ["", [], ["cccccc"]]);
    node.retentionMs = null;
    node.wallMs += 1000 * DAY_MS;
    await node.corral("sweep", "--quiet");
    assert.deepEqual(left(node, ["cccccc"]), ["cccccc"]);
    assert.ok(ONE_SWEEP.jobs <= 5_000 && ONE_SWEEP.ms <= 200);
  },
);

sweepTest("corral sweep that cannot drop old records says so, and has swept", async (node) => {
  node.retentionMs = DAY_MS;
  ended(node, "aaaaaa", 2);
  const refuse = "CREATE TRIGGER refuse BEFORE DELETE ON jobs BEGIN SELECT raise(ABORT, 'disk is full'); END";
  node.stores.raw().exec(refuse);
  assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
  assert.match(node.said[0]!, /^warning: old records stay: .*full/);
});

sweepTest(
  "corral sweep drops nothing by a clock that is not believed, nor in the first hour after a boot",
  async (node) => {
    node.retentionMs = 90 * DAY_MS;
    ended(node, "aaaaaa", 1);
    node.wallMs += 91 * DAY_MS;
    assert.equal(await node.corral("sweep"), EXIT.DONE);
    assert.equal(left(node, ["aaaaaa"]).length, 1);
    node.wallMs -= 91 * DAY_MS;
    ended(node, "bbbbbb", 91);
    const { bootMs } = node;
    node.bootMs = 3_599_000;
    assert.equal(await node.corral("sweep"), EXIT.DONE);
    assert.equal(left(node, ["bbbbbb"]).length, 1);
    node.bootMs = bootMs;
    node.out = "";
    assert.equal(await node.corral("sweep"), EXIT.DONE);
    assert.deepEqual([node.out, left(node, ["aaaaaa", "bbbbbb"])], ["dropped old records: 1\n", ["aaaaaa"]]);
  },
);

Deno.test("corral prune by a clock that is not believed drops nothing without --yes", async () => {
  using node = new FakeNode();
  ended(node, "aaaaaa", 1);
  node.wallMs += 91 * DAY_MS;
  assert.equal(await node.corral("prune", "--older-than", "90d"), EXIT.NEGATIVE);
  assert.match(node.said.pop()!, /nothing dropped: the clock is .* ahead .*--yes/);
  assert.equal(await node.corral("prune", "--older-than", "90d", "--yes"), EXIT.DONE);
  assert.deepEqual(left(node, ["aaaaaa"]), []);
});
