import assert from "node:assert/strict";
import { isMarked, markerLine, readRecord, recordLine } from "../../../../src/act/install/record.ts";

const RECORD = { shareDir: '/opt/a "b"\n%/share', directories: ["/opt/x", "/opt/x/y"] };

Deno.test("isMarked() knows corral's files by one of their first lines only", () => {
  assert.ok(isMarked(markerLine("#")));
  assert.ok(isMarked(`#compdef corral\n${markerLine("#")}`));
  assert.ok(isMarked(markerLine('.\\"')));
  assert.ok(!isMarked(`1\n2\n3\n${markerLine("#")}`));
  assert.ok(!isMarked("# made by hand\n"));
  assert.ok(!isMarked(""));
});

Deno.test("readRecord() reads back what recordLine() wrote, on one line", () => {
  assert.equal(recordLine(RECORD).split("\n").length, 2);
  assert.deepEqual(readRecord(`${markerLine("#")}${recordLine(RECORD)}rest\n`), RECORD);
});

Deno.test("readRecord() takes nothing that somebody has damaged", () => {
  const records = [
    "# record: {",
    "# record: null",
    "# record: []",
    '# record: {"shareDir":"/x"}',
    '# record: {"shareDir":"x","directories":[]}',
    '# record: {"shareDir":"/x","directories":["y"]}',
    '# record: {"shareDir":"/x","directories":[1]}',
    ' # record: {"shareDir":"/x","directories":[]}',
    "",
  ];
  for (const text of records) assert.equal(readRecord(text), null, text);
});
