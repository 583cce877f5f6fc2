/** Real processes: what arrives at the command, and what happens to the gate when nobody opens it. */
import assert from "node:assert/strict";
import { SetupError } from "../../../../src/base/errors.ts";
import { parseStat } from "../../../../src/linux/proc.ts";
import { poll } from "../../../../src/base/poll.ts";
import { ignoredSignals } from "../../../../src/linux/stop_signals.ts";
import { type GateOptions, makeGate } from "../../../../src/act/launch/gate.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const PATIENCE_MS = 10_000;
const isRoot = Deno.uid() === 0;

/** Root's own directory is not for nobody: no directory is asked for. */
const NOBODY = {
  ...{ uid: 65534, gid: 65534, name: "nobody", home: "/nonexistent" },
  ...{ isDirectoryAsked: false, logName: null, receipt: null },
};

function options(changes: Partial<GateOptions>): GateOptions {
  return {
    argv: ["/bin/true"],
    cwd: "/",
    env: {},
    rawEnv: [],
    as: null,
    lostGroups: [],
    ignoredSignals: [],
    output: null,
    ...changes,
  };
}

/** Opens a gate and gives how the command left and the bytes that it wrote. */
async function pass(changes: Partial<GateOptions>) {
  using temp = new TempDir();
  const output = changes.output ?? `${temp.path}/output`;
  const gate = await makeGate(options({ ...changes, output }));
  gate.open();
  const exit = await gate.exit;
  return { pid: gate.pid, exit, bytes: Deno.readFileSync(output), text: Deno.readTextFileSync(output) };
}

const passShell = (script: string, changes: Partial<GateOptions> = {}) =>
  pass({ argv: ["/bin/sh", "-c", script], ...changes });

const ODD_ENVIRONMENT = {
  PLAIN: "value",
  EMPTY: "",
  NEWLINES: "\na\n\nb\n",
  "BASH_FUNC_module%%": "() {  echo hello; }",
  "a.b": "dotted",
  "with space": "1",
  "-u": "looks like an option",
  "9": "digit",
  IFS: "x",
  PS4: "$(touch /tmp/never)",
  QUOTES: `'"\\$(x)\``,
  UTF8: "é😀",
};

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

Deno.test("makeGate() passes the environment on exactly", LIBRARY_STAYS, async () => {
  const { text } = await pass({ argv: ["/bin/cat", "/proc/self/environ"], env: ODD_ENVIRONMENT });
  const arrived = text.split("\0").slice(0, -1).sort();
  assert.deepEqual(arrived, Object.entries(ODD_ENVIRONMENT).map(([key, value]) => `${key}=${value}`).sort());
});

Deno.test("makeGate() passes the words on exactly, also behind the path of this very binary", async () => {
  const own = Deno.execPath();
  for (
    const words of [[own, "ps", "--all"], ["x", own, `${own}/`, "", "-A"], [
      `${own}'s`,
      own,
      "a b",
      own,
      "c\n",
    ]]
  ) {
    const { text } = await pass({ argv: ["/usr/bin/printf", "%s\\0", ...words], env: { word: "kept" } });
    assert.deepEqual(text.split("\0").slice(0, -1), words);
  }
  const { text } = await pass({ argv: ["/usr/bin/env", own, "--version"], env: { word: "kept" } });
  assert.match(text, /^deno \d/);
  const env = { word: "kept", go: "kept", CORRAL_GATE_WORD: "kept", CORRAL_GATE_GO: "kept" };
  const kept = await pass({ argv: ["/bin/sh", "-c", "cat /proc/self/environ", own, "x"], env });
  assert.deepEqual(
    kept.text.split("\0").filter((variable) => !/^(PWD|_|SHLVL|OLDPWD)=|^$/.test(variable)).sort(),
    Object.keys(env).map((name) => `${name}=kept`).sort(),
  );
});

Deno.test("makeGate() passes on what a shell would make up, when it was there", async () => {
  const env = { PWD: "/where/it/was", OLDPWD: "/before", SHLVL: "41", _: "/usr/bin/x" };
  const { text } = await pass({ argv: ["/bin/cat", "/proc/self/environ"], env });
  assert.deepEqual(
    text.split("\0").slice(0, -1).sort(),
    ["OLDPWD=/before", "PWD=/where/it/was", "SHLVL=41", "_=/usr/bin/x"],
  );
});

