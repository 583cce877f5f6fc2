/** `corral report` and stores that are not as they should be. */
import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { MIGRATIONS } from "../../../../src/store/schema.ts";
import { insertEnded } from "../../../kit/fakes/ended_job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { emptySecondHalf } from "../../../kit/fakes/stores.ts";
import { reportRows } from "../../../kit/fakes/table.ts";

const FORMATS = ["table", "csv", "json", "jsonl", "openmetrics", "html"];

/** The one line that the command says; it must end with this exit code. */
async function refusal(node: FakeNode, args: readonly string[], exitCode: number): Promise<string> {
  node.said.length = 0;
  assert.equal(await node.corral("report", ...args), exitCode, node.said.join("\n"));
  assert.equal(node.said.length, 1);
  return node.said[0]!;
}

Deno.test("corral report of a file that is no store says what fixes it, exit 1", async () => {
  using node = new FakeNode();
  Deno.writeTextFileSync(node.stores.file, "garbage, and enough of it to be read as a page\n".repeat(100));
  for (const format of FORMATS) {
    const line = await refusal(node, ["--format", format], EXIT.NEGATIVE);
    assert.match(line, /^corral: .*corral\.db: cannot open: .*not a database \(move the file away/, format);
  }
});

Deno.test("corral report of a directory in the store's place says so, exit 1", async () => {
  using node = new FakeNode();
  Deno.mkdirSync(node.stores.file);
  assert.match(
    await refusal(node, [], EXIT.NEGATIVE),
    /corral\.db: cannot open: .*\(give a writable directory/,
  );
});

const HALVES = {
  "cut in half": (path: string) => Deno.truncateSync(path, Deno.statSync(path).size / 2),
  "half of which is lost": emptySecondHalf,
};

for (const [what, damage] of Object.entries(HALVES)) {
  Deno.test(`corral report of a store ${what} says so in one line, exit 1, in every format`, async () => {
    using node = new FakeNode();
    const store = node.stores.open();
    for (let index = 0; index < 200; index++) {
      insertEnded(store, { spec: { id: `x${index}`, argv: ["x".repeat(500)] }, startedAtMs: 1_000 + index });
    }
    node.stores.closeAll();
    damage(node.stores.file);
    for (const format of FORMATS) {
      assert.match(
        await refusal(node, ["--format", format], EXIT.NEGATIVE),
        /corral\.db: cannot (open|read): .*malformed \(move the file away/,
        format,
      );
    }
  });
}

Deno.test("corral report of a store that somebody holds waits, and then says so, exit 1", async () => {
  using node = new FakeNode();
  node.stores.open();
  node.stores.closeAll();
  const holder = node.stores.raw();
  holder.exec("PRAGMA journal_mode = DELETE");
  holder.exec("BEGIN EXCLUSIVE");
  node.stores.waitMs = 50;
  assert.match(await refusal(node, [], EXIT.NEGATIVE), /locked \(another process holds it: try again\)$/);
});

Deno.test("corral report of a damaged row names the job, exit 1", async () => {
  using node = new FakeNode();
  insertEnded(node.stores.open(), { spec: { id: "aaaaaa" } });
  const raw = node.stores.raw();
  raw.exec("UPDATE jobs SET limits = '{'");
  for (const format of ["table", "csv", "json"]) {
    assert.match(
      await refusal(node, ["--format", format], EXIT.NEGATIVE),
      /row of job "aaaaaa" is damaged/,
      format,
    );
  }
  raw.exec("UPDATE jobs SET limits = '{}', tags = '['");
  assert.match(await refusal(node, ["--tag", "a=b"], EXIT.NEGATIVE), /row of job "aaaaaa" is damaged/);
});

Deno.test("corral report has no NaN and no infinity, whatever is in the store", async () => {
  using node = new FakeNode();
  insertEnded(node.stores.open(), { spec: { id: "aaaaaa" } });
  const raw = node.stores.raw();
  const figures =
    "wall_ms cpu_usage_usec memory_peak_bytes cpu_periods cpu_throttled_periods oom_kills pids_peak";
  for (const value of [0, -1, 9_007_199_254_740_991]) {
    raw.exec(`UPDATE jobs SET ${figures.split(" ").map((column) => `${column} = ${value}`).join(", ")}`);
    for (const limit of ["null", "0", "1e999"]) {
      const limits = JSON.stringify(NO_LIMITS).replace(
        /("memoryMaxBytes"|"cpuMaxCores"):null/g,
        `$1:${limit}`,
      );
      raw.exec(`UPDATE jobs SET limits = '${limits}'`);
      for (
        const args of FORMATS.flatMap((
          format,
        ) => [["--format", format], ["--format", format, "--by", "name"]])
      ) {
        node.out = "";
        assert.equal(await node.corral("report", ...args), EXIT.DONE, node.said.join("\n"));
        const shown = node.out.replace(/<script>[^]*<\/script>/, "");
        assert.doesNotMatch(shown, /NaN|Infinity|undefined|\bInf\b/, `${args.join(" ")} ${value} ${limit}`);
      }
    }
  }
});

for (let version = 1; version <= MIGRATIONS.length; version++) {
  Deno.test(`corral report of a store of version ${version} has all of its jobs`, async () => {
    using node = new FakeNode();
    node.stores.raw().exec(
      Deno.readTextFileSync(new URL(`../../../kit/fixtures/db/version_${version}.sql`, import.meta.url)),
    );
    node.stores.closeAll();
    assert.equal(
      await node.corral("report", "--columns", "id,reason,mem-peak"),
      EXIT.DONE,
      node.said.join("\n"),
    );
    const { rows } = reportRows(node.out);
    assert.deepEqual(rows.map(({ ID, REASON }) => `${ID} ${REASON}`), [
      "aaaaaa starting",
      "bbbbbb running",
      "cccccc ending",
      rows[3]!["ID"] + " " + rows[3]!["REASON"],
    ]);
    assert.deepEqual([rows[3]!["ID"], rows[3]!["MEM-PEAK"]], ["dddddd", "25.0G"]);
  });
}
