import assert from "node:assert/strict";
import { MUTANTS } from "../../mutants/all.ts";
import { editsOf, flaw, nameOf } from "../../mutants/mutant.ts";

Deno.test("every edit of `make mutants` finds its text once in its file, and its tests", () => {
  const flaws = MUTANTS.flatMap((mutant) => {
    const found = flaw(mutant);
    return found === null ? [] : [`${nameOf(mutant)}: ${found}`];
  });
  assert.deepEqual(flaws, []);
});

Deno.test("every edit of `make mutants` has a name of its own", () => {
  const names = MUTANTS.map(nameOf);
  assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []);
});

Deno.test("flaw() names what is wrong with an edit", () => {
  const flawOf = (file: string, from: string, to = "", tests = ["job"]) =>
    flaw(editsOf(file, [["it", from, to]], tests)[0]!);
  assert.match(flawOf("src/job/decided.ts", "x") ?? "", /no such file/);
  assert.match(flawOf("src/job/decide.ts", "no such text") ?? "", /is there 0 times: "no such text"/);
  assert.match(flawOf("src/job/decide.ts", "return") ?? "", /is there \d\d times/);
  assert.match(flawOf("src/job/decide.ts", "switch (", "switch (") ?? "", /changes nothing/);
  assert.match(flawOf("src/job/decide.ts", "switch (", "", ["no_test.ts"]) ?? "", /no tests\/unit\/no_test/);
  assert.equal(flawOf("src/job/decide.ts", "switch ("), null);
});

Deno.test("editsOf() has the test file of the same name run, or else the folder", () => {
  const testsOf = (file: string) => editsOf(file, [["it", "a", "b"]])[0]!.tests;
  assert.deepEqual(testsOf("src/act/end/end_job.ts"), ["act/end/end_job_test.ts"]);
  assert.deepEqual(testsOf("src/act/end/kill_job.ts"), ["act/end"]);
});
