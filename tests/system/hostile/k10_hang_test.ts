/** K10: a file system that stops answering holds up neither deadline, nor signal, nor exit code. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecOptions, ExecResult, Running } from "../../kit/machine/machine.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import { type HungFileSystem, withHung } from "./hung.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, EVERYONE, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
/** For what returns at once although a file system hangs: less than the ten seconds of a busy store. */
const RETURN_MS = 8_000;

/** One of the paths that `corral run` touches; `on` gives the options that put it on the hung file system. */
interface Place {
  on: (hung: HungFileSystem) => { options?: string[]; exec?: ExecOptions };
}

const PLACES: Record<string, Place> = {
  "the store": { on: ({ dir }) => ({ exec: { env: { CORRAL_STATE_DIR: `${dir}/store` } } }) },
  "the receipt": { on: ({ dir }) => ({ options: ["--receipt", `${dir}/receipt.json`] }) },
  "the working directory": { on: ({ dir }) => ({ exec: { cwd: dir } }) },
  "a directory of the PATH": {
    on: ({ dir }) => ({ exec: { env: { PATH: `${dir}:/usr/local/bin:/usr/bin:/bin` } } }),
  },
  "home and TMPDIR": { on: ({ dir }) => ({ exec: { env: { HOME: dir, TMPDIR: dir } } }) },
};

function spawn(caller: Caller, argv: readonly string[], options: ExecOptions = {}): Promise<Running> {
  const env = { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000", ...options.env };
  return machine.spawn(argv, { user: caller.user, ...options, env });
}

/** The result, or a failure that says what hung. */
async function returns(running: Running, what: string, withinMs = RETURN_MS): Promise<ExecResult> {
  let timer: number | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not return within ${withinMs} ms`)), withinMs);
  });
  try {
    return await Promise.race([running.wait(), late]);
  } finally {
    clearTimeout(timer);
    await running.kill("SIGKILL");
  }
}

for (const [place, { on }] of Object.entries(PLACES)) {
  const start = async (
    caller: Caller,
    hung: HungFileSystem,
    options: readonly string[],
    argv: readonly string[],
  ) => {
    const { options: more = [], exec = {} } = on(hung);
    return await spawn(caller, launch(caller, ["--quiet", "--ref", "it", ...options, ...more], argv), exec);
  };
  const everyone = place === "the store" ? EVERYONE : UNLIKE;

  hostileTest(machine, `K10: the deadline holds when ${place} stops answering`, everyone, async (caller) => {
    const mark = ownPath(caller, "runs");
    await withHung(caller, async (hung) => {
      const running = await start(caller, hung, ["--timeout", "3s", "--grace", "200ms"], stubborn(mark));
      await stage.exists(caller, mark);
      await hung.hang();
      await until(
        caller,
        "the job's processes are gone",
        `cd /; ! pgrep -f '^/bin/sh -c trap.*${mark}$'`,
        3_000 + RETURN_MS,
      );
      assert.equal((await returns(running, "corral run after its deadline")).code, 124);
      await hung.release();
      const env = on(hung).exec?.env ?? {};
      await until(
        caller,
        "the end is recorded",
        `${machine.corral} sweep --quiet >/dev/null; test "$(${machine.corral} ps --json)" = "[]"`,
      );
      const shown = succeeded(await caller.corral(["show", "ref:it", "--json"], { env, cwd: "/" }));
      assert.equal(JSON.parse(shown.stdout).reason, "timeout");
    });
  }, NATIVE);

  hostileTest(
    machine,
    `K10: the exit code is passed on when ${place} stops answering`,
    UNLIKE,
    async (caller) => {
      const [mark, go] = [ownPath(caller, "runs"), ownPath(caller, "go")];
      await withHung(caller, async (hung) => {
        const job = [
          "/bin/sh",
          "-c",
          ': >"$0"; until test -e "$1"; do /bin/sleep 0.05; done; exit 7',
          mark,
          go,
        ];
        const running = await start(caller, hung, [], job);
        await stage.exists(caller, mark);
        await hung.hang();
        await machine.putFile(go, "");
        assert.equal((await returns(running, "corral run after its job")).code, 7);
      });
    },
    NATIVE,
  );

  hostileTest(machine, `K10: TERM acts when ${place} stops answering`, UNLIKE, async (caller) => {
    const mark = ownPath(caller, "runs");
    await withHung(caller, async (hung) => {
      const running = await start(caller, hung, ["--grace", "200ms"], stubborn(mark));
      await stage.exists(caller, mark);
      await hung.hang();
      await running.kill("SIGTERM");
      assert.equal((await returns(running, "corral run after TERM")).code, 143);
      await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`);
    });
  }, NATIVE);

  hostileTest(
    machine,
    `K10: TERM acts on a launch for which ${place} does not answer`,
    UNLIKE,
    async (caller) => {
      const mark = ownPath(caller, "ran");
      await withHung(caller, async (hung) => {
        await hung.hang();
        const running = await start(caller, hung, ["--timeout", "2s", "--grace", "200ms"], [
          "/bin/sh",
          "-c",
          ': >"$0"; exec /bin/sleep 1000',
          mark,
        ]);
        // It waits for an answer, has started the job, or is over: in each state TERM must end it.
        await until(
          caller,
          "it is under way",
          `test -e ${mark} || ! test -e /proc/${running.pid} || grep -qs 'fuse\\|request_wait' /proc/${running.pid}/task/*/wchan || test "$(ps -o etimes= -p ${running.pid})" -ge 2`,
        );
        await running.kill("SIGTERM");
        const { code, signal } = await returns(running, "corral run after TERM");
        assert.ok(code !== 0 || signal !== null, `exit code ${code}`);
        await hung.release();
        await stage.noLiveJob(caller);
      });
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K10: a detached job is ended at its deadline though its output does not answer",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    await withHung(caller, async (hung) => {
      const id = await caller.start(
        ["--timeout", "3s", "--grace", "200ms", "--output", `${hung.dir}/log`],
        stubborn(mark),
      );
      await stage.exists(caller, mark);
      await hung.hang();
      await stage.endedAs(caller, id, "timeout");
      await until(caller, "the supervisor is gone", "! pgrep -x corral");
    });
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: run --detach returns an error, not never, though its output does not answer",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "ran");
    await withHung(caller, async (hung) => {
      await hung.hang();
      const running = await spawn(
        caller,
        launch(caller, ["--detach", "--output", `${hung.dir}/log`], ["touch", mark]),
      );
      const { code, stderr } = await returns(running, "run --detach", 25_000);
      assert.equal(code, 125);
      assert.match(stderr, /^corral: .*log/);
      await hung.release();
      await stage.noLiveJob(caller);
      assert.equal((await machine.sh(`test -e ${mark}`)).code, 1, "it ran all the same");
    });
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: a detached launch that its caller gave up does not run when the store is back",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "ran");
    await withHung(caller, async (hung) => {
      const env = { CORRAL_STATE_DIR: `${hung.dir}/store` };
      succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"]), { env }));
      await hung.hang();
      const running = await spawn(caller, launch(caller, ["--detach"], ["touch", mark]), { env });
      await hung.awaitVictim();
      await running.kill("SIGKILL");
      await running.wait();
      await hung.release();
      await until(caller, "no corral is left", "! pgrep -x corral");
      assert.equal((await machine.sh(`test -e ${mark}`)).code, 1, "it ran");
    });
  },
  NATIVE,
);

