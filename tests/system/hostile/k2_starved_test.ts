/** K2: a supervisor that gets no thread, whose stderr is full, that is stopped or waits for a FIFO still enforces. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import {
  ALICE,
  BOTH_BACKENDS,
  EVERYONE,
  hostileTest,
  launch,
  ownPath,
  ROOT,
  stubborn,
  UNLIKE,
} from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** How `corral run` ended; null when it had to be killed. */
interface Outcome {
  code: number | null;
  seconds: number;
}

/** Runs an act of k2_starved.py as the caller. */
async function starved<Answer = Outcome>(
  caller: Caller,
  act: string,
  input: Record<string, unknown>,
): Promise<Answer> {
  return await runGuestProgram<Answer>(machine, "system/hostile/k2_starved.py", { act, ...input }, {
    user: caller.user,
    env: { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000" },
    timeoutMs: 90_000,
  });
}

hostileTest(machine, "K2: a fork bomb under ulimit -u is ended at its deadline", ALICE, async (caller) => {
  const options = ["--timeout", "4s", "--grace", "1s"];
  const { code } = await starved(caller, "bomb", { argv: launch(caller, options, ["BOMB"]) });
  await stage.noLiveJob(caller);
  assert.equal(code, 124);
  assert.equal((await caller.show("last")).reason, "timeout");
}, NATIVE);

hostileTest(
  machine,
  "K2: a fork bomb under ulimit -u is ended by corral kill of the same user",
  ALICE,
  async (caller) => {
    const mark = ownPath(caller, "bomb-is-full");
    const argv = launch(caller, ["--grace", "1s"], ["BOMB", mark]);
    const kill = [machine.corral, "kill", "name:python3"];
    const { code, stderr } = await starved<{ code: number; stderr: string }>(caller, "kill-bomb", {
      argv,
      mark,
      kill,
    });
    // A line is as good as an end: what may not be is an abort that leaves the job frozen.
    assert.doesNotMatch(stderr, /panicked|Aborted|fatal runtime/i);
    assert.ok([0, 1, 125].includes(code), `exit code ${code}: ${stderr}`);
    if (code !== 0) succeeded(await caller.corral(["kill", "name:python3"]));
    await stage.noLiveJob(caller);
  },
  NATIVE,
);

/** Gives a user's slice, supervisors and jobs together, room for 60 tasks more than it has. */
const LIMIT_SLICE = `slice=user-1000.slice; now=$(cat /sys/fs/cgroup/user.slice/$slice/pids.current)
  systemctl set-property --runtime $slice TasksMax=$((now + 60))`;

hostileTest(
  machine,
  "K2: a job that fills the TasksMax of its user is ended at its deadline",
  ALICE,
  async (caller) => {
    const bomb = await starved<string>(caller, "bomb-text", {});
    const words = launch(caller, ["--timeout", "20s", "--grace", "1s"], ["python3", "-c", bomb]);
    const state = `CORRAL_STATE_DIR=${caller.stateDir}`;
    const service = ["systemd-run", "--user", "--quiet", "--wait", "--pipe", "--collect", "-E", state];
    await stage.asRoot(machine, LIMIT_SLICE);
    try {
      const { code, stderr } = await caller.exec([...service, ...words]);
      assert.equal(code, 124, stderr);
      await stage.noLiveJob(caller);
    } finally {
      await stage.asRoot(
        machine,
        "systemctl set-property --runtime user-1000.slice TasksMax=infinity; systemctl revert user-1000.slice",
      );
    }
  },
  { needs: ["pids"] },
);

/** Time for the deadline of 2 s, the grace and the end of corral. */
const SOON_S = 12;

const FULL: Record<string, { argv: (mark: string) => string[] }> = {
  "that the job fills": { argv: (mark) => ["/bin/sh", "-c", ': >"$0"; exec yes >&2', mark] },
  "that is full from the start": { argv: (mark) => stubborn(mark) },
};

for (const [which, { argv }] of Object.entries(FULL)) {
  for (const stream of ["pipe", "terminal"] as const) {
    hostileTest(
      machine,
      `K2: the deadline holds with a ${stream} ${which} as stderr`,
      UNLIKE,
      async (caller) => {
        const mark = ownPath(caller, "runs");
        const options = ["--timeout", "2s", "--grace", "200ms"];
        const input = { argv: launch(caller, options, argv(mark)), stream, full: which.includes("start") };
        const { code, seconds } = await starved(caller, "full", input);
        assert.equal(code, 124, `after ${seconds} s`);
        assert.ok(seconds < SOON_S * machine.slowness, `${seconds} s`);
        await stage.exists(caller, mark);
        assert.equal((await caller.show("last")).reason, "timeout");
      },
      NATIVE,
    );
  }
}

hostileTest(machine, "K2: TERM ends a job whose supervisor has a full stderr", EVERYONE, async (caller) => {
  const mark = ownPath(caller, "runs");
  const argv = launch(caller, ["--grace", "200ms"], stubborn(mark));
  const { code, seconds } = await starved(caller, "full", {
    argv,
    stream: "pipe",
    full: true,
    mark,
    signal: 15,
  });
  assert.equal(code, 143, `after ${seconds} s`);
  assert.equal((await caller.show("last")).reason, "killed");
}, NATIVE);

hostileTest(
  machine,
  "K2: a job that exits gives its code though nobody reads corral's stderr",
  UNLIKE,
  async (caller) => {
    const argv = launch(caller, [], ["sh", "-c", "exit 7"]);
    const { code, seconds } = await starved(caller, "full", { argv, stream: "pipe", full: true });
    assert.equal(code, 7, `after ${seconds} s`);
  },
  NATIVE,
);

hostileTest(machine, "K2: run --detach whose stderr is full returns", BOTH_BACKENDS, async (caller) => {
  const argv = launch(caller, ["--detach", "--best-effort", "--memory", "10T"], ["sleep", "1000"]);
  const { code } = await starved(caller, "full", { argv, stream: "pipe", full: true });
  assert.equal(code, 0);
  await caller.end("last");
}, NATIVE);

hostileTest(machine, "K2: sweep whose stderr and stdout are full does its work", ROOT, async (caller) => {
  const mark = ownPath(caller, "runs");
  const id = await caller.start(["--timeout", "1s", "--grace", "100ms"], stubborn(mark));
  const { supervisorPid } = await caller.show(id);
  succeeded(await machine.exec(["kill", "-STOP", String(supervisorPid)]));
  await until(caller, "its time is up", `test "$(ps -o etimes= -p ${(await caller.show(id)).pid})" -ge 2`);
  await starved(caller, "full", { argv: [machine.corral, "sweep"], stream: "both", full: true });
  await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`);
  await machine.exec(["kill", "-KILL", String(supervisorPid)]);
}, NATIVE);

for (
  const [how, signal] of [["stopped (SIGSTOP)", "STOP"], [
    "stopped from its terminal (SIGTSTP)",
    "TSTP",
  ]] as const
) {
  hostileTest(machine, `K2: the deadline holds for a supervisor that is ${how}`, EVERYONE, async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--timeout", "2s", "--grace", "200ms"], stubborn(mark));
    await stage.exists(caller, mark);
    const { supervisorPid } = await caller.show(id);
    try {
      succeeded(await machine.exec(["kill", `-${signal}`, String(supervisorPid)]));
      await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`);
    } finally {
      await machine.exec(["kill", "-CONT", String(supervisorPid)]);
    }
    await stage.endedAs(caller, id, "timeout");
  }, NATIVE);
}

