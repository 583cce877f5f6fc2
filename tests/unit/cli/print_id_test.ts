import assert from "node:assert/strict";
import { printId } from "../../../src/cli/print_id.ts";

const OUTPUT = { isTerminal: false, isJournal: false, widthColumns: null, offer: () => {}, pass: () => true };

Deno.test("printId() prints the id, and as a warning where it cannot be printed: the job runs either way", () => {
  const printed: string[] = [];
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  printId({ stdout: { ...OUTPUT, write: (text) => printed.push(text) > 0 }, say }, "7k2m9q");
  assert.deepEqual([printed, said], [["7k2m9q\n"], []]);
  const write = () => {
    throw new Error("No space left on device");
  };
  printId({ stdout: { ...OUTPUT, write }, say }, "7k2m9q");
  assert.deepEqual(said, ["warning: cannot print the id: No space left on device; job 7k2m9q runs"]);
});
