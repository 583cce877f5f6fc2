/** K10: the verbs beside `corral run`, of which some path is on a file system that stops answering. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecResult } from "../../kit/machine/machine.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import { FROM, returns, spawn } from "./hang_cases.ts";
import { type FileSystem, mountFuse, withFileSystem } from "./hung.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, EVERYONE, hostileTest, launch, ownPath, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
/** A line of the journal of what corral itself could not do. */
const ONE_LINE = /^corral: [^\n]+\n$/;

/** What is on the file system that hangs, below a directory of it: the mounted one itself is in the kernel's memory. */
interface Place {
  env?: (dir: string) => Record<string, string>;
  isCwd?: boolean;
}

/** Places without which everything can be done. */
const NEEDLESS: Record<string, Place> = {
  "the working directory": { isCwd: true },
  "a directory of the PATH": { env: (dir) => ({ PATH: `${dir}/bin:/usr/local/bin:/usr/bin:/bin` }) },
  "home and TMPDIR": {
    env: (dir) => ({ HOME: dir, TMPDIR: `${dir}/tmp`, XDG_CONFIG_HOME: `${dir}/config` }),
  },
};

/** Each verb with words for the jobs "end", "change" and a process. */
const VERBS: Record<string, (pid: string) => string[]> = {
  ps: () => ["ps"],
  top: () => ["top", "--count", "1"],
  show: () => ["show", "ref:change"],
  report: () => ["report"],
  kill: () => ["kill", "ref:end"],
  set: () => ["set", "ref:change", "--timeout", "2h"],
  freeze: () => ["freeze", "ref:change"],
  strays: () => ["strays", "--match", "hostile-nothing"],
  sweep: () => ["sweep"],
  doctor: () => ["doctor"],
  prune: () => ["prune", "--older-than", "10d"],
  adopt: (pid) => ["adopt", "--pid", pid],
};

/** Runs every verb at once from the place, each begun before the hang as by a shell that was there; what they gave. */
async function runAll(
  caller: Caller,
  hung: FileSystem,
  { env, isCwd }: Place,
  pid: string,
): Promise<Record<string, ExecResult>> {
  const go = ownPath(caller, "go");
  const cwd = isCwd ? `${hung.dir}/sub` : "/";
  const names = Object.keys(VERBS);
  const started = await Promise.all(names.map((name) => {
    const words = [...inOwnCgroup(caller, name), machine.corral, ...VERBS[name]!(pid)];
    // The shell that waits uses its tools before the hang only; what it becomes is a full path.
    const argv = ["/bin/sh", "-c", FROM, cwd, `${go}-${name}`, ...words];
    return spawn(caller, argv, { cwd: "/", env: env?.(hung.dir) ?? {} });
  }));
  for (const name of names) await stage.exists(caller, `${go}-${name}-awaited`);
  await hung.hang();
  for (const name of names) await machine.putFile(`${go}-${name}`, "");
  const results = await Promise.all(
    started.map((running, index) => returns(machine, running, `corral ${names[index]}`)),
  );
  return Object.fromEntries(names.map((name, index) => [name, results[index]!]));
}

/** Only what makes a cgroup needs one. */
function inOwnCgroup(caller: Caller, verb: string): string[] {
  const [word] = launch(caller, [], ["true"]);
  return ["adopt", "doctor"].includes(verb) && word !== machine.corral
    ? launch(caller, [], ["true"]).slice(0, launch(caller, [], ["true"]).indexOf(machine.corral)).map((one) =>
      one === "systemd-run" ? "/usr/bin/systemd-run" : one
    )
    : [];
}

async function subdirectory(hung: FileSystem, caller: Caller): Promise<void> {
  await stage.asRoot(
    machine,
    `install -d -o ${caller.user} "$1/sub" "$1/bin" "$1/tmp" "$1/store"; : >"$1/config.toml"; chown ${caller.user} "$1/config.toml"`,
    [hung.dir],
  );
}

