/** Real processes of a real user: needs root. */
import assert from "node:assert/strict";
import { CorralError } from "../../../../src/base/errors.ts";
import { type GateOptions, makeGate } from "../../../../src/act/launch/gate.ts";
import { type ForUser, readReport } from "../../../../src/act/launch/user_gate.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const isRoot = Deno.uid() === 0;
const NOBODY = { uid: 65534, gid: 65534 };
const AS: ForUser = {
  ...NOBODY,
  name: "nobody",
  home: "/nonexistent",
  isDirectoryAsked: true,
  logName: null,
  receipt: null,
};

function rootTest(name: string, fn: (home: string) => Promise<void>): void {
  Deno.test({
    name: `${name}${isRoot ? "" : " (needs root)"}`,
    ignore: !isRoot,
    // libc is opened once for all.
    sanitizeResources: false,
    async fn() {
      using temp = new TempDir();
      Deno.chmodSync(temp.path, 0o755);
      const home = `${temp.path}/home`;
      Deno.mkdirSync(home, { mode: 0o700 });
      Deno.chownSync(home, NOBODY.uid, NOBODY.gid);
      await fn(home);
    },
  });
}

function options(
  changes: Partial<Omit<GateOptions, "as">>,
  as: Partial<ForUser> = {},
): GateOptions {
  const env = { PATH: "/usr/bin:/bin" };
  const rest = {
    argv: ["true"],
    cwd: "/",
    env,
    rawEnv: [],
    lostGroups: [],
    ignoredSignals: [],
    output: null,
  };
  return { ...rest, ...changes, as: { ...AS, ...as } };
}

async function refused(given: GateOptions): Promise<string> {
  try {
    const gate = await makeGate(given);
    gate.close();
    await gate.exit;
  } catch (error) {
    assert.ok(error instanceof CorralError, String(error));
    return `${error.exitCode} ${error.message}`;
  }
  return "not refused";
}

rootTest("makeGate() for a user works in a directory that only the user may enter", async (home) => {
  const script = `${home}/script`;
  Deno.writeTextFileSync(script, "#!/bin/sh\nid -u; pwd; echo $0\n", { mode: 0o755 });
  const output = `${home}/output`;
  const gate = await makeGate(
    options({ argv: ["./script"], cwd: home, output }, { receipt: `${home}/receipt` }),
  );
  assert.deepEqual(gate.arrived, { cwd: home, output });
  gate.open();
  assert.deepEqual(await gate.exit, { code: 0, signal: null });
  assert.equal(Deno.readTextFileSync(output), `65534\n${home}\n./script\n`);
  const { uid, mode } = Deno.statSync(output);
  assert.deepEqual([uid, mode! & 0o777], [NOBODY.uid, 0o600]);
  assert.deepEqual([...Deno.readDirSync(home)].map(({ name }) => name).sort(), ["output", "script"]);
});

rootTest("makeGate() for a user removes the receipt of an earlier run, also behind a link", async (home) => {
  Deno.writeTextFileSync(`${home}/earlier`, "earlier");
  Deno.symlinkSync("earlier", `${home}/link`);
  const gate = await makeGate(options({}, { receipt: `${home}/link` }));
  gate.close();
  await gate.exit;
  assert.deepEqual([...Deno.readDirSync(home)].map(({ name }) => name), ["link"]);
});

