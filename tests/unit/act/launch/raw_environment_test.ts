import assert from "node:assert/strict";
import { undecodableVariables } from "../../../../src/act/launch/raw_environment.ts";

/** An environment block of strings in which each character stands for one byte. */
function block(...entries: string[]): Uint8Array {
  return Uint8Array.from(entries.map((entry) => `${entry}\0`).join(""), (letter) => letter.charCodeAt(0));
}

Deno.test("undecodableVariables() finds the values that are no UTF-8, and only those", () => {
  assert.deepEqual(undecodableVariables(block("A=1", "DIR=/caf\xe9", "B=\xc3\xa9", "C=\xff=\n")), [
    { name: "DIR", octal: "\\057\\143\\141\\146\\351" },
    { name: "C", octal: "\\377\\075\\012" },
  ]);
});

Deno.test("undecodableVariables() leaves out names that no shell can hold", () => {
  assert.deepEqual(
    undecodableVariables(block("a.b=\xff", "\xff=1", "=\xff", "\xff", "x;id=\xff", "$(id)=\xff")),
    [],
  );
});

Deno.test("undecodableVariables() reads blocks without an end and without anything", () => {
  assert.deepEqual(undecodableVariables(new Uint8Array()), []);
  assert.deepEqual(undecodableVariables(block("A=\xff").slice(0, -1)), [{ name: "A", octal: "\\377" }]);
  assert.deepEqual(undecodableVariables(block("", "", "A=\xff")), [{ name: "A", octal: "\\377" }]);
});