for (const [what, place] of Object.entries(NEEDLESS)) {
  hostileTest(
    machine,
    `K10: every verb does its work while ${what} does not answer`,
    UNLIKE,
    async (caller) => {
      await withFileSystem(caller, mountFuse, async (hung) => {
        await subdirectory(hung, caller);
        const end = await caller.start(["--ref", "end", "--grace", "0"], ["sleep", "1000"]);
        const change = await caller.start(["--ref", "change", "--grace", "0"], ["sleep", "1000"]);
        const stray = await machine.spawn(["/bin/sleep", "1000"], { user: caller.user });
        const results = await runAll(caller, hung, place, String(stray.pid));
        // In a container of the test machine it may have another finding.
        const { doctor, adopt, ...others } = results;
        assert.ok(doctor!.code === 0 || doctor!.code === 1, doctor!.stdout);
        assert.match(doctor!.stdout, /a real job: created/);
        assert.ok(adopt!.code === 0 || ONE_LINE.test(adopt!.stderr), adopt!.stderr);
        for (const [verb, { code, stderr }] of Object.entries(others)) {
          assert.deepEqual([verb, code, stderr], [verb, 0, ""]);
        }
        await hung.release();
        await stage.endedAs(caller, end, "killed");
        assert.equal((await caller.show(change)).timeoutMs, 2 * 3_600_000);
        await caller.end("--all", "--yes").catch(() => {});
        succeeded(await caller.corral(["kill", "--all", "--yes", "--now"]));
        await stray.kill("SIGKILL");
      });
    },
    NATIVE,
  );
}

const NEEDED: Record<string, { place: Place; code: number; says: RegExp }> = {
  "the store": {
    place: { env: (dir) => ({ CORRAL_STATE_DIR: `${dir}/store` }) },
    code: 1,
    says: /\/store\/[^ ]*\.db: does not answer/,
  },
  "the configuration": {
    place: { env: (dir) => ({ CORRAL_CONFIG: `${dir}/config.toml` }) },
    code: 2,
    says: /config\.toml.* does not answer/,
  },
};

for (const [what, { place, code, says }] of Object.entries(NEEDED)) {
  hostileTest(
    machine,
    `K10: every verb returns with one line while ${what} does not answer`,
    UNLIKE,
    async (caller) => {
      await withFileSystem(caller, mountFuse, async (hung) => {
        await subdirectory(hung, caller);
        const stray = await machine.spawn(["/bin/sleep", "1000"], { user: caller.user });
        const { doctor, strays, ...others } = await runAll(caller, hung, place, String(stray.pid));
        if (what === "the store") {
          assert.equal(doctor!.code, 1);
          assert.match(doctor!.stdout, says);
        }
        for (
          const [verb, result] of Object.entries({ ...others, ...(strays!.code === 0 ? {} : { strays }) })
        ) {
          assert.deepEqual([verb, result!.code], [verb, code], result!.stderr);
          assert.match(result!.stderr, says, verb);
          assert.match(result!.stderr, ONE_LINE, verb);
        }
        await hung.release();
        await stray.kill("SIGKILL");
        await until(caller, "nothing is left", "! pgrep -x corral");
      });
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K10: a store that answers slowly at most is used through its process",
  EVERYONE,
  async (caller) => {
    await withFileSystem(caller, mountFuse, async (hung) => {
      const env = { CORRAL_STATE_DIR: `${hung.dir}/store` };
      for (const ref of ["one", "two"]) {
        succeeded(await caller.exec(launch(caller, ["--quiet", "--ref", ref], ["true"]), { env }));
      }
      const shown = succeeded(await caller.corral(["show", "ref:one", "--json"], { env }));
      assert.equal(JSON.parse(shown.stdout).reason, "exited");
      const report = succeeded(await caller.corral(["report", "--format", "csv", "--sort", "-ref"], { env }));
      assert.equal(report.stdout.trim().split("\n").length, 3);
      assert.match(succeeded(await caller.corral(["report"], { env })).stdout, /two/);
      succeeded(await caller.corral(["sweep"], { env }));
      assert.equal(succeeded(await caller.corral(["ps", "--json"], { env })).stdout, "[]\n");
      const { stdout } = succeeded(await caller.corral(["prune", "--older-than", "1ms"], { env }));
      assert.match(stdout, /\b2\b/);
    });
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: a kill ends its job, and returns, though the store stops answering in the grace",
  BOTH_BACKENDS,
  async (caller) => {
    const [mark, asked] = [ownPath(caller, "runs"), ownPath(caller, "asked")];
    await withFileSystem(caller, mountFuse, async (hung) => {
      const env = { CORRAL_STATE_DIR: `${hung.dir}/store` };
      const script = `trap ': >"$1"' TERM; : >"$0"; while :; do /bin/sleep 0.1; done`;
      const job = await spawn(
        caller,
        launch(caller, ["--quiet", "--ref", "it", "--grace", "2s"], ["/bin/sh", "-c", script, mark, asked]),
        { env },
      );
      await stage.exists(caller, mark);
      const kill = await spawn(caller, [machine.corral, "kill", "ref:it"], { env });
      await stage.exists(caller, asked);
      await hung.hang();
      await until(caller, "the job is gone", `! pgrep -f '^/bin/sh -c trap.*${mark}'`, 6_000);
      await returns(machine, kill, "corral kill", 12_000);
      await returns(machine, job, "corral run");
    });
  },
  NATIVE,
);
