import assert from "node:assert/strict";
import type { Part } from "../../../src/serve/feed.ts";
import { tailOf } from "../../../src/serve/output_tail.ts";
import { byPageId, parsePageId } from "../../../src/serve/page_ids.ts";
import { clausesOf, partsOf } from "../../../src/serve/parts.ts";
import { treeRows } from "../../../src/serve/process_tree.ts";
import { recordsOf } from "../../../src/serve/records.ts";
import type { Job } from "../../../src/job/job.ts";
import { jobIn } from "../../kit/fakes/job.ts";

const NAMES: Record<string, string> = { "7k2m9q": "recon </script>" };
const nameOf = (id: string) => NAMES[id] ?? null;

Deno.test("partsOf() finds options with their values, and jobs that are known", () => {
  const cases: [string, Part[]][] = [
    ["", []],
    ["nothing to find", [{ text: "nothing to find" }]],
    ["try --memory 118G", [{ text: "try " }, { flag: "--memory 118G" }]],
    ["a (--pids), b", [{ text: "a (" }, { flag: "--pids" }, { text: "), b" }]],
    ["--timeout +1h30m; then", [{ flag: "--timeout +1h30m" }, { text: "; then" }]],
    ["it waits for job 7k2m9q, which is first", [
      ...[{ text: "it waits for " }, { text: "job " }, { jobId: "7k2m9q", name: "recon </script>" }],
      { text: ", which is first" },
    ]],
    ["job zzzzzz is unknown", [{ text: "job zzzzzz is unknown" }]],
    ["a jobless word", [{ text: "a jobless word" }]],
  ];
  for (const [text, parts] of cases) {
    assert.deepEqual(partsOf(text, nameOf), parts);
    const whole = parts.map((part) => "flag" in part ? part.flag : "jobId" in part ? part.jobId : part.text);
    assert.equal(whole.join(""), text);
  }
});

Deno.test("clausesOf() parts a sentence at its semicolons", () => {
  assert.deepEqual(clausesOf("ended: oom: by its limit; its peak was 96.0G; try --memory 120G"), [
    [{ text: "ended: oom: by its limit" }],
    [{ text: "its peak was 96.0G" }],
    [{ text: "try " }, { flag: "--memory 120G" }],
  ]);
  assert.deepEqual(clausesOf(""), []);
});

const jobOf = (id: string, storeUid?: number): Job => {
  const job = jobIn({ state: "starting" }, { id });
  return storeUid === undefined ? job : { ...job, storeUid };
};

Deno.test("byPageId() lets no user's job stand for another's", () => {
  const own = jobOf("aaaaaa");
  const [forged, alone, one, other] = [
    jobOf("aaaaaa", 1001),
    jobOf("bbbbbb", 1001),
    jobOf("cccccc", 1001),
    jobOf("cccccc", 1002),
  ];
  const found = byPageId([own, forged, alone, one, other]);
  assert.deepEqual([...found.keys()], ["aaaaaa", "aaaaaa@1001", "bbbbbb", "cccccc@1001", "cccccc@1002"]);
  assert.equal(found.get("aaaaaa"), own);
});

Deno.test("parsePageId() takes ids alone", () => {
  const cases: [string, unknown][] = [
    ["7k2m9q", { id: "7k2m9q", storeUid: null }],
    ["7k2m9q@1001", { id: "7k2m9q", storeUid: 1001 }],
    ["7k2m9q@", null],
    ["7k2m9", null],
    ["name:x", null],
    ["--all", null],
    ["7k2m9q@1001; rm", null],
    ["", null],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parsePageId(text), expected, text);
});

const processOf = (pid: number, ppid: number, command: string) => ({
  ...{ pid, ppid, command, state: "S", wchan: null, cpuPercent: 1, rssBytes: 10, ageMs: pid },
});

Deno.test("treeRows() has parents first, and like ones without children as one row", () => {
  const { rows, cut } = treeRows([
    processOf(1, 0, "sh"),
    processOf(2, 1, "worker"),
    processOf(3, 1, "worker"),
    processOf(4, 1, "other"),
    processOf(5, 4, "worker"),
  ]);
  assert.deepEqual(rows.map(({ pid, depth, count, command }) => [pid, depth, count, command]), [
    [1, 0, 1, "sh"],
    [2, 1, 2, "worker"],
    [4, 1, 1, "other"],
    [5, 2, 1, "worker"],
  ]);
  assert.deepEqual([rows[1]!.cpuPercent, rows[1]!.rssBytes, rows[1]!.ageMs, cut], [2, 20, 3, 0]);
});

Deno.test("treeRows() ends: with a chain of ten thousand, a fork bomb, and parents in a circle", () => {
  const chain = Array.from({ length: 10_000 }, (_, index) => processOf(index + 1, index, `p${index}`));
  const long = treeRows(chain);
  assert.equal(long.rows.length, 200);
  assert.equal(long.cut, 9_800);
  assert.equal(
    treeRows(Array.from({ length: 9_000 }, (_, n) => processOf(n + 1, 0, "bomb"))).rows[0]!.count,
    9_000,
  );
  assert.deepEqual(treeRows([processOf(1, 2, "a"), processOf(2, 1, "b")]), { rows: [], cut: 2 });
});

Deno.test("tailOf() leaves out the line that was cut, and keeps one that is all there is", () => {
  assert.deepEqual(tailOf("1700000000\nhello\nworld\n"), {
    tail: "hello\nworld\n",
    writtenMs: 1_700_000_000_000,
  });
  assert.deepEqual(tailOf("1700000000\n"), { tail: "", writtenMs: 1_700_000_000_000 });
  const line = "x".repeat(3_000);
  assert.equal(tailOf(`1\n${line}\n${line.slice(0, 1_200)}\n`).tail, `${line.slice(0, 1_200)}\n`);
  assert.equal(tailOf(`1\n${"y".repeat(4_096)}`).tail, "y".repeat(4_096));
});

Deno.test("recordsOf() takes what makes sense of a user's word, and nothing else", () => {
  const said = JSON.stringify({
    events: [
      { at: "2026-11-01T08:00:00Z", actor: "run", kind: "started", detail: { a: 1 } },
      { at: "x" },
      7,
      null,
    ],
    samples: [{ offsetMs: 1000, memoryBytes: 5, cpuUsageUsec: "no" }, { memoryBytes: 5 }, []],
  });
  const { events, samples } = recordsOf(said);
  assert.deepEqual(events.map(({ kind }) => kind), ["started"]);
  assert.deepEqual(samples, [{
    ...{ offsetMs: 1000, memoryBytes: 5, anonBytes: null, fileBytes: null, cpuUsageUsec: null, tasks: null },
  }]);
  for (const text of ["", "{", "null", "[]", '{"events":{},"samples":3}']) {
    assert.deepEqual(recordsOf(text).events, [], text);
  }
});
