import assert from "node:assert/strict";
import { formatCpus, parseCpus } from "../../../src/value/cpus.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";
import { always, magnitudes } from "../../kit/fakes/properties.ts";

const READ: readonly (readonly [string, number])[] = [
  ["4", 4],
  ["0.5", 0.5],
  [".5", 0.5],
  ["150%", 1.5],
  ["1.25", 1.25],
  ["100%", 1],
  ["1%", 0.01],
  ["0.01", 0.01],
  ["33.39%", 0.333],
  ["0.0199", 0.019],
  ["12.5%", 0.125],
  ["0.1", 0.1],
  ["0.3", 0.3],
  ["8192", 8192],
  ["819200%", 8192],
];

const REFUSED: readonly (readonly [string, number])[] = [
  ["", 0],
  ["0", 0],
  ["0%", 0],
  ["0.0", 0],
  ["0.009", 0],
  ["0.99%", 0],
  ["8193", 0],
  ["99999999999999999999", 0],
  ["-1", 0],
  ["+1", 0],
  [".", 0],
  ["%", 0],
  ["1.", 1],
  ["1.5.5", 3],
  ["4x", 1],
  ["500m", 3],
  ["4 ", 1],
  ["150%%", 4],
  ["150% ", 4],
  ["150 %", 3],
  ["1,5", 1],
  ["1e2", 1],
  ["max", 0],
  ["½", 0],
];

for (const [text, cores] of READ) {
  Deno.test(`parseCpus() reads ${text}`, () => assert.equal(parseCpus(text), cores));
}

for (const [text, offset] of REFUSED) {
  Deno.test(`parseCpus() refuses ${JSON.stringify(text)} at ${offset}`, () => {
    assert.equal(assertRefused(parseCpus, text, offset).kind, "CPU count");
  });
}

Deno.test("parseCpus() never asks for less than the kernel's smallest quota", () => {
  assert.equal(Math.round(parseCpus("0.01") * 100_000), 1000);
  assert.throws(() => parseCpus("0"), /at least 0.01 \(1%\)/);
  assert.throws(() => parseCpus("0.5%"), /at least 0.01 \(1%\)/);
  assert.throws(() => parseCpus("9000"), /at most 8192/);
});

Deno.test("parseCpus() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseCpus, READ.map(([text]) => text));
});

Deno.test("formatCpus() is read back to the same number, and gives whole microseconds of quota", () => {
  assert.deepEqual([4, 0.5, 1.25, 0.1 + 0.2].map(formatCpus), ["4", "0.5", "1.25", "0.3"]);
  always(magnitudes(10, 8_192_000), (thousandths) => {
    const cores = thousandths / 1000;
    assert.equal(parseCpus(formatCpus(cores)), cores);
    assert.ok(Math.abs(cores * 100_000 - Math.round(cores * 100_000)) < 1e-5, String(cores));
  });
});
