/** runJob() from the first record to the exit code, on a fake node, through the real gate. */
import assert from "node:assert/strict";
import { CorralError, EXIT, SetupError } from "../../../../src/base/errors.ts";
import { poll } from "../../../../src/base/poll.ts";
import { newJobId } from "../../../../src/value/id.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { GateNode } from "../../../kit/fakes/gate_node.ts";
import { momentAt, specOf, watchOf } from "../../../kit/fakes/job.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const PATIENCE_MS = 10_000;
const UNSEEN = { code: null, signal: null };
const SLEEP = ["sleep", "1000"];

class Bench implements Disposable {
  readonly node = new GateNode();
  readonly temp = new TempDir();

  /** Where `mark` leaves a trace. */
  get markFile(): string {
    return `${this.temp.path}/mark`;
  }

  /** A command that shows that it ran, and exits with this code. */
  mark(code = 0): string[] {
    return ["sh", "-c", `echo "$CORRAL_JOB_ID" > ${this.markFile}; exit ${code}`];
  }

  get hasRun(): boolean {
    return [...Deno.readDirSync(this.temp.path)].some(({ name }) => name === "mark");
  }

  /** The end as it is recorded. */
  get ended() {
    const { phase } = this.node.recorded(this.node.id);
    assert.ok(phase.state === "ended", phase.state);
    return phase;
  }

  get calls(): string[] {
    return this.node.backend.calls.map((call) => call.split(" ")[0]!);
  }

  /** Until the command sleeps. */
  async sleeps(): Promise<void> {
    const isSleep = () => Deno.readTextFileSync(`/proc/${this.node.pid}/comm`) === "sleep\n";
    assert.ok(await poll(() => this.node.pid !== null && isSleep(), PATIENCE_MS));
  }

  async processIsGone(): Promise<void> {
    const isGone = () => {
      try {
        return Deno.readTextFileSync(`/proc/${this.node.pid}/stat`).includes(") Z ");
      } catch {
        return true;
      }
    };
    assert.ok(await poll(isGone, PATIENCE_MS), "the process is still there");
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
    this.temp[Symbol.dispose]();
  }
}

const runTest = testsOf(() => new Bench());

/** The error with which a promise is rejected. */
async function failure(promise: Promise<unknown>): Promise<CorralError> {
  const error = await promise.then(() => assert.fail("it did not fail"), (reason) => reason);
  assert.ok(error instanceof CorralError, String(error));
  return error;
}

runTest("runJob() records, places, lets the command run, and passes on its exit code", async (bench) => {
  const { node } = bench;
  const receipt = `${bench.temp.path}/receipt.json`;
  assert.equal(await node.launch(bench.mark(7), { receipt, timeoutMs: 60_000 }), 7);
  assert.equal(Deno.readTextFileSync(bench.markFile), `${node.id}\n`);
  assert.deepEqual(bench.calls, ["place", "remove"]);
  const { run, reason, exit } = bench.ended;
  assert.deepEqual([run?.pid, run?.pgid, run?.cgroup.path], [node.pid, node.pid, node.path]);
  assert.equal(run!.deadlineBootMs, run!.startedBootMs + 60_000);
  assert.deepEqual([reason, exit], ["exited", { code: 7, signal: null }]);
  assert.deepEqual(node.eventKinds(node.id).slice(0, 3), ["starting", "running", "ending"]);
  assert.equal(node.eventKinds(node.id).at(-1), "ended");
  assert.match(
    node.said[0]!,
    new RegExp(`^job ${node.id} started \\(pid ${node.pid}, cgroup ${node.path}\\)$`),
  );
  assert.match(node.said[1]!, new RegExp(`^job ${node.id} ended: exited after .*exit 7`));
  const { id, state, exitCode } = JSON.parse(Deno.readTextFileSync(receipt));
  assert.deepEqual([id, state, exitCode], [node.id, "ended", 7]);
});

runTest("runJob() records who supervises and what is asked for before anything is made", async (bench) => {
  const { node } = bench;
  node.onPlaced = () => {
    const { spec, watch, phase } = node.recorded(node.id);
    assert.equal(phase.state, "starting");
    assert.deepEqual([watch?.supervisor.pid, watch?.supervisor.startTicks], [Deno.pid, 900_100]);
    assert.deepEqual([spec.argv, spec.graceMs, spec.adopted], [bench.mark(), 5_000, false]);
  };
  assert.equal(await node.launch(bench.mark()), 0);
  assert.ok(bench.hasRun);
});