Deno.test("makeGate() passes on variables that are not UTF-8, unless they were set anew", async () => {
  const rawEnv = [{ name: "LATIN", octal: "\\351\\012\\047" }, { name: "SET", octal: "\\351" }];
  const { bytes } = await pass({ argv: ["/bin/cat", "/proc/self/environ"], rawEnv, env: { SET: "new" } });
  const entries = new TextDecoder("latin1").decode(bytes).split("\0").slice(0, -1).sort();
  assert.deepEqual(entries, ["LATIN=\xe9\n'", "SET=new"]);
});

Deno.test("makeGate() passes the arguments on exactly", async () => {
  const odd = [
    "",
    "--help",
    "-",
    "--",
    "a  b",
    "new\nline\n",
    "$HOME `id` \"'\\",
    "é😀",
    "x".repeat(10_000),
    "",
  ];
  const argv = ["/bin/sh", "-c", "exec cat /proc/$$/cmdline", ...odd];
  const copied = await pass({ argv: ["/bin/sh", "-c", 'printf "%s\\0" "$@"', "sh", ...odd] });
  assert.deepEqual(copied.text.split("\0").slice(0, -1), odd);
  assert.deepEqual((await pass({ argv })).text.split("\0")[0], "cat");
});

Deno.test("makeGate() runs a command whose name looks like a variable or an option", async () => {
  using temp = new TempDir();
  for (const name of ["a=b", "-u", "--help"]) {
    Deno.symlinkSync("/bin/echo", `${temp.path}/${name}`);
    const { text } = await pass({ argv: [name, "ran"], env: { PATH: `${temp.path}:/usr/bin:/bin` } });
    assert.equal(text, "ran\n", name);
  }
});

Deno.test("makeGate() makes the command leader of its own session: PID = PGID = SID", async () => {
  const { pid, text } = await passShell("exec cat /proc/self/stat");
  const stat = parseStat(text, "output");
  assert.deepEqual([stat.pid, stat.pgid, stat.session], [pid, pid, pid]);
});

Deno.test("makeGate() leaves the command nothing but descriptors 0 to 2", async () => {
  const script = 'for fd in 0 1 2 3 4 5 6 7 8 9; do [ -h "/proc/$$/fd/$fd" ] && echo $fd; done';
  assert.equal((await passShell(script)).text, "0\n1\n2\n");
});

Deno.test("makeGate() hands down the signals that were ignored, and no others", async () => {
  const mask = async (ignoredSignals: number[]) => {
    const { text } = await passShell("exec grep SigIgn: /proc/self/status", { ignoredSignals });
    // Signals 32 and 33 are the C library's own; the runtime's spawn leaves them ignored.
    return BigInt(`0x${text.split("\t")[1]!.trim()}`) & 0x7fff_ffffn;
  };
  // What the runner of the tests ignores is ignored by all that it starts.
  const before = ignoredSignals("/proc").reduce((bits, signal) => bits | 1n << BigInt(signal - 1), 0n);
  assert.equal(await mask([]), before);
  assert.equal(await mask([1, 2, 15]), before | 0b100_0000_0000_0011n);
});

Deno.test("makeGate() reports every way to leave", async () => {
  for (const code of [0, 7, 125, 255]) {
    assert.deepEqual((await passShell(`exit ${code}`)).exit, { code, signal: null });
  }
  for (const signal of [1, 9, 11, 15]) {
    assert.deepEqual((await passShell(`kill -${signal} $$`)).exit, { code: null, signal }, `${signal}`);
  }
});

Deno.test({
  name: "makeGate() reports death by a real-time signal",
  // The runtime fails to take notice of such an end and keeps the child's record.
  sanitizeResources: false,
  async fn() {
    for (const signal of [34, 64]) {
      assert.deepEqual((await passShell(`kill -${signal} $$`)).exit, { code: null, signal }, `${signal}`);
    }
  },
});

Deno.test("makeGate() gives 127 and 126 for a command that went missing meanwhile", async () => {
  assert.equal((await pass({ argv: ["/no/such/command"] })).exit.code, 127);
  assert.equal((await pass({ argv: ["/etc/passwd"] })).exit.code, 126);
  // Not an option of a tool on the way.
  assert.equal((await pass({ argv: ["--version"] })).exit.code, 127);
});