rootTest(
  "makeGate() for a user refuses what the user may not, or what is not there, by the code of its kind",
  async (home) => {
    Deno.mkdirSync(`${home}/roots`, { mode: 0o700 });
    Deno.writeTextFileSync(`${home}/roots/tool`, "", { mode: 0o755 });
    Deno.writeTextFileSync(`${home}/data`, "", { mode: 0o644 });
    Deno.symlinkSync("/root", `${home}/down`);
    Deno.symlinkSync("/etc/corral-evil", `${home}/trap`);
    assert.ok((await new Deno.Command("mkfifo", { args: [`${home}/fifo`] }).output()).success);
    Deno.chownSync(`${home}/fifo`, NOBODY.uid, NOBODY.gid);
    const command = (name: string, path = `${home}:${home}/roots`) =>
      refused(options({ argv: [name], env: { PATH: path } }));
    assert.equal(await command("tool"), '126 "tool": permission denied');
    assert.equal(await command("data"), '126 "data": permission denied', "the last refusal, as execvp(3)");
    assert.equal(await command("data", `${home}:/`), '126 "data": is not executable');
    assert.equal(await command("none"), '126 "none": permission denied');
    assert.equal(await command("none", `${home}:/bin`), '127 "none": not found in PATH');
    assert.match(await command(`${home}/none`), /^127 .*: no such file$/);
    assert.match(await command(`${home}/roots/tool`), /^126 .*: permission denied$/);
    assert.match(await command(home), /^126 .*: is a directory$/);
    const script = async (text: string) => {
      Deno.writeTextFileSync(`${home}/script`, text, { mode: 0o755 });
      return await command(`${home}/script`);
    };
    assert.match(await script("#!/no/such -x\n"), /^127 .*: its interpreter \/no\/such does not exist$/);
    assert.match(await script("#! /bin/sh\r\n"), /^127 .*: its first line ends with CR LF$/);
    assert.match(await script("#!/etc\n"), /^126 .*: its interpreter \/etc cannot be executed$/);
    assert.match(await script("#!/root/x\n"), /^126 .*: its interpreter \/root\/x cannot be executed$/);
    for (const text of ["#!/bin/sh -e\r\n", "echo\n", "", "#!\n"]) {
      assert.equal(await script(text), "not refused");
    }
    assert.equal(await command(""), '127 "": not found in PATH');
    assert.equal(await command("-x/y"), '127 "-x/y": no such file');
    assert.match(
      await refused(options({ cwd: `${home}/down` })),
      /^2 --chdir: nobody cannot enter .*permission denied$/,
    );
    assert.match(await refused(options({ cwd: `${home}/none` })), /^2 --chdir: .*no such directory$/);
    assert.match(await refused(options({ cwd: `${home}/data` })), /^2 --chdir: .*not a directory$/);
    for (const name of ["trap", "roots", "fifo", "none/x"]) {
      const path = `${home}/${name}`;
      assert.match(
        await refused(options({ output: path })),
        /^125 cannot write the job's output .* as nobody: ./,
      );
      assert.match(
        await refused(options({}, { receipt: path })),
        /^125 --receipt: cannot write .* as nobody: ./,
      );
    }
    assert.throws(() => Deno.lstatSync("/etc/corral-evil"), Deno.errors.NotFound);
  },
);

rootTest("makeGate() for a user finds another directory where none was asked for", async (home) => {
  const arrivedIn = async (cwd: string, home: string) => {
    const gate = await makeGate(options({ cwd }, { home, isDirectoryAsked: false }));
    gate.close();
    await gate.exit;
    return gate.arrived!.cwd;
  };
  assert.equal(await arrivedIn("/root", home), home);
  assert.equal(await arrivedIn("/usr", home), "/usr");
  assert.equal(await arrivedIn("/root", "/nonexistent"), "/");
});

rootTest("makeGate() for a user makes a log in the user's state directory", async (home) => {
  const gate = await makeGate(options({ argv: ["echo", "spoken"] }, { home, logName: "id.log" }));
  const log = `${home}/.local/state/corral/output/id.log`;
  assert.equal(gate.arrived!.output, log);
  gate.open();
  await gate.exit;
  assert.equal(Deno.readTextFileSync(log), "spoken\n");
  assert.equal(Deno.statSync(log).uid, NOBODY.uid);
});

rootTest(
  "makeGate() for a user gives the command exactly its environment, and a command with = its name",
  async (home) => {
    const tool = `${home}/a=b`;
    Deno.writeTextFileSync(tool, "#!/bin/cat /proc/self/environ\n", { mode: 0o755 });
    const env = { LD_BIND_NOW: "1", "a.b": "dotted", PWD: "/x", NLSPATH: "y" };
    for (const argv of [["/bin/cat", "/proc/self/environ"], [tool]]) {
      const output = `${home}/output`;
      const gate = await makeGate(options({ argv, env, output }));
      gate.open();
      await gate.exit;
      assert.match(
        Deno.readTextFileSync(output),
        /^(?=.*LD_BIND_NOW=1\0)(?=.*a\.b=dotted\0)(?=.*PWD=\/x\0)(?=.*NLSPATH=y\0)/s,
      );
      assert.doesNotMatch(Deno.readTextFileSync(output), /CORRAL_GATE|LC_ALL/);
      Deno.removeSync(output);
    }
  },
);

Deno.test("readReport() of a process that ended first names the command to try", () => {
  assert.throws(() => readReport("", AS), /ended before it was ready/);
});
