/** `corral help` and `corral man`, which print the manual without a node, a store or settings. */
import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { runCli } from "../../../../src/cli/program.ts";
import { PAGE_KEYS, topicOf } from "../../../../src/view/manual/manual.ts";

interface Printed {
  exitCode: number;
  out: string;
  err: string;
}

async function corral(args: readonly string[], form: { bold?: boolean } = {}): Promise<Printed> {
  const printed = { exitCode: -1, out: "", err: "" };
  const terminal = {
    out: (text: string) => void (printed.out += text),
    err: (text: string) => void (printed.err += text),
    widthColumns: 72,
    ...form,
  };
  const noContext = () =>
    assert.fail("it got as far as its context: a broken configuration would hide the help");
  printed.exitCode = await runCli(args, terminal, noContext);
  return printed;
}

Deno.test("corral help lists the commands and the topics", async () => {
  const { exitCode, out, err } = await corral(["help"]);
  assert.deepEqual([exitCode, err], [EXIT.DONE, ""]);
  assert.match(out, /^Usage: corral /);
  assert.match(out, /^ {2}strays +\S/m);
  for (const topic of ["corral-celery(7)", "corral.toml(5)", "corral(1)"]) {
    assert.ok(out.includes(`\n  ${topic}  `), topic);
  }
  assert.doesNotMatch(out, /corral-run\(1\)/);
});

Deno.test("corral help COMMAND prints what COMMAND --help prints, and where there is more", async () => {
  for (const verb of ["run", "thaw", "help"]) {
    const help = await corral([verb, "--help"]);
    const { exitCode, out } = await corral(["help", verb]);
    assert.equal(exitCode, EXIT.DONE);
    assert.equal(out, `${help.out}\nMore: corral help corral-${verb}, or man corral-${verb}\n`);
  }
});

Deno.test("corral help TOPIC prints every page within the terminal's width, bold only where it may be", async () => {
  for (const key of PAGE_KEYS) {
    const { exitCode, out } = await corral(["help", key]);
    assert.equal(exitCode, EXIT.DONE, key);
    assert.ok(!out.includes("\x1b"), key);
    // Commands and tables of output are not wrapped: they start deeper.
    const long = out.split("\n").filter((line) => line.length > 72 && !/^ {8}|\S{30}| {3}/.test(line));
    assert.deepEqual(long, [], key);
  }
  const { out } = await corral(["help", "celery"], { bold: true });
  assert.ok(out.includes("\x1b[1mTHE\x1b[22m \x1b[1mTASK\x1b[22m\n"));
});

Deno.test("corral help and corral man take a page by its name, its topic, with the section or without", async () => {
  const { out } = await corral(["man", "celery"]);
  assert.match(out, /^'\\" t\n\.TH "CORRAL\\-CELERY" "7" /);
  for (const word of ["corral-celery", "corral-celery.7", "corral-celery(7)"]) {
    assert.equal((await corral(["man", word])).out, out, word);
  }
  const toml = await corral(["help", "toml"]);
  for (const word of ["corral.toml", "config", "settings"]) {
    assert.equal((await corral(["help", word])).out, toml.out, word);
  }
  assert.match((await corral(["man"])).out, /^\.TH "CORRAL" "1" /m);
  assert.match((await corral(["man", "run"])).out, /^\.TH "CORRAL\\-RUN" "1" /m);
});

Deno.test("corral man --list names every page", async () => {
  const { out } = await corral(["man", "--list"]);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines.length, PAGE_KEYS.length);
  for (const line of lines) assert.match(line, /^corral[\w.-]*\(\d\) {2,}\S.*[^.]$/);
  assert.equal((await corral(["man", "run", "--list"])).exitCode, EXIT.USAGE);
});

Deno.test("corral help and corral man refuse another word in one line, with the nearest", async () => {
  const rows: readonly (readonly [args: string[], message: RegExp])[] = [
    [["help", "celry"], /^corral: there is no page "celry", did you mean celery\?\n$/],
    [["help", "swep"], /^corral: there is no page "swep", did you mean sweep\?\n$/],
    [["man", "troubleshoting"], /did you mean troubleshooting\?\n$/],
    [["man", "qqqqqqqqqqqq"], /^corral: there is no page "qqqqqqqqqqqq"; corral man --list names all\n$/],
  ];
  for (const [args, message] of rows) {
    const { exitCode, out, err } = await corral(args);
    assert.deepEqual([exitCode, out], [EXIT.USAGE, ""]);
    assert.match(err, message);
  }
});

Deno.test("topicOf() is a word of its own for each page", () => {
  assert.equal(new Set(PAGE_KEYS.map(topicOf)).size, PAGE_KEYS.length);
});
