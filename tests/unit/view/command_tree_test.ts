import assert from "node:assert/strict";
import { describeProgram } from "../../../src/cli/program.ts";
import { argumentTerm } from "../../../src/view/command_tree.ts";
import { launches, valueKind } from "../../../src/view/completion/value_kind.ts";

const program = await describeProgram();
const scopes = [{ name: "corral", options: program.options }, ...program.verbs];

function verb(name: string) {
  return program.verbs.find((candidate) => candidate.name === name)!;
}

Deno.test("describeProgram() gives every command with its options and arguments", () => {
  const options = (name: string) => verb(name).options.map(({ long }) => long);
  assert.deepEqual(options("ps").slice(0, 3), ["--all", "--interval", "--name"]);
  assert.deepEqual(options("kill").slice(0, 4), ["--all", "--name", "--ref", "--user"]);
  const timeout = verb("run").options.find(({ long }) => long === "--timeout")!;
  assert.deepEqual([timeout.short, timeout.value], ["-t", { name: "DURATION", values: [] }]);
  assert.equal(verb("run").options.find(({ long }) => long === "--detach")!.value, null);
  assert.deepEqual(verb("run").arguments.map(argumentTerm), ["COMMAND", "[ARG...]"]);
  assert.deepEqual(verb("kill").arguments.map(argumentTerm), ["[JOB...]"]);
  for (const { name, summary, options } of program.verbs) {
    assert.notEqual(summary, "", name);
    assert.ok(options.some(({ long }) => long === "--help"), `${name} is loaded whole`);
  }
});

Deno.test("an option whose words are listed in its description offers exactly those: see choiceOption()", () => {
  const listed = /(?:^|: )([a-z]+(?:, [a-z]+)* or [a-z]+)(?: \(|$)/;
  const found = scopes.flatMap(({ name, options }) =>
    options.filter(({ value }) => value !== null).flatMap(({ long, value, description }) => {
      const words = listed.exec(description)?.[1]?.split(/, | or /) ?? [];
      if (words.length > 0) assert.deepEqual(value!.values, words, `${name} ${long}`);
      return words.length > 0 ? [`${name} ${long}`] : [];
    })
  );
  for (const one of ["corral --log-level", "corral --log-format", "run --backend", "doctor --backend"]) {
    assert.ok(found.includes(one), one);
  }
});

Deno.test("valueKind() tells what a value is by its words or its name", () => {
  assert.deepEqual(valueKind({ name: "SHELL", values: ["bash", "zsh"] }), {
    kind: "words",
    words: ["bash", "zsh"],
  });
  assert.deepEqual(valueKind({ name: "JOB", values: [] }), { kind: "job" });
  assert.deepEqual(valueKind({ name: "DURATION", values: [] }), { kind: "other" });
  assert.deepEqual(program.verbs.filter(launches).map(({ name }) => name), ["run"]);
});