runTest("runJob() lets nothing run before the launch is recorded", async (bench) => {
  const { node } = bench;
  const store = node.stores.open("run");
  const markRunning = store.markRunning.bind(store);
  store.markRunning = (id, facts, limits) => {
    // Time enough for a command that was let run too early.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    assert.ok(!bench.hasRun);
    return markRunning(id, facts, limits);
  };
  node.openStore = () => store;
  assert.equal(await node.launch(bench.mark()), 0);
  assert.ok(bench.hasRun);
});

runTest("runJob() of a command that is not there gives 127, and records that it never ran", async (bench) => {
  const error = await failure(bench.node.launch(["no-such-command"]));
  assert.equal(error.exitCode, 127);
  assert.deepEqual([bench.ended.reason, bench.ended.exit.code, bench.ended.run], [
    "failed-to-start",
    127,
    null,
  ]);
  assert.deepEqual(bench.calls, []);
});

runTest("runJob() that cannot be placed says why, records it, and leaves no process", async (bench) => {
  const { node } = bench;
  const receipt = `${bench.temp.path}/receipt.json`;
  node.onPlaced = () => {
    throw new SetupError("no room", "make room");
  };
  assert.match((await failure(node.launch(bench.mark(), { receipt }))).message, /no room/);
  assert.deepEqual([bench.ended.reason, bench.ended.exit.code], ["failed-to-start", EXIT.CORRAL_FAILED]);
  assert.equal(JSON.parse(Deno.readTextFileSync(receipt)).reason, "failed-to-start");
  await bench.processIsGone();
  assert.ok(!bench.hasRun);
});

runTest("runJob() runs nothing when the job was ended while it was being launched", async (bench) => {
  const { node } = bench;
  node.onPlaced = () => {
    node.stores.open("sweep").claimEnding(node.id, "orphaned", momentAt(1));
  };
  const error = await failure(node.launch(bench.mark()));
  assert.match(error.message, new RegExp(`job ${node.id} was ended before its command ran`));
  assert.ok(!bench.hasRun);
  assert.deepEqual(bench.calls, ["place", "remove"]);
  await bench.processIsGone();
});

runTest(
  "runJob() that is told to stop during the launch ends the job and never opens the gate",
  async (bench) => {
    const { node } = bench;
    node.onPlaced = () => node.signals.send("SIGTERM");
    const { procs } = node.proc;
    const send = procs.signalFrozen.bind(procs);
    // Time enough for a command that was let run.
    procs.signalFrozen = (pid, signal) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      return send(pid, signal);
    };
    assert.equal(await node.launch(bench.mark()), EXIT.SIGNAL_BASE + 15);
    assert.ok(!bench.hasRun);
    assert.equal(bench.ended.reason, "killed");
    await bench.processIsGone();
  },
);

runTest(
  "runJob() that is told to stop and whose launch fails gives the signal's exit code",
  async (bench) => {
    const { node } = bench;
    node.onPlaced = () => {
      node.signals.send("SIGINT");
      throw new SetupError("interrupted", "try again");
    };
    assert.equal(await node.launch(bench.mark()), EXIT.SIGNAL_BASE + 2);
    assert.deepEqual([bench.ended.reason, bench.ended.exit], ["killed", { code: null, signal: 2 }]);
  },
);

runTest("runJob() ends the job at its deadline: 124", async (bench) => {
  const { node } = bench;
  assert.equal(await node.launch(SLEEP, { timeoutMs: 100 }), EXIT.TIMEOUT);
  assert.deepEqual([bench.ended.reason, bench.ended.exit], ["timeout", { code: null, signal: 15 }]);
  assert.ok(bench.ended.usage!.wallMs! >= 100);
  assert.deepEqual(bench.calls, ["place", "remove"]);
  const kinds = node.eventKinds(node.id);
  assert.deepEqual(kinds.filter((kind) => ["freeze", "signal", "grace"].includes(kind)), [
    "freeze",
    "signal",
    "grace",
  ]);
});

runTest("runJob() ends the job on a signal, and says which in its exit code", async (bench) => {
  const { node } = bench;
  const running = node.launch(SLEEP);
  await bench.sleeps();
  node.signals.send("SIGHUP");
  assert.equal(await running, EXIT.SIGNAL_BASE + 1);
  assert.equal(bench.ended.reason, "killed");
});

