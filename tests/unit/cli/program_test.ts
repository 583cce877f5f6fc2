/** The command line up to the point where something would be done: help, words and values. */
import assert from "node:assert/strict";
import type { Invoke } from "../../../src/cli/verb.ts";
import { program, runCli } from "../../../src/cli/program.ts";
import { CorralError, EXIT } from "../../../src/base/errors.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

const VERBS = [
  "run",
  "ps",
  "top",
  "show",
  "kill",
  "set",
  "freeze",
  "thaw",
  "doctor",
  "install",
  "uninstall",
  "completion",
  "man",
];

interface Said {
  exitCode: number;
  out: string;
  /** Lines on stderr. */
  lines: string[];
}

/** Runs a command line that must not get as far as asking for its context. */
async function corral(...args: string[]): Promise<Said> {
  let out = "";
  let err = "";
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    widthColumns: 100,
  };
  const noContext = () => assert.fail(`${args.join(" ").slice(0, 100)} got as far as its context`);
  const exitCode = await runCli(args, terminal, noContext);
  return { exitCode, out, lines: err === "" ? [] : err.trimEnd().split("\n") };
}

async function assertUsage(args: readonly string[], lines: number, message: RegExp): Promise<void> {
  const shown = args.join(" ").slice(0, 100);
  const said = await corral(...args);
  assert.equal(said.exitCode, EXIT.USAGE, `${shown}: ${said.lines[0]}`);
  assert.equal(said.out, "", shown);
  assert.match(said.lines[0]!, message, shown);
  assert.equal(said.lines.length, lines, `${shown}:\n${said.lines.join("\n")}`);
  for (const line of said.lines) {
    assert.match(line, /^[^\p{C}]{1,500}$/u, shown);
    assert.doesNotMatch(line, /at .*\.ts:\d|^\s+at /, shown);
  }
}