/** Verbs that look at everybody's processes and at this node. */
const LOOKING = [["ps"], ["sweep"], ["strays", "--match", "hostile-nothing"], ["report"], ["doctor"], [
  "kill",
  "name:sleep",
], ["top", "-b", "-n", "1"]];

hostileTest(
  machine,
  "K10: verbs whose store answers return from a directory that does not",
  BOTH_BACKENDS,
  async (caller) => {
    await withHung(caller, async (hung) => {
      for (const words of LOOKING) {
        const id = words[0] === "kill" ? await caller.start(["--grace", "0"], ["sleep", "1000"]) : null;
        // Entered before it hangs, as by a shell that stands there.
        const running = await spawn(caller, [
          "sh",
          "-c",
          'read go; exec "$@"',
          "sh",
          machine.corral,
          ...words,
        ], { cwd: hung.dir, stdin: "go\n" });
        await hung.hang();
        await returns(running, `corral ${words.join(" ")}`);
        await hung.release();
        if (id !== null) await stage.endedAs(caller, id, "killed");
      }
    });
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: a process whose command line never answers holds up no verb",
  ROOT,
  async (caller) => {
    await withHung(caller, async (hung) => {
      await machine.putFile(
        "/tmp/corral-test-mute_process.py",
        await Deno.readTextFile(new URL("./mute_process.py", import.meta.url)),
      );
      const mute = await machine.spawn([
        "python3",
        "/tmp/corral-test-mute_process.py",
        `${hung.dir}/memory`,
        ownPath(caller, "mute"),
      ]);
      await stage.exists(caller, ownPath(caller, "mute"));
      await hung.hang();
      try {
        const id = await caller.start(["--timeout", "2s", "--grace", "100ms"], ["sleep", "1000"]);
        for (const words of LOOKING.slice(0, 5)) {
          await returns(await spawn(caller, [machine.corral, ...words]), `corral ${words.join(" ")}`, 15_000);
        }
        await stage.endedAs(caller, id, "timeout");
      } finally {
        await hung.release();
        await mute.kill("SIGKILL");
      }
    });
  },
  NATIVE,
);