Deno.test("makeGate() starts the command in its directory", async () => {
  using temp = new TempDir();
  const cwd = `${temp.path}/a b\n`;
  Deno.mkdirSync(cwd);
  assert.equal((await passShell("readlink -n /proc/$$/cwd", { cwd })).text, cwd);
});

Deno.test("makeGate() appends to the output file, which only its owner may read", async () => {
  using temp = new TempDir();
  const output = `${temp.path}/log`;
  for (const word of ["one", "two"]) {
    const gate = await makeGate(options({ argv: ["/bin/sh", "-c", `echo ${word} >&2`], output }));
    gate.open();
    await gate.exit;
  }
  assert.equal(Deno.readTextFileSync(output), "one\ntwo\n");
  assert.equal(Deno.statSync(output).mode! & 0o777, 0o600);
});

Deno.test({
  name: `makeGate() becomes another user, with that user's groups${isRoot ? "" : " (needs root)"}`,
  ignore: !isRoot,
  // libc is opened once for all.
  sanitizeResources: false,
  async fn() {
    const env = { PATH: "/usr/bin:/bin" };
    using temp = new TempDir();
    Deno.chmodSync(temp.path, 0o777);
    const output = `${temp.path}/output`;
    const { exit } = await passShell("id -u; id -g; id -G", { env, as: NOBODY, output });
    assert.equal(exit.code, 0);
    assert.equal(Deno.readTextFileSync(output), "65534\n65534\n65534\n");
  },
});

Deno.test({
  name: `makeGate() gives root back the groups that the runtime takes away${isRoot ? "" : " (needs root)"}`,
  ignore: !isRoot,
  async fn() {
    const { text } = await passShell("id -G", { env: { PATH: "/usr/bin:/bin" }, lostGroups: [4, 24] });
    assert.equal(text, "0 4 24\n");
  },
});

Deno.test("makeGate() waits: nothing runs before open()", async () => {
  using temp = new TempDir();
  const mark = `${temp.path}/mark`;
  const gate = await makeGate(options({ argv: ["/usr/bin/touch", mark] }));
  const waiting = () => Deno.readTextFileSync(`/proc/${gate.pid}/cmdline`).includes("corral-gate");
  assert.ok(await poll(waiting, PATIENCE_MS));
  assert.throws(() => Deno.statSync(mark), Deno.errors.NotFound);
  gate.open();
  assert.deepEqual(await gate.exit, { code: 0, signal: null });
  assert.ok(Deno.statSync(mark).isFile);
});

Deno.test("Gate.close() runs nothing", async () => {
  using temp = new TempDir();
  const mark = `${temp.path}/mark`;
  const gate = await makeGate(options({ argv: ["/usr/bin/touch", mark] }));
  gate.close();
  assert.deepEqual(await gate.exit, { code: 125, signal: null });
  assert.throws(() => Deno.statSync(mark), Deno.errors.NotFound);
});

Deno.test("makeGate() runs nothing when corral is killed before it opens the gate", async () => {
  using temp = new TempDir();
  const mark = `${temp.path}/mark`;
  const module = new URL("../../../../src/act/launch/gate.ts", import.meta.url).href;
  const script = `import { makeGate } from "${module}";
    const gate = await makeGate(${JSON.stringify(options({ argv: ["/usr/bin/touch", mark] }))});
    console.log(gate.pid);
    setInterval(() => {}, 1000);`;
  const corral = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = corral.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  corral.kill("SIGKILL");
  await corral.status;
  await reader.cancel();
  assert.ok(await poll(() => !isGate(pid), PATIENCE_MS));
  assert.throws(() => Deno.statSync(mark), Deno.errors.NotFound);
});

function isGate(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("corral-gate");
  } catch {
    return false;
  }
}

Deno.test({
  name: "makeGate() says that a process cannot be started, and where to look",
  // The runtime leaves the gate's socket open when the spawn fails.
  sanitizeResources: false,
  fn: () => assert.rejects(makeGate(options({ cwd: "/no/such/directory" })), SetupError),
});
