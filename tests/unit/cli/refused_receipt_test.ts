/** A `corral run` that is refused while its words are read leaves no receipt of an earlier run. */
import assert from "node:assert/strict";
import { EXIT } from "../../../src/base/errors.ts";
import { runCli } from "../../../src/cli/program.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const RECEIPT = '{\n  "id": "7k2m9q",\n  "reason": "exited"\n}\n';

/** Runs a command line; true when what lay at `path` is gone. */
async function removes(path: string, text: string, args: readonly string[]): Promise<boolean> {
  Deno.writeTextFileSync(path, text);
  using node = new FakeNode();
  const silent = { out: () => {}, err: () => {}, widthColumns: null };
  const exitCode = await runCli(args, silent, () => Promise.resolve(node.context));
  assert.equal(exitCode, args.includes("--help") ? EXIT.DONE : EXIT.USAGE, args.join(" "));
  try {
    return Deno.readTextFileSync(path) !== text;
  } catch {
    return true;
  }
}

Deno.test("corral run whose words are refused removes the receipt of an earlier run, wherever the wrong word stands", async () => {
  using temp = new TempDir();
  const path = `${temp.path}/receipt.json`;
  const lines = [
    ["run", "--receipt", path, "--timeout", "soon", "--", "true"],
    ["run", "--timeout", "soon", "--receipt", path, "--", "true"],
    ["run", "--timeout=soon", `--receipt=${path}`, "--", "true"],
    ["run", "--tiemout", "5", "--receipt", path, "--", "true"],
    ["run", "-dq", "--receipt", path, "true"],
    ["run", "--receipt", path],
    ["--state-dir", temp.path, "run", "--memory", "much", "-d", "--receipt", path, "true"],
  ];
  for (const words of lines) assert.ok(await removes(path, RECEIPT, words), words.join(" "));
});

Deno.test("corral run whose words are refused removes no file that is no receipt, or that the command is given", async () => {
  using temp = new TempDir();
  const path = `${temp.path}/receipt.json`;
  const lines: [string, string[]][] = [
    ["notes", ["run", "--timeout", "soon", "--receipt", path, "--", "true"]],
    [RECEIPT, ["run", "--timeout", "soon", "--", "tool", "--receipt", path]],
    [RECEIPT, ["run", "--timeout", "soon", "tool", "--receipt", path]],
    [RECEIPT, ["run", "--ref", "--receipt", "--timeout", path, "true"]],
    [RECEIPT, ["run", "--receipt", path, "--help"]],
    [RECEIPT, ["rum", "--receipt", path, "true"]],
    [RECEIPT, ["adopt", "--pid", "none", "--receipt", path]],
  ];
  for (const [text, words] of lines) assert.ok(!await removes(path, text, words), words.join(" "));
});
