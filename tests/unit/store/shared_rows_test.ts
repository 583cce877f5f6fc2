import assert from "node:assert/strict";
import {
  parseSharedWords,
  readRowsOfUser,
  type SharedRequest,
  sharedWords,
  writtenRows,
} from "../../../src/store/shared_rows.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { JOB_ID, runOf, specOf, watchOf } from "../../kit/fakes/job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const ENDED_MS = 1_793_520_061_000;

/** A live job and an ended one of the same name. */
function twoJobs(dir: StoreDir) {
  const store = dir.open();
  store.insert(specOf({ ref: "task \u202e82" }), watchOf());
  store.markRunning(JOB_ID, runOf());
  insertEnded(store, {
    spec: { id: "abc234" },
    startedAtMs: 1_793_510_000_000,
    ending: { endedAtMs: ENDED_MS },
  });
  return store;
}

const answerTo = (dir: StoreDir, request: SharedRequest) =>
  [...writtenRows(twoJobs(dir), request)].join("\n");

Deno.test("writtenRows() are what readRowsOfUser() reads, by what was asked for", () => {
  const asked: [SharedRequest, string[]][] = [
    [{ which: "live" }, [JOB_ID]],
    [{ which: "recent", count: 0 }, [JOB_ID]],
    [{ which: "recent", count: 1 }, ["abc234", JOB_ID]],
    [{ which: "since", sinceMs: ENDED_MS + 1 }, [JOB_ID]],
    [{ which: "since", sinceMs: ENDED_MS }, ["abc234", JOB_ID]],
    [{ which: "named", word: "fastsurfer" }, [JOB_ID, "abc234"]],
    [{ which: "named", word: "abc" }, ["abc234"]],
    [{ which: "named", word: "task \u202e82" }, [JOB_ID]],
    [{ which: "named", word: "nothing" }, []],
  ];
  for (const [request, ids] of asked) {
    using dir = new StoreDir();
    const { rows, wrong } = readRowsOfUser(answerTo(dir, request));
    assert.deepEqual([rows.map(({ id }) => id), wrong], [ids, null], JSON.stringify(request));
    assert.deepEqual(parseSharedWords(sharedWords(request)), request);
  }
});

Deno.test("parseSharedWords() refuses other words", () => {
  for (const words of [[], ["all"], ["since"], ["since", "-1"], ["since", "1e3"], ["named"], ["named", ""]]) {
    assert.equal(parseSharedWords(words), null, words.join(" "));
  }
});

Deno.test("readRowsOfUser() takes no answer that is not complete, and no row that is no job", () => {
  const columns = JSON.stringify(["id", "name"]);
  const row = JSON.stringify([JOB_ID, "x"]);
  const answers: [text: string, rows: number, wrong: RegExp][] = [
    ["", 0, /not what corral prints/],
    ["garbage\n", 0, /not what corral prints/],
    ['["id; DROP TABLE jobs"]\n{"rows":0}', 0, /not what corral prints/],
    ["[]\n", 0, /not what corral prints/],
    ['{"id":1}\n', 0, /not what corral prints/],
    [columns, 0, /cut short/],
    [`${columns}\n${row}`, 1, /cut short/],
    [`${columns}\n${row}\n[["x"],"y"]\n{"rows":2}`, 1, /is no job/],
    [`${columns}\n${JSON.stringify(["../..", "x"])}\n{"rows":1}`, 0, /is no job/],
    [`${columns}\n${JSON.stringify([JOB_ID])}\n{"rows":1}`, 0, /is no job/],
    [`${columns}\n${JSON.stringify([JOB_ID, 1.5])}\n{"rows":1}`, 0, /is no job/],
    [`${columns}\n${JSON.stringify([JOB_ID, 2 ** 60])}\n{"rows":1}`, 0, /is no job/],
    [`${columns}\nnull\n${row}\n{"rows":1}`, 1, /is no job/],
  ];
  for (const [text, count, wrong] of answers) {
    const answer = readRowsOfUser(text);
    assert.equal(answer.rows.length, count, text);
    assert.match(answer.wrong ?? "", wrong, text);
  }
});

Deno.test("readRowsOfUser() reads no more rows than an honest answer has", () => {
  const row = JSON.stringify([JOB_ID, "x"]);
  const text = [JSON.stringify(["id", "name"]), ...Array.from({ length: 50 }, () => row), '{"rows":50}'].join(
    "\n",
  );
  assert.deepEqual([readRowsOfUser(text, 50).rows.length, readRowsOfUser(text, 50).wrong], [50, null]);
  assert.deepEqual([readRowsOfUser(text, 49).rows.length, readRowsOfUser(text, 49).wrong], [
    49,
    "it has more than 49 jobs",
  ]);
});
