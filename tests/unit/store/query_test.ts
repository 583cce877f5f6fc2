import assert from "node:assert/strict";
import { REPORT_COLUMNS } from "../../../src/view/report/columns.ts";
import { type ReportFilter, valueRows } from "../../../src/store/query.ts";
import { fieldSql } from "../../../src/store/report_fields.ts";
import { ANY_JOB } from "../../kit/fakes/report_filter.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

Deno.test("valueRows() makes everything that was typed a parameter", () => {
  const typed = "x'); DROP TABLE jobs; --";
  const tags = [{ key: "a.b", value: typed }, { key: "c", value: typed }];
  const query = valueRows(["id"], {
    ...ANY_JOB,
    nameGlob: typed,
    ref: typed,
    user: typed,
    reason: typed,
    tags,
  });
  assert.ok(!query.where!.includes("DROP"));
  assert.equal(Object.values(query.values).filter((value) => value === typed).length, 6);
  assert.deepEqual([query.values["key0"], query.values["key1"]], ['$."a.b"', '$."c"']);
});

/** How SQLite would find the rows. */
function planOf(filter: Partial<ReportFilter>, order: Parameters<typeof valueRows>[2] = undefined): string {
  using dir = new StoreDir();
  dir.open();
  const database = dir.raw();
  database.exec("CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (ended_at_ms)");
  const { where, order: by, values } = valueRows(["id"], { ...ANY_JOB, ...filter }, order);
  const sql = Object.entries(values).reduce(
    (text, [name, value]) =>
      text.replaceAll(`:${name}`, typeof value === "string" ? `'${value}'` : String(value)),
    `EXPLAIN QUERY PLAN SELECT rowid FROM jobs WHERE ${where ?? "true"} ORDER BY ${
      by ?? "created_at_ms, rowid"
    }`,
  );
  return database.prepare(sql).all().map(({ detail }) => detail).join("; ");
}

Deno.test("valueRows() finds the jobs of a time by an index, whatever else is asked for", () => {
  for (const filter of [{}, { untilMs: 9 }, { user: "alice" }, { reason: "oom", untilMs: 9 }]) {
    assert.match(
      planOf({ sinceMs: 5, ...filter }),
      /INDEX 1; SEARCH jobs USING .*INDEX jobs_ended \(ended_at_ms>\?\)/,
    );
  }
});

Deno.test("valueRows() reads everything in the order of an index, without sorting", () => {
  assert.match(planOf({}), /^SCAN jobs USING .*INDEX jobs_created$/);
  assert.match(planOf({ untilMs: 9 }), /^SEARCH jobs USING .*INDEX jobs_created \(created_at_ms<\?\)$/);
});

Deno.test("valueRows() finds a name, the beginning of one and a ref by their indexes", () => {
  assert.match(planOf({ nameGlob: "fastsurfer" }), /INDEX jobs_name \(name=\?\)/);
  assert.match(planOf({ nameGlob: "fast*" }), /INDEX jobs_name \(name>\? AND name<\?\)/);
  assert.match(planOf({ ref: "task-1" }), /INDEX jobs_ref \(ref=\?\)/);
});

Deno.test("every column's SQL and every order of it is one that SQLite knows", () => {
  using dir = new StoreDir();
  const store = dir.open();
  for (const column of REPORT_COLUMNS) {
    for (const isDescending of [false, true]) {
      const order = { by: { field: column.jsonKey, isDescending }, limit: 5 };
      assert.deepEqual(
        [...store.rows(valueRows([fieldSql(column.jsonKey)], ANY_JOB, order))],
        [],
        column.key,
      );
    }
  }
});