runTest("runJob() goes on ignoring what was ignored when it was started", async (bench) => {
  const { node } = bench;
  // SIGHUP and SIGINT; SIGTERM is not among them.
  node.proc.write("self/status", "Name:\tcorral\nSigIgn:\t0000000000000003\n");
  const running = node.launch(SLEEP);
  await bench.sleeps();
  node.signals.send("SIGINT");
  node.signals.send("SIGTERM");
  assert.equal(await running, EXIT.SIGNAL_BASE + 15);
});

runTest(
  "runJob() without a store says so once, enforces all the same, and leaves nothing behind",
  async (bench) => {
    const { node } = bench;
    const receipt = `${bench.temp.path}/receipt.json`;
    node.openStore = () => {
      throw new SetupError("no such luck", "repair it");
    };
    assert.equal(await node.launch(SLEEP, { timeoutMs: 50, receipt }), EXIT.TIMEOUT);
    assert.match(node.said[0]!, /^warning: this job is not recorded: no such luck/);
    assert.equal(node.said.filter((line) => line.startsWith("warning")).length, 1);
    assert.deepEqual(bench.calls, ["place", "remove"]);
    const { reason, events } = JSON.parse(Deno.readTextFileSync(receipt));
    assert.equal(reason, "timeout");
    assert.ok(events.some(({ kind }: { kind: string }) => kind === "signal"));
  },
);

runTest("runJob() with a store that is full enforces all the same, and says so once", async (bench) => {
  const { node } = bench;
  node.stores.open();
  node.stores.fill();
  assert.equal(await node.launch(SLEEP, { timeoutMs: 50 }), EXIT.TIMEOUT);
  assert.equal(node.said.filter((line) => /record of this job is incomplete.*full/.test(line)).length, 1);
  assert.deepEqual(bench.calls, ["place", "remove"]);
});

runTest("runJob() records the limits that are in force", async (bench) => {
  const { node } = bench;
  const limits = { ...NO_LIMITS, pidsMax: 9 };
  assert.equal(await node.launch(bench.mark(), { limits, bestEffort: true }), 0);
  assert.match(node.said[0]!, /^warning: --pids cannot be enforced/);
  assert.equal(node.recorded(node.id).spec.limits.pidsMax, null);
});

runTest("runJob() with --quiet says nothing", async (bench) => {
  assert.equal(await bench.node.launch(bench.mark(3), { quiet: true }), 3);
  assert.deepEqual(bench.node.said, []);
});

runTest(
  "runJob() of a detached job tells that it runs once it does, and writes its words to the file",
  async (bench) => {
    const { node } = bench;
    const told: string[] = [];
    const output = `${bench.temp.path}/output`;
    const detached = {
      id: node.id,
      say: (line: string) => void told.push(line),
      started: () => told.push(`started, ${node.recorded(node.id).phase.state}`) > 0,
      output,
    };
    assert.equal(await node.launch(["sh", "-c", "echo words; echo errors >&2"], {}, detached), 0);
    assert.deepEqual(told, ["started, running"]);
    assert.equal(Deno.readTextFileSync(output), "words\nerrors\n");
    assert.deepEqual(bench.ended.exit, { ...UNSEEN, code: 0 });
  },
);

runTest("runJob() draws another id when the first one is taken", async (bench) => {
  const { node } = bench;
  node.stores.open().insert(specOf({ id: node.id, name: "before" }), watchOf());
  const drawn = [0, 1].map((byte) => new Uint8Array(64).fill(byte));
  node.id = newJobId((count) => drawn[1]!.slice(0, count));
  node.random = (count) => drawn.shift()!.slice(0, count);
  assert.equal(await node.launch(bench.mark()), 0);
  assert.equal(node.recorded(node.id).spec.name, "job");
});

const journalOf = ({ journal }: GateNode) =>
  journal.map((entry) => [entry["CORRAL_NAME"], entry["CORRAL_REASON"], entry["CORRAL_EXIT_CODE"]]);

runTest("runJob() reports the end of a job to the journal", async ({ node }) => {
  await node.launch(["true"], { name: "well" });
  assert.deepEqual(journalOf(node), [["well", "exited", "0"]]);
});

runTest("runJob() reports a job that never ran to the journal", async ({ node }) => {
  await failure(node.launch(["/no/such/command"], { name: "absent" }));
  assert.deepEqual(journalOf(node), [["absent", "failed-to-start", "127"]]);
});
