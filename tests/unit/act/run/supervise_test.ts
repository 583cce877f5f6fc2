import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { type Exit, runningFacts } from "../../../../src/job/job.ts";
import { Ledger } from "../../../../src/store/ledger.ts";
import { Sampling } from "../../../../src/observe/sampling.ts";
import { poll } from "../../../../src/base/poll.ts";
import { StopSignals } from "../../../../src/linux/stop_signals.ts";
import { supervise } from "../../../../src/act/run/supervise.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID, momentAt, runOf, specOf, watchOf } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, LEADER_PID } from "../../../kit/fakes/node.ts";
import { QuickTime, TimerLog } from "../../../kit/fakes/quick_time.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const EMPTY = "populated 0\nfrozen 0\n";
const START_MS = 9_101_000;

/** A supervisor at work on the node: what it is told, and what comes of it. */
class Supervision implements Disposable {
  readonly node = new FakeNode();
  readonly stop = new StopSignals();
  readonly #exit = Promise.withResolvers<Exit>();
  /** As `corral set` does after it has changed the record. */
  notify = () => {};
  /** As getppid(2) tells a supervisor with `--with-parent`. */
  callerIsGone = false;
  /** Since the start of the job, by the clock of the node. */
  elapsedMs = 0;
  /** What the guard was told of the longest time to the end. */
  readonly expected: (number | null)[] = [];

  /** As the kernel accounts it. */
  useCpu(ms: number): void {
    this.node.cgroups.put(JOB_PATH, "cpu.stat", `usage_usec ${ms * 1000}\n`);
  }

  start(
    timeoutMs: number | null = null,
    { withParent = false, graceMs = 5, path = JOB_PATH, cpuTimeMs = null as number | null } = {},
  ) {
    const { node } = this;
    const deadlineBootMs = timeoutMs === null ? null : START_MS + timeoutMs;
    const job = node.start({
      spec: { graceMs, timeoutMs, cpuTimeMs },
      run: {
        startedBootMs: START_MS,
        deadlineBootMs,
        ...(path === JOB_PATH ? {} : { cgroup: node.cgroups.add(path) }),
      },
    });
    const run = runningFacts(job)!;
    const cgroup = node.cgroups.fs.own(run.cgroup, JOB_ID);
    const clock = { ...node.context.clock, bootMs: () => START_MS + this.elapsedMs };
    const warn = (line: string) => void node.said.push(line);
    const onChange = (act: () => void) => this.notify = act;
    return supervise(
      {
        spec: job.spec,
        watch: job.watch!,
        run,
        cgroup,
        backend: node.backend,
        sampling: new Sampling(cgroup, run.startedBootMs, clock),
        exit: this.#exit.promise,
        onChange,
        callerIsGone: withParent ? () => this.callerIsGone : null,
        guard: { expectEndWithin: (ms) => void this.expected.push(ms) },
      },
      this.stop,
      {
        clock,
        procs: node.context.procs,
        journal: () => {},
        ledger: new Ledger(node.stores.open(), warn),
        actor: "run",
        warn,
      },
    );
  }

  /** The command leaves; with nothing of the job left unless told otherwise. */
  leave(code: number, { leaving = false } = {}): void {
    if (!leaving) this.node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
    this.#exit.resolve({ code, signal: null });
  }

  /** As the kernel does when it kills the job. */
  die(): void {
    this.#exit.resolve({ code: null, signal: 9 });
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
  }
}

