/** K1: limits, directory, descriptors and environment of the caller do not change what corral does. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecOptions } from "../../kit/machine/machine.ts";
import { succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { ALICE, BOTH_BACKENDS, EVERYONE, hostileTest, launch, ownPath, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const BOUND = { timeoutMs: 15_000 };

/** Sets a limit, then execs. */
const LIMITED = `import os, resource, signal, sys
resource.setrlimit(getattr(resource, sys.argv[1]), (int(sys.argv[2]), int(sys.argv[2])))
for number in (signal.SIGXFSZ, signal.SIGPIPE):  # Python itself ignores them
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[3], sys.argv[3:])`;

hostileTest(
  machine,
  "K1: ulimit -f just above the store's size: the deadline holds",
  EVERYONE,
  async (caller) => {
    succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"])));
    const size = Number(
      (await stage.asRoot(machine, "stat -c %s $1/*.db | sort -n | tail -n 1", [caller.stateDir])).trim(),
    );
    const words = launch(
      caller,
      ["--quiet", "--timeout", "1s", "--grace", "200ms"],
      stubborn(ownPath(caller, "runs")),
    );
    for (const limit of [size + 4096, size, 4096]) {
      const { code, stderr } = await caller.exec([
        "python3",
        "-c",
        LIMITED,
        "RLIMIT_FSIZE",
        String(limit),
        ...words,
      ], BOUND);
      await until(
        caller,
        "the job's processes are gone",
        `! pgrep -f '^/bin/sh -c trap.*${ownPath(caller, "runs")}$'`,
      );
      assert.equal(code, 124, `a limit of ${limit}, store ${size}: ${stderr}`);
    }
  },
  NATIVE,
);

hostileTest(machine, "K1: ulimit -f 0: the job runs and its code is passed on", UNLIKE, async (caller) => {
  const words = launch(caller, [], ["sh", "-c", "exit 7"]);
  const { code, stderr } = await caller.exec(
    ["python3", "-c", LIMITED, "RLIMIT_FSIZE", "0", ...words],
    BOUND,
  );
  assert.equal(code, 7, stderr);
  assert.doesNotMatch(stderr, /unexpected|panicked/);
}, NATIVE);

hostileTest(
  machine,
  "K1: ulimit -f ends a job that writes too much by SIGXFSZ, as without corral",
  UNLIKE,
  async (caller) => {
    const words = launch(caller, ["--quiet"], ["head", "-c", "9M", "/dev/zero"]);
    const script = 'exec >"$1"; shift; exec "$@"';
    const limited = ["python3", "-c", LIMITED, "RLIMIT_FSIZE", "8000000", ...words];
    const { code } = await stage.script(caller, script, [ownPath(caller, "big"), ...limited], BOUND);
    assert.equal(code, 128 + 25);
  },
  NATIVE,
);

const IN_A_DELETED_DIRECTORY = 'dir=$(mktemp -d) && cd "$dir" && rmdir "$dir" && "$@"';
const RAW = /unexpected|getcwd|os error|No such file|at file:/;

for (
  const words of [
    ["ps"],
    ["sweep"],
    ["kill", "name:sleep"],
    ["report"],
    ["doctor"],
    ["strays", "--match", "hostile-nothing"],
    ["set", "name:sleep", "--timeout", "1h"],
    ["freeze", "name:sleep"],
    ["thaw", "name:sleep"],
    ["show", "name:sleep"],
  ]
) {
  hostileTest(machine, `K1: corral ${words[0]} in a deleted working directory`, [["root", "systemd"], [
    "alice",
    "systemd",
  ]], async (caller) => {
    const run = (prefix: string) => stage.script(caller, `${prefix}"$@"`, [machine.corral, ...words], BOUND);
    const id = await caller.start([], ["sleep", "1000"]);
    const deleted = await stage.script(caller, IN_A_DELETED_DIRECTORY, [machine.corral, ...words], BOUND);
    await caller.end(id);
    assert.doesNotMatch(deleted.stderr, RAW);
    const expected = words[0] === "doctor" ? (await run("cd /; ")).code : 0;
    assert.equal(deleted.code, expected, deleted.stdout + deleted.stderr);
  }, NATIVE);
}

hostileTest(
  machine,
  "K1: corral run in a deleted working directory runs the job, or names the directory",
  EVERYONE,
  async (caller) => {
    for (const options of [["--quiet"], ["--quiet", "--detach"], ["--quiet", "--chdir", "/"]]) {
      const { code, stderr } = await stage.script(
        caller,
        IN_A_DELETED_DIRECTORY,
        launch(caller, options, ["true"]),
        BOUND,
      );
      assert.doesNotMatch(stderr, RAW);
      if (code !== 0 || options.includes("--chdir")) {
        assert.deepEqual([code, options.includes("--chdir")], [
          code === 0 ? 0 : code,
          code === 0,
        ], stderr);
      }
      if (code !== 0) assert.match(stderr, /^corral: .*director.*--chdir.*\n$/);
    }
    await stage.noLiveJob(caller);
  },
  NATIVE,
);

machineTest(
  machine,
  "K1: doctor and README say what descriptors and address space a corral needs",
  async () => {
    const { stdout } = await machine.exec([machine.corral, "doctor"]);
    assert.match(stdout, /ulimit -n|descriptors/);
    assert.match(stdout, /ulimit -v|address space/);
  },
  NATIVE,
);

