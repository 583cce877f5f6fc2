/** `corral report --cursor`: each ended job once. */
import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { CursorFile } from "../../../../src/act/cursor/cursor_file.ts";
import { insertEnded } from "../../../kit/fakes/ended_job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const START_MS = 1_793_520_000_000;

class Desk implements Disposable {
  readonly node = new FakeNode();
  readonly temp = new TempDir();
  readonly cursor = `${this.temp.path}/cursor`;

  end(id: string, endedAtMs = START_MS, name = "job"): void {
    insertEnded(this.node.stores.open(), {
      spec: { id, name },
      startedAtMs: START_MS - 1_000,
      ending: { endedAtMs },
    });
  }

  async code(...args: string[]): Promise<number> {
    this.node.out = "";
    this.node.said.length = 0;
    return await this.node.corral("report", "--format", "jsonl", "--cursor", this.cursor, ...args);
  }

  /** Ids that are printed. */
  async printed(...args: string[]): Promise<string[]> {
    assert.equal(await this.code(...args), EXIT.DONE, this.node.said.join("\n"));
    return idsIn(this.node.out);
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
    this.temp[Symbol.dispose]();
  }
}

const idsIn = (text: string) =>
  text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).id);

Deno.test("corral report --cursor prints each ended job once, and no live one", async () => {
  using desk = new Desk();
  desk.node.start();
  assert.deepEqual(await desk.printed(), []);
  desk.end("aaaaaa");
  desk.end("aaaaab");
  assert.deepEqual(await desk.printed(), ["aaaaaa", "aaaaab"]);
  assert.deepEqual(await desk.printed(), []);
  desk.end("aaaaac");
  assert.deepEqual(await desk.printed(), ["aaaaac"]);
  assert.deepEqual(await desk.printed(), []);
});

Deno.test("corral report --cursor goes by the order of the records, whatever the clock says", async () => {
  using desk = new Desk();
  desk.end("aaaaaa", START_MS);
  assert.deepEqual(await desk.printed(), ["aaaaaa"]);
  desk.end("aaaaab", START_MS - 86_400_000);
  desk.end("aaaaac", START_MS + 86_400_000);
  desk.node.wallMs -= 365 * 86_400_000;
  assert.deepEqual(await desk.printed(), ["aaaaab", "aaaaac"]);
  assert.deepEqual(await desk.printed(), []);
});

Deno.test("corral report --cursor misses no job that ended after the last ones were pruned", async () => {
  using desk = new Desk();
  desk.end("aaaaaa");
  desk.end("aaaaab");
  assert.deepEqual((await desk.printed()).length, 2);
  const store = desk.node.stores.open();
  assert.equal(store.drop({ beforeMs: START_MS + 1, except: [] }, ["aaaaaa", "aaaaab"]), 2);
  desk.end("aaaaac");
  assert.deepEqual(await desk.printed(), ["aaaaac"]);
});

Deno.test("corral report --cursor has what a corral of before an upgrade records", async () => {
  using desk = new Desk();
  desk.node.start();
  assert.deepEqual(await desk.printed(), []);
  const raw = desk.node.stores.raw();
  raw.exec(
    "UPDATE jobs SET state = 'ended', reason = 'exited', trigger_reason = 'exited', ended_at_ms = 1793520000000",
  );
  assert.equal((await desk.printed()).length, 1);
  raw.exec("UPDATE jobs SET state = 'ended', survivors = '[]'");
  assert.deepEqual(await desk.printed(), []);
});

Deno.test("corral report --cursor removes what killed runs have left", async () => {
  using desk = new Desk();
  Deno.writeTextFileSync(`${desk.cursor}.part-4711`, "{");
  desk.end("aaaaaa");
  await desk.printed();
  const left = [...Deno.readDirSync(desk.temp.path)].map(({ name }) => name).toSorted();
  assert.deepEqual(left, ["cursor", "cursor.lock"]);
});

Deno.test("corral report --cursor prints the jobs of a store that was made anew", async () => {
  using desk = new Desk();
  for (const id of ["aaaaaa", "aaaaab", "aaaaac"]) desk.end(id);
  assert.equal((await desk.printed()).length, 3);
  desk.node.stores.closeAll();
  Deno.removeSync(desk.node.stores.file);
  desk.end("aaaaad");
  assert.deepEqual(await desk.printed(), ["aaaaad"]);
});

