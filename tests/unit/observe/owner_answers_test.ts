import assert from "node:assert/strict";
import { canBeAsked, ownersWord, parseAnswers } from "../../../src/observe/owner_answers.ts";
import { FINISHED_STATUSES } from "../../../src/settings/settings.ts";

const answers = (text: string) => Object.fromEntries(parseAnswers(text));

Deno.test("parseAnswers() takes the last word of a line for the status of the ref before it", () => {
  assert.deepEqual(answers("a1 COMPLETED\ntask 7 of 9\trunning  \n  x  y failed\r\n"), {
    "a1": "completed",
    "task 7 of 9": "running",
    "x  y": "failed",
  });
});

Deno.test("parseAnswers() passes over what is no answer", () => {
  assert.deepEqual(answers("\nalone\n \n\t\nfailed\n"), {});
});

Deno.test("parseAnswers() believes nothing of a ref that has two statuses", () => {
  assert.deepEqual(answers("a failed\nb failed\na running\na failed\nb FAILED\n"), { b: "failed" });
});

Deno.test("ownersWord() is finished, not finished, or nothing", () => {
  const told = parseAnswers("a Completed\nb running\nc CANCELLED\nd done\n");
  const word = (ref: string | null) => ownersWord(told, ref, FINISHED_STATUSES);
  assert.deepEqual(["a", "b", "c", "d", "e", null].map(word), [true, false, true, false, null, null]);
  assert.equal(ownersWord(told, "d", [...FINISHED_STATUSES, "done"]), true);
});

Deno.test("ownersWord() finds a ref that has blanks at its ends or in it", () => {
  assert.equal(ownersWord(parseAnswers("a  b failed\n"), " a  b ", FINISHED_STATUSES), true);
});

Deno.test("canBeAsked() leaves out refs that would be two lines", () => {
  assert.deepEqual(["a b", "a\nb", "a\r", "é"].map(canBeAsked), [true, false, false, true]);
});