Deno.test("corral without a command, or with one that is none, says where to look", async () => {
  const { exitCode, out, lines } = await corral();
  assert.deepEqual([exitCode, out], [EXIT.USAGE, ""]);
  assert.match(lines.join("\n"), /^Usage: corral [\s\S]*^ {2}kill /m);
  const toRun = /^corral: unknown command "fly" \(to run it as a job: corral run fly; see: corral --help\)$/;
  await assertUsage(["fly"], 1, toRun);
  await assertUsage(["fly", "me", "--to", "x"], 1, toRun);
  await assertUsage(["swep"], 1, /^corral: unknown command "swep", did you mean sweep\? \(to run/);
  await assertUsage(["kil"], 1, /^corral: unknown command "kil", did you mean kill\? \(to run/);
  await assertUsage(["\x1b[2J\n"], 1, /^corral: unknown command /);
  await assertUsage([""], 1, /^corral: unknown command "" /);
});

Deno.test("corral shows a word that it does not know without the control characters in it", async () => {
  await assertUsage(
    ["top", "z\n\x1b[31mx"],
    1,
    /got 1: z\\n\\x1b\[31mx\. The processes of one job: corral show JOB\. \(see: corral top --help\)$/,
  );
  await assertUsage(["top", "z\n(Did you mean \x1b[2J?)"], 1, /got 1: z\\n\(Did you mean \\x1b\[2J\?\)/);
});

Deno.test("corral refuses options that it does not know, with a hint where one is near", async () => {
  await assertUsage(["--nope"], 1, /^corral: unknown option '--nope' \(see: corral --help\)$/);
  for (const verb of VERBS) {
    await assertUsage(
      [verb, "--nope"],
      1,
      new RegExp(`unknown option '--nope'.* \\(see: corral ${verb} --help\\)$`),
    );
  }
  await assertUsage(["run", "--timeot", "1h", "true"], 1, /'--timeot', did you mean --timeout\? \(see/);
});

Deno.test("corral --help tells every command, and every command its options", async () => {
  const { exitCode, out, lines } = await corral("--help");
  assert.deepEqual([exitCode, lines], [EXIT.DONE, []]);
  for (const verb of VERBS) assert.match(out, new RegExp(`^  ${verb}\\b`, "m"));
  for (const verb of VERBS) {
    for (const flag of ["--help", "-h"]) {
      const help = await corral(verb, flag);
      assert.deepEqual([help.exitCode, help.lines], [EXIT.DONE, []], verb);
      assert.match(help.out, new RegExp(`^Usage: corral ${verb} `));
    }
  }
});

Deno.test("corral --version names version, commit and runtime", async () => {
  const { exitCode, out } = await corral("--version");
  assert.equal(exitCode, EXIT.DONE);
  assert.match(out, /^corral \d+\.\d+\.\d+ \(commit \S+, deno \d+\.\d+\.\d+\)\n$/);
});

Deno.test("corral says which argument is missing", async () => {
  await assertUsage(["run"], 1, /missing required argument 'COMMAND' \(see: corral run --help\)$/);
  await assertUsage(["run", "--"], 1, /missing required argument 'COMMAND'/);
  await assertUsage(["run", "--name", "x"], 1, /missing required argument 'COMMAND'/);
  for (const verb of ["show", "set", "freeze", "thaw"]) {
    await assertUsage([verb], 1, /missing required argument 'JOB'/);
  }
  for (const option of ["--timeout", "-t", "--memory", "--name", "--tag", "--receipt"]) {
    await assertUsage(["run", option], 1, /argument missing \(see: corral run --help\)$/);
  }
});

Deno.test("corral refuses arguments that a command does not take", async () => {
  for (
    const args of [["top", "x"], ["show", "a", "b"], ["doctor", "x"], ["freeze", "a", "b"], [
      "set",
      "a",
      "b",
    ]]
  ) {
    await assertUsage(args, 1, /too many arguments/);
  }
});

/** Bad values, each with the column of its caret. */
const BAD_VALUES: Readonly<Record<string, readonly (readonly [value: string, caret: number])[]>> = {
  "--timeout": [["10x", 2], ["0", 0], ["1:60:00", 2], ["-1", 0], ["1h30", 4], ["9".repeat(10_000), 0]],
  "--grace": [["2 s", 1], ["-1s", 0], ["∞", 0]],
  "--signal": [["TERN", 0], ["0", 0], ["65", 0], ["SIG", 0]],
  "--memory": [["0", 0], ["10GB", 3], ["24gb", 2], ["1.5", 1], ["-1G", 0], ["9000T", 0]],
  "--memory-high": [["0", 0], ["x", 0]],
  "--swap": [["x", 0], ["1Q", 1]],
  "--cpus": [["0", 0], ["150%%", 4], ["9000", 0], ["1,5", 1]],
  "--cpu-weight": [["0", 0], ["10001", 0], ["1.5", 1]],
  "--pids": [["0", 0], ["1e3", 1], ["4194305", 0]],
  "--name": [["a\0b", 1]],
  "--ref": [["a\0b", 1]],
  "--tag": [["novalue", 7], ["=x", 0], ["a b=c", 1], ["a=\0", 2]],
  "--env": [["NOVALUE", 0], ["=x", 0]],
};

for (const [option, values] of Object.entries(BAD_VALUES)) {
  Deno.test(`corral run ${option} refuses a bad value with the accepted forms and a caret`, async () => {
    for (const [value, caret] of values) {
      await assertUsage(["run", option, value, "true"], 3, new RegExp(`^corral: ${option}: cannot read `));
      const { lines } = await corral("run", option, value, "true");
      assert.match(lines[0]!, /accepted: /);
      const column = caret + [...value.slice(0, caret)].filter((letter) => letter === "\0").length * 3;
      assert.equal(lines[2], `  ${" ".repeat(column)}^`, value);
    }
    await assertUsage(["run", `${option}=`, "true"], 1, new RegExp(`^corral: ${option}: cannot read ""`));
  });
}

Deno.test("corral set refuses the same bad values, and takes none", async () => {
  for (const option of ["--timeout", "--memory", "--memory-high", "--cpus", "--cpu-weight", "--pids"]) {
    for (const value of ["0", "x", "None"]) {
      await assertUsage(["set", "7k2m9q", option, value], 3, new RegExp(`^corral: ${option}: cannot read `));
    }
  }
  await assertUsage(["set", "7k2m9q", "--swap", "x"], 3, /^corral: --swap: cannot read /);
});

Deno.test("corral kill and doctor refuse bad values", async () => {
  await assertUsage(["kill", "--name", "a\0b"], 3, /^corral: --name: cannot read /);
  await assertUsage(["kill", "--ref="], 1, /^corral: --ref: cannot read /);
  await assertUsage(["doctor", "--backend", "docker"], 1, /^corral: --backend: "docker" is none of auto, /);
  await assertUsage(
    ["run", "--backend", "docker", "true"],
    1,
    /^corral: --backend: "docker" is none of auto, /,
  );
});

Deno.test("corral stays readable when a value is 10 kB or full of escape codes", async () => {
  for (const value of ["x".repeat(10_000), "\x1b[2J\x1b]0;t\x07".repeat(1000), "a\nb\r\tc", "\u202e"]) {
    await assertUsage(["run", "--timeout", value, "true"], 3, /^corral: --timeout: cannot read /);
    await assertUsage(["run", "--tag", value, "true"], 3, /^corral: --tag: cannot read /);
    await assertUsage([value.slice(0, 300)], 1, /^corral: unknown command /);
  }
});

interface Asked {
  argv: readonly string[];
  options: Record<string, unknown>;
}

/** What `corral run …` would be asked to do. */
async function asked(...args: string[]): Promise<Asked> {
  const verbs: Asked[] = [];
  const invoke: Invoke = (verb) => {
    const { args: argv, opts } = verb as unknown as { args: string[]; opts(): Record<string, unknown> };
    verbs.push({ argv, options: opts.call(verb) });
    return Promise.resolve();
  };
  const terminal = { out: () => {}, err: (text: string) => assert.fail(text), widthColumns: null };
  const root = await program(invoke, terminal, () => true);
  await root.parseAsync(args, { from: "user" });
  assert.equal(verbs.length, 1);
  return verbs[0]!;
}

Deno.test("corral run passes everything from the command on to it as it is", async () => {
  const rows: readonly (readonly [words: string[], argv: string[]])[] = [
    [["true"], ["true"]],
    [["--", "true"], ["true"]],
    [["--", "cmd", "--flags", ""], ["cmd", "--flags", ""]],
    [
      ["cmd", "--timeout", "1h", "-h", "--help", "--version"],
      "cmd --timeout 1h -h --help --version".split(" "),
    ],
    [["--", "cmd", "--", "--"], ["cmd", "--", "--"]],
    [["cmd", "--", "x"], ["cmd", "--", "x"]],
    [["--quiet", "cmd", "--quiet", "-n", "x"], ["cmd", "--quiet", "-n", "x"]],
    [["--", "--odd-name"], ["--odd-name"]],
    [["--", "-"], ["-"]],
    [["--", ""], [""]],
    [["cmd", "", "", "a\nb", "-"], ["cmd", "", "", "a\nb", "-"]],
    [["run", "ps"], ["run", "ps"]],
  ];
  for (const [words, argv] of rows) {
    assert.deepEqual((await asked("run", ...words)).argv, argv, words.join(" "));
  }
});

Deno.test("corral run reads all of its options", async () => {
  const words =
    "-n N -t 1h --grace 0 --signal int -m 1G --memory-high 512M --swap 0 -c 150% --cpu-weight 5 -p 9 --ref R " +
    "--tag a=1 --tag b=2 --user U --chdir / --env A=1 --env A=2=3 --detach --output O --backend cgroupfs --best-effort " +
    "--receipt F --with-parent --quiet";
  const { options } = await asked("run", ...words.split(" "), "cmd");
  assert.deepEqual(options, {
    name: "N",
    timeout: 3_600_000,
    grace: 0,
    signal: { name: "INT", number: 2 },
    memory: 2 ** 30,
    memoryHigh: 2 ** 29,
    swap: 0,
    cpus: 1.5,
    cpuWeight: 5,
    pids: 9,
    ref: "R",
    tag: [{ key: "a", value: "1" }, { key: "b", value: "2" }],
    user: "U",
    chdir: "/",
    env: [{ key: "A", value: "1" }, { key: "A", value: "2=3" }],
    detach: true,
    output: "O",
    backend: "cgroupfs",
    bestEffort: true,
    receipt: "F",
    withParent: true,
    quiet: true,
  });
});

Deno.test("corral run gives a value that looks like an option only with an equals sign", async () => {
  assert.equal((await asked("run", "--name=--odd", "cmd")).options["name"], "--odd");
});

Deno.test("corral run refuses what only its surroundings can refuse", async () => {
  const rows: readonly (readonly [words: string[], message: RegExp])[] = [
    [["--output", "x", "true"], /^corral: --output goes with --detach/],
    [["--with-parent", "--detach", "true"], /^corral: --with-parent does not go with --detach: /],
    [["--user", "nobody2", "true"], /^corral: cannot look up users: getent is missing \(install /],
    [["--chdir", "/no/such/directory", "true"], /^corral: --chdir: cannot enter "\/no\/such\/directory": /],
    [["--chdir", "/etc/passwd", "true"], /^corral: --chdir: "\/etc\/passwd" is not a directory$/],
    [["--chdir", "", "true"], /^corral: --chdir: give a directory$/],
  ];
  for (const [words, message] of rows) {
    using node = new FakeNode();
    const exitCode = await node.corral("run", ...words);
    assert.ok(exitCode === EXIT.USAGE || words[0] === "--user", `${words}: ${exitCode}`);
    assert.equal(node.said.length, 1);
    assert.match(node.said[0]!, message);
  }
});

Deno.test("runCli() tells corral's own failure from the job's: 125 inside run, else 1", async () => {
  const failing = () => Promise.reject(new CorralError("it is broken", { remedy: "remedy it" }));
  const lines: string[] = [];
  const terminal = { out: () => {}, err: (text: string) => void lines.push(text), widthColumns: null };
  assert.equal(await runCli(["run", "true"], terminal, failing), EXIT.CORRAL_FAILED);
  assert.equal(await runCli(["ps"], terminal, failing), EXIT.NEGATIVE);
  assert.deepEqual(lines, Array(2).fill("corral: it is broken (remedy it)\n"));
});

Deno.test("runCli() shows an error that nobody foresaw on one line", async () => {
  const lines: string[] = [];
  const terminal = { out: () => {}, err: (text: string) => void lines.push(text), widthColumns: null };
  const failing = () => Promise.reject(new TypeError("x is\nnot a function"));
  assert.equal(await runCli(["ps"], terminal, failing), EXIT.NEGATIVE);
  assert.deepEqual(lines, ["corral: unexpected: x is\\nnot a function\n"]);
});
