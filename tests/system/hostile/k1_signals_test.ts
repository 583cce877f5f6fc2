/** K1: every signal to `corral run`: it ends the job, or is the job's; it never leaves the job behind. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import type { Caller } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { EVERYONE, hostileTest, launch, ownPath, ROOT, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const PASSED_ON = [
  "USR1",
  "USR2",
  "ALRM",
  "VTALRM",
  "PROF",
  "XCPU",
  "WINCH",
  "PWR",
  "IO",
  "RTMIN",
  "RTMIN+3",
  "RTMAX",
];
/** They end the job, as INT and TERM do. Their effect on corral itself: 128+N, or death of the signal. */
const ENDING: Record<string, { code: number; reason: string }> = {
  TERM: { code: 143, reason: "killed" },
  HUP: { code: 129, reason: "killed" },
  INT: { code: -2, reason: "killed" },
  QUIT: { code: -3, reason: "killed" },
};
/** What is neither named in the contract nor harmless: after it there is a job that is supervised, or none. */
const OTHERS = [
  "PIPE",
  "TRAP",
  "ABRT",
  "SYS",
  "STKFLT",
  "XFSZ",
  "SEGV",
  "BUS",
  "FPE",
  "ILL",
  "URG",
  "CHLD",
  "CONT",
];

interface Answer {
  /** Of `corral run`, as subprocess has it: -N after death of signal N. */
  code: number | null;
  /** Numbers of the signals that the job's first process received. */
  got: number[];
  alive: boolean;
}

function act(
  caller: Caller,
  name: string,
  input: Record<string, unknown>,
  user = caller.user,
): Promise<Answer> {
  return runGuestProgram<Answer>(machine, "system/hostile/k1_signals.py", { act: name, ...input }, {
    user,
    env: { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000" },
  });
}

for (const signal of PASSED_ON) {
  hostileTest(
    machine,
    `K1: ${signal} to corral run is passed on to the job's first process`,
    UNLIKE,
    async (caller) => {
      const said = ownPath(caller, "said");
      const { alive, got } = await act(caller, "foreground", {
        signal,
        said,
        argv: launch(caller, ["--quiet", "--grace", "0"], ["LISTENER", said]),
      });
      assert.ok(alive, "corral died of it");
      assert.equal(got.length, 1, `the job got ${got}`);
    },
    NATIVE,
  );

  hostileTest(
    machine,
    `K1: ${signal} to a detached supervisor is passed on to the job's first process`,
    UNLIKE,
    async (caller) => {
      const said = ownPath(caller, "said");
      const launched = await act(caller, "detach", {
        said,
        argv: launch(caller, ["--detach", "--grace", "0"], ["LISTENER", said]),
      });
      assert.equal(launched.code, 0);
      const { supervisorPid } = await caller.show("last");
      const { alive, got } = await act(caller, "to", {
        signal,
        said,
        pid: supervisorPid,
      }, "root");
      await caller.end("last");
      assert.ok(alive, "the supervisor died of it");
      assert.equal(got.length, 1, `the job got ${got}`);
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K1: USR1 to corral run that only the first process of several knows harms no other",
  UNLIKE,
  async (caller) => {
    const said = ownPath(caller, "said");
    const { alive, got } = await act(caller, "with-child", {
      signal: "USR1",
      said,
      argv: launch(caller, ["--quiet", "--grace", "0"], ["LISTENER", said]),
    });
    assert.ok(alive, "the child without a handler, or corral, died of it");
    assert.equal(got.length, 1);
  },
  NATIVE,
);

for (const [signal, { code, reason }] of Object.entries(ENDING)) {
  hostileTest(
    machine,
    `K1: ${signal} to corral run ends the job, and corral ${
      code < 0 ? "dies of the signal itself" : `exits ${code}`
    }`,
    EVERYONE,
    async (caller) => {
      const said = ownPath(caller, "said");
      const answer = await act(caller, "ending", {
        signal,
        said,
        argv: launch(caller, ["--quiet", "--grace", "200ms"], ["LISTENER", said]),
      });
      assert.equal(answer.code, code);
      await stage.noLiveJob(caller);
      assert.equal((await caller.show("last")).reason, reason);
    },
    NATIVE,
  );
}

for (const signal of OTHERS) {
  hostileTest(
    machine,
    `K1: after ${signal} to corral run no job is left without a supervisor`,
    UNLIKE,
    async (caller) => {
      const said = ownPath(caller, "said");
      const { alive } = await act(caller, "foreground", {
        signal,
        said,
        argv: launch(caller, ["--quiet", "--grace", "0"], ["LISTENER", said]),
      });
      // One that lives gets TERM then.
      await stage.noLiveJob(caller);
      assert.equal(typeof alive, "boolean");
    },
    NATIVE,
  );
}

hostileTest(machine, "K1: ^C stops a shell loop around corral run", UNLIKE, async (caller) => {
  const job = ["sh", "-c", "echo round; exec sleep 1000"];
  for (const key of ["\x03", "\x1c"]) {
    const rounds = async (argv: string[]) => (await act(caller, "loop", { key, argv })).code;
    const alone = await rounds(job);
    // bash ignores QUIT and goes on with its loop (bash(1), "Signals"): corral is to change nothing.
    assert.equal(alone, key === "\x03" ? 1 : 3);
    const words = launch(caller, ["--quiet", "--grace", "0"], job);
    assert.equal(await rounds(words), alone, `rounds after ${JSON.stringify(key)}`);
  }
}, NATIVE);

hostileTest(machine, "K1: a second INT skips the grace, and corral dies of INT", ROOT, async (caller) => {
  const said = ownPath(caller, "said");
  const { code } = await act(caller, "twice", {
    signal: "INT",
    said,
    argv: launch(caller, ["--quiet", "--grace", "1h"], ["LISTENER", said]),
  });
  assert.equal(code, -2);
}, NATIVE);
