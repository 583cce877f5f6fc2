import assert from "node:assert/strict";
import { toJson, toJsonLine } from "../../../src/base/json.ts";

Deno.test("toJson() indents by two and keeps the order of keys", () => {
  assert.equal(toJson({ b: 1, a: [null, "x"] }), '{\n  "b": 1,\n  "a": [\n    null,\n    "x"\n  ]\n}');
  assert.equal(toJsonLine({ b: 1, a: [null] }), '{"b":1,"a":[null]}');
  assert.equal(toJson(undefined), "null");
});

Deno.test("toJson() writes nothing that acts on a terminal, and reads back the same", () => {
  const text = '\x00\x1b[2J\x7f\x9b\u202e\u200b\u2028\u0600\ud800x\u{e0041}é值😀"\\';
  for (const json of [toJson({ [text]: text }), toJsonLine({ [text]: text })]) {
    assert.match(json.replaceAll("\n", ""), /^[^\p{C}\p{Zl}]*$/u);
    assert.deepEqual(JSON.parse(json), { [text]: text });
  }
});

Deno.test("toJson() writes a bigint as a number while that is exact", () => {
  assert.equal(toJsonLine([9007199254740991n, 9007199254740993n]), '[9007199254740991,"9007199254740993"]');
});