hostileTest(machine, "K2: a frozen supervisor's job is ended at its deadline", ROOT, async (caller) => {
  const mark = ownPath(caller, "runs");
  const words = launch(caller, ["--timeout", "3s", "--grace", "200ms", "--quiet"], stubborn(mark));
  const service = ["systemd-run", "--quiet", "--collect", "--unit=hostile-frozen.service"];
  succeeded(await caller.exec([...service, "-E", `CORRAL_STATE_DIR=${caller.stateDir}`, ...words]));
  await stage.exists(caller, mark);
  const freeze = (word: string) =>
    machine.sh(`echo ${word} >/sys/fs/cgroup/system.slice/hostile-frozen.service/cgroup.freeze`);
  try {
    succeeded(await freeze("1"));
    await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`);
  } finally {
    await freeze("0");
  }
  await stage.endedAs(caller, "last", "timeout");
}, NATIVE);

for (const option of ["--receipt", "--output"]) {
  hostileTest(
    machine,
    `K2: ${option} that is a FIFO without a reader holds up neither job nor end`,
    UNLIKE,
    async (caller) => {
      const [fifo, mark] = [ownPath(caller, "fifo"), ownPath(caller, "ran")];
      await stage.script(caller, 'mkfifo "$1"', [fifo]);
      const options = option === "--output" ? ["--detach", option, fifo] : [option, fifo];
      const { code, seconds, stderr } = await starved<Outcome & { stderr: string }>(caller, "plain", {
        argv: launch(caller, options, ["touch", mark]),
      });
      assert.notEqual(code, null, `hung for ${seconds} s`);
      // Either is right: the job ran, or the path is refused by name.
      if (code === 0) await stage.exists(caller, mark);
      else assert.match(stderr, /^corral: .*fifo/m);
      await stage.noLiveJob(caller);
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K2: TERM ends a job whose receipt turned into a FIFO meanwhile",
  UNLIKE,
  async (caller) => {
    const receipt = ownPath(caller, "receipt");
    const job = ["/bin/sh", "-c", 'rm -f "$0"; mkfifo "$0"; exec sleep 1000', receipt];
    const { code, seconds } = await starved(caller, "plain", {
      argv: launch(caller, ["--receipt", receipt, "--timeout", "1500ms", "--grace", "0"], job),
    });
    assert.equal(code, 124, `after ${seconds} s`);
  },
  NATIVE,
);
