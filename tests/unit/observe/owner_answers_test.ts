import assert from "node:assert/strict";
import { canBeAsked, ownersWord, parseAnswers } from "../../../src/observe/owner_answers.ts";
import { unclearFindings } from "../../../src/observe/owner_unclear.ts";
import { FINISHED_STATUSES } from "../../../src/settings/settings.ts";

const parsed = (text: string, refs: readonly string[]) => parseAnswers(text, refs, FINISHED_STATUSES);
const states = (text: string, ...refs: string[]) => Object.fromEntries(parsed(text, refs).states);
const unclear = (text: string, ...refs: string[]) => parsed(text, refs).unclear.map(({ text }) => text);

Deno.test("parseAnswers() takes the ref that was asked for at a line's start, and the word after it", () => {
  const text = "a1 COMPLETED\ntask 7 of 9\trunning  \n  x  y failed\r\n";
  assert.deepEqual(states(text, "a1", "task 7 of 9", "x  y"), {
    "a1": "completed",
    "task 7 of 9": "running",
    "x  y": "failed",
  });
});

Deno.test("parseAnswers() takes the longest ref that was asked for", () => {
  const text = "job CANCELLED\njob a RUNNING\njob a|b|CANCELLED\n";
  assert.deepEqual(states(text, "job", "job a", "job a|b"), {
    "job": "cancelled",
    "job a": "running",
    "job a|b": "cancelled",
  });
});

Deno.test("parseAnswers() understands squeue and sacct as they are", () => {
  const lines: Record<string, string> = {
    "j0 CANCELLED by 1000": "cancelled",
    "j0 CANCELLED by 10+": "cancelled",
    "j0 CANCELLED+": "cancelled",
    "j0 CANCELED": "cancelled",
    "j0 OUT_OF_ME+": "out_of_memory",
    "j0 FAILED 1:0": "failed",
    "j0|COMPLETED|0:0|": "completed",
    "j0,cancelled": "cancelled",
    "j0 CD": "completed",
    "j0 OOM": "out_of_memory",
    "j0\tTO": "timeout",
    "j0 R": "running",
    "j0|COMPLETING|0:0": "completing",
  };
  for (const [line, state] of Object.entries(lines)) {
    assert.deepEqual([line, states(line, "j0")["j0"]], [line, state]);
    assert.deepEqual(unclear(line, "j0"), []);
  }
});

Deno.test("parseAnswers() takes nothing for finished that could be something else, and names it", () => {
  const lines: Record<string, string> = {
    "j0 COMP+": "COMP+",
    "j0 not completed": "not completed",
    "j0 completed 3 of 5": "completed 3 of 5",
    "j0 cd": "cd",
    "j0 FROBNICATED": "FROBNICATED",
    "j0|batch|COMPLETED": "batch|COMPLETED",
  };
  for (const [line, what] of Object.entries(lines)) {
    assert.deepEqual(unclear(line, "j0"), [what]);
    assert.equal(ownersWord(parsed(line, ["j0"]), "j0", FINISHED_STATUSES), false, line);
  }
});

Deno.test("parseAnswers() passes over other jobs, steps, heads of tables and blanks", () => {
  const text = "JobID|State\n------ ------\n\n \n4711.batch CANCELLED\nj00 COMPLETED\nj0_1 R\nxj0 FAILED\n";
  assert.deepEqual([states(text, "j0", "4711"), unclear(text, "j0", "4711")], [{}, []]);
});

Deno.test("parseAnswers() names a line that is about nothing that was asked for", () => {
  assert.deepEqual(unclear("slurm_load_jobs error: no\nalone\n", "j0"), [
    "slurm_load_jobs error: no",
    "alone",
  ]);
});

Deno.test("parseAnswers() believes nothing of a ref that has two states, and says so", () => {
  const text = "a failed\nb failed\na running\na failed\nb FAILED\n";
  assert.deepEqual(states(text, "a", "b"), { b: "failed" });
  assert.deepEqual(unclear(text, "a", "b"), ["two different states"]);
});

Deno.test("unclearFindings() names each thing once, whatever numbers are in it, and not more than a few", () => {
  const found = (text: string) => unclearFindings(parsed(text, ["a", "b"]));
  const keys = (text: string) => found(text).map(({ key }) => key);
  assert.equal(found("a WHAT\nb WHAT\nat 12:01 \x1b[31merror\n").length, 2);
  assert.deepEqual(keys("at 12:01 error\n"), keys("at 13:59 error\nat 13:60 error\n"));
  assert.equal(found([..."abcdefghij"].map((letter) => `${letter}${letter} ?\n`).join("")).length, 5);
  assert.match(found("at 12:01 \x1b[31merror\n")[0]!.message, /\\x1b\[31merror/);
});

Deno.test("ownersWord() is finished, not finished, or nothing", () => {
  const told = parsed("a Completed\nb running\nc CANCELLED\nd done\n", ["a", "b", "c", "d", "e"]);
  const word = (ref: string | null) => ownersWord(told, ref, FINISHED_STATUSES);
  assert.deepEqual(["a", "b", "c", "d", "e", null].map(word), [true, false, true, false, null, null]);
  assert.equal(ownersWord(told, "d", [...FINISHED_STATUSES, "done"]), true);
});

Deno.test("ownersWord() finds a ref that has blanks at its ends or in it", () => {
  assert.equal(ownersWord(parsed("a  b failed\n", [" a  b "]), " a  b ", FINISHED_STATUSES), true);
});

Deno.test("canBeAsked() leaves out refs that would be two lines", () => {
  assert.deepEqual(["a b", "a\nb", "a\r", "é"].map(canBeAsked), [true, false, false, true]);
});
