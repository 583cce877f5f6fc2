/** K1: signals that the caller ignores or blocks change nothing of what corral does. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecResult } from "../../kit/machine/machine.ts";
import { type Caller, succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { EVERYONE, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const BOUND = { timeoutMs: 15_000 };

/** Each execs its arguments in surroundings of that kind. */
const AS_INHERITED = {
  "SIGCHLD ignored": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
  "SIGCHLD blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})",
  "every signal blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
  "every signal ignored":
    "[signal.signal(number, signal.SIG_IGN) for number in signal.valid_signals() - {9, 19, 32, 33, 1, 2, 15}]",
} as const;
type Inherited = keyof typeof AS_INHERITED;

function under(inherited: Inherited, argv: readonly string[]): string[] {
  return [
    "python3",
    "-c",
    `import os, signal, sys\n${AS_INHERITED[inherited]}\nos.execvp(sys.argv[1], sys.argv[1:])`,
    ...argv,
  ];
}

function runUnder(
  caller: Caller,
  inherited: Inherited,
  options: readonly string[],
  argv: readonly string[],
): Promise<ExecResult> {
  return caller.exec(under(inherited, launch(caller, ["--quiet", ...options], argv)), BOUND);
}

for (const inherited of Object.keys(AS_INHERITED) as Inherited[]) {
  hostileTest(
    machine,
    `K1: ${inherited} by the caller: the exit code is passed on`,
    EVERYONE,
    async (caller) => {
      const { code } = await runUnder(caller, inherited, [], ["sh", "-c", "exit 7"]);
      assert.equal(code, 7);
      const { reason, exitCode } = await caller.show("last");
      assert.deepEqual([reason, exitCode], ["exited", 7]);
    },
    NATIVE,
  );

  hostileTest(
    machine,
    `K1: ${inherited} by the caller: a job that ends before its deadline has its own code`,
    UNLIKE,
    async (caller) => {
      const { code } = await runUnder(caller, inherited, ["--timeout", "20s"], ["sh", "-c", "exit 0"]);
      assert.equal(code, 0);
    },
    NATIVE,
  );

  hostileTest(machine, `K1: ${inherited} by the caller: the deadline holds`, UNLIKE, async (caller) => {
    const mark = ownPath(caller, "runs");
    const { code } = await runUnder(
      caller,
      inherited,
      ["--timeout", "1500ms", "--grace", "200ms"],
      stubborn(mark),
    );
    assert.equal(code, 124);
  }, NATIVE);

  hostileTest(
    machine,
    `K1: ${inherited} by the caller: --user, --detach, doctor, kill and a status command work`,
    ROOT,
    async (caller) => {
      const corral = (...words: string[]) => caller.exec(under(inherited, [machine.corral, ...words]), BOUND);
      assert.equal((await runUnder(caller, inherited, ["--user", "alice"], ["sh", "-c", "exit 7"])).code, 7);
      assert.equal((await corral("doctor")).code, machine.controllers.has("memory") ? 0 : 1);
      const start = () => runUnder(caller, inherited, ["--detach", "--ref", "j0"], ["sleep", "1000"]);
      const [first] = [succeeded(await start()).stdout.trim()];
      succeeded(await corral("kill", first));
      const second = succeeded(await start()).stdout.trim();
      succeeded(await corral("sweep", "--strikes", "1", "--status-command", "echo j0 completed"));
      assert.equal((await caller.ended(second)).reason, "finished-by-owner");
    },
    NATIVE,
  );

  hostileTest(machine, `K1: ${inherited} by the caller: the job has the defaults`, UNLIKE, async (caller) => {
    const masks =
      "import signal; print(sorted(signal.pthread_sigmask(0, [])), signal.getsignal(signal.SIGCHLD))";
    const { stdout } = await runUnder(caller, inherited, [], ["python3", "-c", masks]);
    assert.equal(stdout, "[] 0\n");
  }, NATIVE);
}

hostileTest(
  machine,
  "K1: HUP and INT that the caller ignores stay ignored in the job",
  UNLIKE,
  async (caller) => {
    const script = "trap '' HUP INT; exec \"$@\"";
    const words = launch(caller, ["--quiet"], [
      "sed",
      "-n",
      "s/^SigIgn:.*\\(.\\)$/\\1/p",
      "/proc/self/status",
    ]);
    assert.equal((await stage.script(caller, script, words)).stdout, "3\n");
  },
);

hostileTest(
  machine,
  "K1: every signal blocked by the caller: TERM ends the job",
  EVERYONE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const words = under(
      "every signal blocked",
      launch(caller, ["--quiet", "--grace", "200ms"], stubborn(mark)),
    );
    const env = { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000" };
    const running = await machine.spawn(words, { user: caller.user, env, ...BOUND });
    await stage.exists(caller, mark);
    await running.kill("SIGTERM");
    assert.equal((await running.wait()).code, 143);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K1: every signal blocked by the caller: a job ends at TERM without KILL",
  UNLIKE,
  async (caller) => {
    const options = ["--timeout", "1s", "--grace", "25s"];
    const { code } = await runUnder(caller, "every signal blocked", options, ["sleep", "1000"]);
    assert.equal(code, 124);
    assert.equal((await caller.show("last")).events.some(({ kind }) => kind === "kill"), false);
  },
  NATIVE,
);