Deno.test("corral report --cursor refuses a store that was put back from a copy", async () => {
  using desk = new Desk();
  desk.end("aaaaaa");
  desk.node.stores.closeAll();
  Deno.copyFileSync(desk.node.stores.file, `${desk.temp.path}/copy`);
  desk.end("aaaaab");
  assert.equal((await desk.printed()).length, 2);
  desk.node.stores.closeAll();
  Deno.copyFileSync(`${desk.temp.path}/copy`, desk.node.stores.file);
  assert.equal(await desk.code(), EXIT.NEGATIVE);
  assert.match(
    desk.node.said.join(),
    /older than what was printed of it \(it was put back from a copy: remove the cursor/,
  );
  assert.equal(desk.node.out, "");
});

Deno.test("corral report --cursor has the former store's endings too, each once", async () => {
  using desk = new Desk();
  using former = new FakeNode();
  insertEnded(former.stores.open(), { spec: { id: "aaaaaa" } });
  desk.end("aaaaaa", START_MS, "another");
  const context = desk.node.context;
  Object.defineProperty(desk.node, "context", {
    get: () => ({ ...context, openFormerStore: () => former.stores.open() }),
  });
  context.stdout.write = (text) => ((desk.node.out += text), true);
  assert.deepEqual(await desk.printed(), ["aaaaaa", "aaaaaa"]);
  assert.deepEqual(await desk.printed(), []);
  insertEnded(former.stores.open(), { spec: { id: "aaaaab" } });
  assert.deepEqual(await desk.printed(), ["aaaaab"]);
});

Deno.test("corral report --cursor passes over what a filter leaves out", async () => {
  using desk = new Desk();
  desk.end("aaaaaa", START_MS, "ant");
  desk.end("aaaaab", START_MS, "bee");
  assert.deepEqual(await desk.printed("--name", "bee"), ["aaaaab"]);
  assert.deepEqual(await desk.printed(), []);
});

Deno.test("corral report --cursor --output appends", async () => {
  using desk = new Desk();
  const output = `${desk.temp.path}/rows`;
  desk.end("aaaaaa");
  assert.deepEqual(await desk.printed("--output", output), []);
  desk.end("aaaaab");
  await desk.printed("--output", output);
  assert.deepEqual(idsIn(Deno.readTextFileSync(output)), ["aaaaaa", "aaaaab"]);
});

Deno.test("corral report --cursor does not count as printed what a reader that has gone did not take", async () => {
  using desk = new Desk();
  desk.end("aaaaaa");
  desk.node.outputEnds = true;
  await desk.printed();
  desk.node.outputEnds = false;
  assert.deepEqual(await desk.printed(), ["aaaaaa"]);
});

Deno.test("corral report --cursor prints more jobs than it holds in memory", async () => {
  using desk = new Desk();
  const alphabet = "23456789abcdefghjkmnpqrstvwxyz";
  const ids = Array.from(
    { length: 450 },
    (_, index) => `aaaa${alphabet[index % 30]}${alphabet[index / 30 | 0]}`,
  );
  for (const id of ids) desk.end(id);
  assert.deepEqual(await desk.printed(), ids);
  assert.deepEqual(await desk.printed(), []);
});

Deno.test("corral report --cursor: one run at a time, exit 75", async () => {
  using desk = new Desk();
  desk.end("aaaaaa");
  using _held = CursorFile.open(desk.cursor)!;
  assert.equal(await desk.code(), EXIT.SWEEP_RUNNING);
  assert.deepEqual(desk.node.said, ["another corral report has the cursor"]);
  assert.equal(desk.node.out, "");
});

for (
  const damage of [
    "",
    "{",
    "null",
    "[]",
    '{"version":2}',
    '{"version":1,"own":{"x":1},"users":{},"pending":null}',
  ]
) {
  Deno.test(`corral report --cursor begins no cursor anew that holds ${JSON.stringify(damage)}`, async () => {
    using desk = new Desk();
    desk.end("aaaaaa");
    Deno.writeTextFileSync(desk.cursor, damage);
    assert.equal(await desk.code(), EXIT.NEGATIVE);
    assert.match(
      desk.node.said.join(),
      /cursor: is no cursor of corral's.*\(remove it to have all jobs printed again\)/,
    );
    assert.equal(desk.node.out, "");
  });
}

Deno.test("corral report --cursor as root refuses a cursor that another user can change", async () => {
  if (Deno.uid() !== 0) return;
  using desk = new Desk();
  Deno.writeTextFileSync(desk.cursor, "");
  Deno.chmodSync(desk.cursor, 0o666);
  assert.equal(await desk.code(), EXIT.NEGATIVE);
  assert.match(desk.node.said.join(), /the cursor .* can be changed by others than root/);
  Deno.removeSync(desk.cursor);
  using open = new TempDir();
  Deno.chmodSync(open.path, 0o777);
  assert.equal(await desk.code("--output", `${open.path}/rows`), EXIT.NEGATIVE);
  assert.match(desk.node.said.join(), /the output .* can be changed by others than root/);
});

for (const args of [["--by", "name"], ["--sort", "id"], ["--limit", "1"], ["--last", "1"], ["--from", "-"]]) {
  Deno.test(`corral report --cursor does not go with ${args[0]}, exit 2`, async () => {
    using desk = new Desk();
    assert.equal(await desk.code(...args), EXIT.USAGE);
    assert.match(desk.node.said.join(), new RegExp(`${args[0]} does not go with --cursor`));
  });
}

Deno.test("corral report --cursor without --format jsonl says what is missing, exit 2", async () => {
  using desk = new Desk();
  assert.equal(await desk.node.corral("report", "--cursor", desk.cursor), EXIT.USAGE);
  assert.match(desk.node.said.join(), /--cursor is for lines of JSON \(add --format jsonl\)/);
});