hostileTest(machine, "K1: ulimit -n 64 is enough", UNLIKE, async (caller) => {
  const words = launch(caller, ["--quiet", "--timeout", "20s"], ["sh", "-c", "exit 7"]);
  const { code, stderr } = await caller.exec(
    ["python3", "-c", LIMITED, "RLIMIT_NOFILE", "64", ...words],
    BOUND,
  );
  assert.equal(code, 7, stderr);
}, NATIVE);

const WITH_LOCK = 'exec 9>"$1"; shift; flock -n 9; "$@"';

hostileTest(
  machine,
  "K1: a lock held by the caller of run --detach is free when the caller is gone",
  EVERYONE,
  async (caller) => {
    const lock = ownPath(caller, "lock");
    succeeded(
      await stage.script(caller, WITH_LOCK, [lock, ...launch(caller, ["--detach"], ["sleep", "1000"])]),
    );
    const { code } = await caller.exec(["flock", "-n", lock, "true"]);
    await caller.end("last");
    assert.equal(code, 0);
  },
  NATIVE,
);

/** Waits for the end of a pipe whose other end is descriptor 7, or any above 2, of a detached launch. */
const PIPE_AT = `
import fcntl, os, select, subprocess, sys
reader, writer = os.pipe()
fd = int(sys.argv[1])
# Out of the way of the number that is asked for.
reader = fcntl.fcntl(reader, fcntl.F_DUPFD_CLOEXEC, 300)
os.dup2(writer, fd, True)
if writer != fd:
    os.close(writer)
subprocess.run(sys.argv[2:], pass_fds=[fd], stdout=subprocess.DEVNULL, check=True)
os.close(fd)
print("free" if select.select([reader], [], [], 3)[0] else "held")
`;

for (const fd of [7, 3, 200]) {
  hostileTest(
    machine,
    `K1: run --detach does not hold the caller's descriptor ${fd}`,
    BOTH_BACKENDS,
    async (caller) => {
      const { stdout } = succeeded(
        await caller.exec([
          "python3",
          "-c",
          PIPE_AT,
          String(fd),
          ...launch(caller, ["--detach"], ["sleep", "1000"]),
        ]),
      );
      await caller.end("last");
      assert.equal(stdout, "free\n");
    },
    NATIVE,
  );
}

const HOMES: Record<string, ExecOptions> = {
  "no environment at all": { env: { PATH: "/usr/bin:/bin:/usr/local/bin" }, clearEnv: true },
  "an empty HOME": { env: { HOME: "" } },
  "a HOME that is no path": { env: { HOME: "home" } },
  "a HOME that does not exist": { env: { HOME: "/nonexistent" } },
};

for (const [what, options] of Object.entries(HOMES)) {
  hostileTest(
    machine,
    `K1: a user's run with ${what} takes the home of the passwd entry`,
    ALICE,
    async () => {
      const { code, stderr } = await machine.exec([machine.corral, "run", "--quiet", "sh", "-c", "exit 7"], {
        user: "alice",
        ...options,
        ...BOUND,
      });
      assert.equal(code, 7, stderr);
      assert.equal(await stage.asRoot(machine, "ls -d /nonexistent /home/alice/home 2>/dev/null || :"), "");
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K1: under umask 777 corral makes what it can use, and the job has the caller's umask",
  EVERYONE,
  async (caller) => {
    const run = (options: string[]) => {
      const words = launch(caller, options, ["sh", "-c", "umask; exit 7"]);
      return stage.script(caller, 'umask 777; "$@"', words, BOUND);
    };
    const waited = await run(["--quiet", "--receipt", ownPath(caller, "receipt")]);
    assert.deepEqual(waited, { ...waited, code: 7, stdout: "0777\n", stderr: "" });
    const detached = succeeded(await run(["--detach"]));
    assert.equal(detached.stderr, "");
    const { exitCode } = await caller.ended(detached.stdout.trim());
    assert.equal(exitCode, 7);
    const { stdout } = succeeded(await caller.corral(["logs", detached.stdout.trim()]));
    assert.equal(stdout, "0777\n");
    JSON.parse(succeeded(await caller.exec(["cat", ownPath(caller, "receipt")])).stdout);
  },
  NATIVE,
);

for (
  const [what, TMPDIR] of Object.entries({ "an empty": "", "a relative": "tmp", "a missing": "/nonexistent" })
) {
  hostileTest(
    machine,
    `K1: ${what} TMPDIR keeps no verb from its work, and the job has it`,
    UNLIKE,
    async (caller) => {
      const env = { TMPDIR };
      const words = launch(caller, ["--quiet"], ["sh", "-c", 'printf "<%s>" "$TMPDIR"; exit 7']);
      const run = await caller.exec(words, { env, ...BOUND });
      assert.deepEqual(run, { ...run, code: 7, stdout: `<${TMPDIR}>`, stderr: "" });
      for (const verb of ["ps", "sweep", "report"]) {
        const { stderr } = succeeded(await caller.corral([verb], { env, ...BOUND }));
        assert.equal(stderr, "");
      }
    },
    NATIVE,
  );
}
