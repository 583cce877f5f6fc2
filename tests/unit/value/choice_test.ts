import assert from "node:assert/strict";
import { renderError, UsageError } from "../../../src/base/errors.ts";
import { choiceOf } from "../../../src/value/choice.ts";

const choice = choiceOf("--on-orphan", ["kill", "keep"]);

Deno.test("choiceOf() reads its words and no others", () => {
  assert.deepEqual(["kill", "keep"].map((word) => choice.parse(word)), ["kill", "keep"]);
  for (const word of ["", "Kill", "kill ", "keep\n", "leave"]) {
    assert.throws(() => choice.parse(word), UsageError, JSON.stringify(word));
  }
});

Deno.test("choiceOf() names the option, the word and what it takes", () => {
  try {
    choice.parse("le\x1bave");
    assert.fail("it was read");
  } catch (error) {
    assert.equal(renderError(error), 'corral: --on-orphan: "le\\u001bave" is none of kill, keep');
  }
});

Deno.test("choiceOf() asks whether a near word was meant", () => {
  assert.throws(() => choice.parse("kepe"), {
    message: '--on-orphan: "kepe" is none of kill, keep, did you mean keep?',
  });
});