/** What does not wait for time has happened by then. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const superviseTest = testsOf(() => new Supervision());

superviseTest("supervise() waits for the command and passes on how it left", async (supervision) => {
  const supervising = supervision.start();
  supervision.leave(7);
  const { reason, exit, steps } = await supervising;
  assert.deepEqual([reason, exit, steps], ["exited", { code: 7, signal: null }, []]);
});

superviseTest("supervise() ends what the command leaves behind", async (supervision) => {
  const supervising = supervision.start();
  await using _kernel = new FakeKernel(supervision.node.cgroups);
  supervision.leave(0, { leaving: true });
  const { reason, exit, steps } = await supervising;
  assert.deepEqual([reason, exit.code], ["exited", 0]);
  assert.deepEqual(steps.map(({ kind }) => kind), ["freeze", "signal", "grace", "kill", "empty"]);
});

superviseTest(
  "supervise() tells a command that was killed from one that corral ended",
  async (supervision) => {
    const supervising = supervision.start(60_000);
    await using _kernel = new FakeKernel(supervision.node.cgroups);
    supervision.die();
    assert.equal((await supervising).reason, "signaled");
  },
);

superviseTest(
  "supervise() ends the job at its deadline, not before, and waits for its exit",
  async (supervision) => {
    const supervising = supervision.start(20);
    await using kernel = new FakeKernel(supervision.node.cgroups);
    supervision.elapsedMs = 19;
    // Its timer has gone off by then, early by the clock of the node.
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(supervision.node.recorded().phase.state, "running");
    supervision.elapsedMs = 20;
    kernel.killed.then(() => supervision.die());
    const { reason, exit } = await supervising;
    assert.deepEqual([reason, exit], ["timeout", { code: null, signal: 9 }]);
  },
);

superviseTest("supervise() ends on a signal, and a second one skips the grace", async (supervision) => {
  const supervising = supervision.start();
  await using kernel = new FakeKernel(supervision.node.cgroups);
  supervision.stop.receive(2);
  supervision.stop.receive(2);
  kernel.killed.then(() => supervision.die());
  const { reason, steps } = await supervising;
  assert.equal(reason, "killed");
  assert.deepEqual(steps.map(({ kind }) => kind), ["kill", "empty"]);
});

for (
  const [what, signal, isEnding, kinds] of [
    ["sends no first signal a second time that the end of the outer job has sent", "TERM", true, []],
    ["sends its own where the outer job's is another", "INT", true, ["freeze", "signal", "grace"]],
    ["sends it where the outer job goes on", "TERM", false, ["freeze", "signal", "grace"]],
  ] as const
) {
  superviseTest(`supervise() of a job in a job ${what}`, async (supervision) => {
    const outer = "aaaaaa";
    const path = `/corral/${outer}${JOB_PATH}`;
    const store = supervision.node.stores.open();
    store.insert(specOf({ id: outer, signal }), watchOf());
    store.markRunning(outer, runOf());
    if (isEnding) store.claimEnding(outer, "killed", momentAt(1));
    const supervising = supervision.start(null, { path });
    await using kernel = new FakeKernel(supervision.node.cgroups, path);
    supervision.stop.receive(15);
    kernel.killed.then(() => supervision.die());
    const { reason, steps } = await supervising;
    assert.deepEqual([reason, steps.map(({ kind }) => kind)], ["killed", [...kinds, "kill", "empty"]]);
  });
}

superviseTest("supervise() ends a job with its caller when it was told to", async (supervision) => {
  using _time = new QuickTime(20);
  const supervising = supervision.start(null, { withParent: true });
  await using kernel = new FakeKernel(supervision.node.cgroups);
  supervision.callerIsGone = true;
  kernel.killed.then(() => supervision.die());
  const { reason, steps } = await supervising;
  assert.equal(reason, "orphaned");
  assert.deepEqual(steps.map(({ kind }) => kind), ["freeze", "signal", "grace", "kill", "empty"]);
});

superviseTest("supervise() takes a deadline that was moved, when it is told", async (supervision) => {
  const supervising = supervision.start(3_600_000);
  await using kernel = new FakeKernel(supervision.node.cgroups);
  supervision.node.stores.open("set").change(
    JOB_ID,
    { limits: specOf().limits, timeoutMs: 30, cpuTimeMs: null, deadlineBootMs: START_MS + 30, health: null },
    { atMs: 1, actor: "set", kind: "set", detail: {} },
  );
  supervision.elapsedMs = 30;
  supervision.notify();
  kernel.killed.then(() => supervision.die());
  assert.equal((await supervising).reason, "timeout");
});

superviseTest(
  "supervise() takes a deadline that was moved although the notice was lost",
  async (supervision) => {
    const supervising = supervision.start(30);
    supervision.node.stores.open("set").change(
      JOB_ID,
      { limits: specOf().limits, timeoutMs: null, cpuTimeMs: null, deadlineBootMs: null, health: null },
      { atMs: 1, actor: "set", kind: "set", detail: {} },
    );
    supervision.elapsedMs = 31;
    // After the timer of the first deadline.
    setTimeout(() => supervision.leave(0), 100);
    assert.equal((await supervising).reason, "exited");
  },
);

superviseTest("supervise() calls a kill for memory by its name", async (supervision) => {
  const supervising = supervision.start();
  supervision.node.cgroups.put(JOB_PATH, "memory.events", "oom 1\noom_kill 2\n");
  supervision.node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  supervision.die();
  const { reason, usage } = await supervising;
  assert.deepEqual([reason, usage?.oomKills], ["oom", 2]);
});

superviseTest(
  "supervise() of a job that somebody else kills records that reason with its own exit code",
  async (supervision) => {
    const supervising = supervision.start();
    supervision.node.stores.open("kill").claimEnding(JOB_ID, "killed", momentAt(1));
    supervision.leave(143);
    const { reason, exit } = await supervising;
    assert.deepEqual([reason, exit.code], ["killed", 143]);
  },
);

superviseTest(
  "supervise() samples the job while it waits, and records its course with its end",
  async (supervision) => {
    const supervising = supervision.start();
    const { cgroups, stores } = supervision.node;
    cgroups.put(JOB_PATH, "memory.stat", "anon 700\nfile 30\nshmem 2\nslab 1\n");
    cgroups.put(JOB_PATH, "memory.current", "800\n");
    // After its first sample.
    setTimeout(() => supervision.leave(0), 100);
    assert.equal((await supervising).usage?.memoryAnonPeakBytes, 700);
    assert.deepEqual(stores.open().sampled(JOB_ID).samples.map(({ memoryBytes }) => memoryBytes), [800]);
  },
);

const DAY_MS = 86_400_000;
const REARM_MS = 3_600_000;

superviseTest(
  "supervise() of a node that slept past the deadline ends the job when its timer goes off",
  async (supervision) => {
    using timers = new TimerLog();
    const supervising = supervision.start(25 * DAY_MS);
    await using kernel = new FakeKernel(supervision.node.cgroups);
    await settled();
    // A timer for the whole time would go off only after as much time awake.
    assert.ok(timers.delaysMs.includes(REARM_MS));
    supervision.elapsedMs = REARM_MS;
    timers.fire(REARM_MS);
    await settled();
    assert.equal(supervision.node.recorded().phase.state, "running");
    supervision.elapsedMs = 25 * DAY_MS;
    kernel.killed.then(() => supervision.die());
    timers.fire(REARM_MS);
    const { reason, usage } = await supervising;
    assert.deepEqual([reason, usage?.wallMs], ["timeout", 25 * DAY_MS]);
  },
);

superviseTest(
  "supervise() waits for the deadline itself when that comes before the next look",
  async (supervision) => {
    using timers = new TimerLog();
    const supervising = supervision.start(REARM_MS - 1);
    await settled();
    assert.ok(timers.delaysMs.includes(REARM_MS - 1) && !timers.delaysMs.includes(REARM_MS));
    supervision.leave(0);
    assert.equal((await supervising).reason, "exited");
  },
);

superviseTest("supervise() reads the deadline again before it acts upon it", async (supervision) => {
  const supervising = supervision.start(50);
  supervision.node.stores.open("set").change(
    JOB_ID,
    {
      limits: specOf().limits,
      timeoutMs: 60_000,
      cpuTimeMs: null,
      deadlineBootMs: START_MS + 60_000,
      health: null,
    },
    { atMs: 1, actor: "set", kind: "set", detail: {} },
  );
  supervision.elapsedMs = 59_999;
  setTimeout(() => supervision.leave(4), 100);
  const { reason, exit } = await supervising;
  assert.deepEqual([reason, exit.code], ["exited", 4]);
});

superviseTest(
  "supervise() ends the job at its deadline although the store does not answer",
  async (supervision) => {
    const supervising = supervision.start(20);
    await using kernel = new FakeKernel(supervision.node.cgroups);
    supervision.node.stores.fill();
    kernel.killed.then(() => supervision.die());
    supervision.elapsedMs = 20;
    assert.equal((await supervising).reason, "timeout");
    assert.match(supervision.node.said.join(), /record of this job is incomplete/);
  },
);

superviseTest(
  "supervise() gives the grace after one signal, and cuts it short at the second",
  async (supervision) => {
    const supervising = supervision.start(null, { graceMs: 600_000 });
    await using kernel = new FakeKernel(supervision.node.cgroups);
    supervision.stop.receive(15);
    kernel.killed.then(() => supervision.die());
    assert.ok(await poll(() => supervision.node.cgroups.text(JOB_PATH, "cgroup.freeze") === "0", 10_000));
    assert.equal(supervision.node.cgroups.text(JOB_PATH, "cgroup.kill"), "");
    supervision.stop.receive(15);
    const { reason, steps } = await supervising;
    assert.equal(reason, "killed");
    assert.deepEqual(steps.map(({ kind }) => kind), ["freeze", "signal", "grace", "kill", "empty"]);
  },
);

superviseTest(
  "supervise() of a leader that does not die comes to its end, and says who is left",
  async (supervision) => {
    using _time = new QuickTime(200);
    const supervising = supervision.start(0);
    supervision.node.addProcess(LEADER_PID, { state: "D", cgroup: JOB_PATH });
    const { reason, trigger, survivors } = await supervising;
    assert.deepEqual([reason, trigger, survivors.map(({ pid }) => pid)], ["unkillable", "timeout", [
      LEADER_PID,
    ]]);
  },
);

superviseTest(
  "supervise() does not wait for ever for the exit of a leader that has gone",
  async (supervision) => {
    using _time = new QuickTime(200);
    const supervising = supervision.start(0);
    await using _kernel = new FakeKernel(supervision.node.cgroups);
    const { reason, exit } = await supervising;
    assert.deepEqual([reason, exit], ["timeout", { code: null, signal: null }]);
  },
);

superviseTest("supervise() of a job whose cgroup vanished records it as lost", async (supervision) => {
  const supervising = supervision.start();
  supervision.node.cgroups.vanish(JOB_PATH);
  supervision.notify();
  supervision.die();
  assert.equal((await supervising).reason, "lost");
});

superviseTest("supervise() ends the job when its CPU time is used up, not before", async (supervision) => {
  supervision.node.proc.write("stat", "cpu0 1\ncpu1 1\n");
  using timers = new TimerLog();
  const supervising = supervision.start(null, { cpuTimeMs: 400 });
  await using kernel = new FakeKernel(supervision.node.cgroups);
  supervision.useCpu(100);
  supervision.notify();
  await settled();
  assert.ok(timers.delaysMs.includes(150), "300 ms are left, and two cores can use them up in half of it");
  assert.equal(supervision.expected.at(-1), 155);
  assert.equal(supervision.node.recorded().phase.state, "running");
  supervision.useCpu(400);
  kernel.killed.then(() => supervision.die());
  const { reason, steps } = await supervising;
  assert.equal(reason, "cpu-time");
  assert.deepEqual(steps.map(({ kind }) => kind), ["freeze", "signal", "grace", "kill", "empty"]);
});

superviseTest(
  "supervise() takes another limit of CPU time before it acts upon the one it knows",
  async (supervision) => {
    const supervising = supervision.start(null, { cpuTimeMs: 300 });
    supervision.useCpu(300);
    supervision.node.stores.open("set").change(
      JOB_ID,
      { limits: specOf().limits, timeoutMs: null, cpuTimeMs: null, deadlineBootMs: null, health: null },
      { atMs: 1, actor: "set", kind: "set", detail: {} },
    );
    supervision.notify();
    await settled();
    assert.equal(supervision.node.recorded().phase.state, "running");
    supervision.leave(0);
    assert.equal((await supervising).reason, "exited");
  },
);
