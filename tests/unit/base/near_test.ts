import assert from "node:assert/strict";
import { nearest } from "../../../src/base/near.ts";

const WORDS = ["id", "name", "wall", "cpu", "cpu%", "mem-peak", "mem%", "written", "throttled"];

Deno.test("nearest() knows a wrong, missing, additional and swapped character", () => {
  assert.equal(nearest("nane", WORDS), "name");
  assert.equal(nearest("writen", WORDS), "written");
  assert.equal(nearest("throttledd", WORDS), "throttled");
  assert.equal(nearest("nmae", WORDS), "name");
  assert.equal(nearest("MEM-PEEK", WORDS), "mem-peak");
});

Deno.test("nearest() knows the beginning and a part of a word", () => {
  assert.equal(nearest("throt", WORDS), "throttled");
  assert.equal(nearest("peak", WORDS), "mem-peak");
});

Deno.test("nearest() invents nothing", () => {
  for (const text of ["", "x", "zzzzzz", "reference-counting"]) {
    assert.equal(nearest(text, WORDS), null, text);
  }
});
