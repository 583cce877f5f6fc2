/** `--on-end`: who runs it, when, and that it can neither hang nor leave anything. */
import assert from "node:assert/strict";
import { poll } from "../../../../src/base/poll.ts";
import { runAllDueOnEnd, runDueOnEnd } from "../../../../src/act/end/due_on_end.ts";
import { runOnEnd } from "../../../../src/act/end/on_end.ts";
import type { Job, JobSpec } from "../../../../src/job/job.ts";
import { Procs } from "../../../../src/linux/proc.ts";
import { Ledger } from "../../../../src/store/ledger.ts";
import { endedPhase } from "../../../kit/fakes/job.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const UID = Deno.uid() ?? 0;
const GID = Deno.gid() ?? 0;

class Bench implements Disposable {
  readonly node = new FakeNode();
  readonly temp = new TempDir();

  get file(): string {
    return `${this.temp.path}/file`;
  }

  /** A job that has ended, with this command. */
  ended(command: string, spec: Partial<JobSpec> = {}): Job {
    const job = this.node.start({
      spec: { onEnd: { command, uid: UID, gid: GID, home: this.temp.path }, cwd: this.temp.path, ...spec },
    });
    const { run: _, state: _state, ...ending } = endedPhase({
      reason: "exited",
      exit: { code: 3, signal: null },
    });
    this.node.stores.open("run").markEnded(job.spec.id, { ...ending, survivors: [] }, []);
    return this.node.recorded(job.spec.id);
  }

  /** What the command has written. */
  get text(): string {
    try {
      return Deno.readTextFileSync(this.file);
    } catch {
      return "";
    }
  }

  get onEndEvents(): unknown[] {
    const { id } = this.node.recorded().spec;
    return this.node.stores.open().events(id).filter(({ kind }) => kind.startsWith("on-end"))
      .map(({ kind, actor, detail }) => [kind, actor, detail]);
  }

  async run(job: Job, hurry?: AbortSignal): Promise<void> {
    const ledger = new Ledger(this.node.stores.open("run"), (line) => void this.node.said.push(line));
    await runOnEnd(this.node.context, job, { ledger, actor: "run", ...(hurry ? { hurry } : {}) });
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
    this.temp[Symbol.dispose]();
  }
}

const onEndTest = testsOf(() => new Bench());

onEndTest(
  "runOnEnd() runs the command in a clean environment, in the job's directory, as a session",
  async (bench) => {
    const receipt = { how: "as-user", path: "/r.json", uid: UID, gid: GID } as const;
    const job = bench.ended(`env | sort >file; pwd >>file; cat >>file`);
    Deno.env.set("CORRAL_TEST_SECRET", "x");
    await bench.run({ ...job, watch: { ...job.watch!, receipt } });
    const lines = bench.text.split("\n").filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line));
    assert.deepEqual(lines, [
      "CORRAL_EXIT_CODE=3",
      `CORRAL_JOB_ID=${job.spec.id}`,
      "CORRAL_REASON=exited",
      "CORRAL_RECEIPT=/r.json",
      `HOME=${bench.temp.path}`,
      "LC_ALL=C",
      `LOGNAME=${job.spec.user}`,
      "PATH=/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin",
      `USER=${job.spec.user}`,
      bench.temp.path,
      "",
    ]);
    assert.deepEqual(bench.node.said, []);
    assert.deepEqual(bench.onEndEvents, [["on-end-started", "run", {}], ["on-end", "run", { ok: true }]]);
  },
);

onEndTest("runOnEnd() runs it once, however many are at it", async (bench) => {
  const job = bench.ended("echo once >>file");
  await Promise.all([1, 2, 3, 4].map(() => bench.run(job)));
  bench.node.proc.remove(SUPERVISOR_PID);
  await runAllDueOnEnd(bench.node.context, bench.node.stores.open("sweep"), () => false);
  assert.equal(bench.text, "once\n");
});

onEndTest("runOnEnd() that fails is one warning and one event", async (bench) => {
  await bench.run(bench.ended("echo 'no such thing\x1b[31m' >&2; exit 4"));
  const because = "exit 4: no such thing\\x1b[31m";
  assert.equal(bench.node.said.length, 1);
  assert.match(bench.node.said[0]!, /^warning: --on-end of job \w+: exit 4: no such thing/);
  assert.deepEqual(bench.onEndEvents.at(-1), ["on-end", "run", { ok: false, because }]);
});

onEndTest("runOnEnd() ends at once when it is told to hurry, with what it has started", async (bench) => {
  const job = bench.ended("sleep 1000 & echo $! >file; sleep 1000");
  const hurry = new AbortController();
  const running = bench.run(job, hurry.signal);
  assert.ok(await poll(() => bench.text !== "", 10_000));
  hurry.abort();
  await running;
  assert.match(bench.node.said[0]!, /killed/);
  const isGone = () => (new Procs("/proc").stat(Number(bench.text))?.state ?? "Z") === "Z";
  assert.ok(await poll(isGone, 5_000), "what it has started lives");
});

onEndTest("runOnEnd() does not wait for what holds its output, in the background", async (bench) => {
  const startMs = performance.now();
  await bench.run(bench.ended("sleep 1000 & echo $! >file; exit 0"));
  assert.ok(performance.now() - startMs < 20_000);
  // The fake node has no such process to end; the machine tests look at the real one.
  Deno.kill(Number(bench.text), "SIGKILL");
});

onEndTest("runOnEnd() of a store that does not answer leaves it to a sweep", async (bench) => {
  const job = bench.ended("echo once >>file");
  bench.node.stores.fill();
  await bench.run(job);
  assert.equal(bench.text, "");
});

onEndTest("runOnEnd() does not run what is another user's", async (bench) => {
  if (UID === 0) return;
  const job = bench.ended("echo run >>file", {
    onEnd: { command: "echo run >>file", uid: 0, gid: 0, home: "/" },
  });
  await bench.run(job);
  assert.equal(bench.text, "");
  assert.match(bench.node.said[0]!, /did not run: it is of user 0/);
});

onEndTest("runDueOnEnd() leaves it to a supervisor that lives, for a minute", async (bench) => {
  const job = bench.ended("echo once >>file");
  const store = bench.node.stores.open("sweep");
  const { phase } = job;
  assert.ok(phase.state === "ended");
  bench.node.wallMs = phase.endedAtMs + 30_000;
  await runDueOnEnd(bench.node.context, store, job.spec.id);
  assert.equal(bench.text, "");
  bench.node.wallMs = phase.endedAtMs + 61_000;
  await runDueOnEnd(bench.node.context, store, job.spec.id);
  assert.equal(bench.text, "once\n");
});

onEndTest("a sweep runs what a supervisor did not live to run", async (bench) => {
  const { spec } = bench.ended("echo once >>file");
  bench.node.cgroups.vanish(`/corral/${spec.id}`);
  bench.node.proc.remove(SUPERVISOR_PID);
  assert.equal(await bench.node.corral("sweep", "--dry-run"), 0);
  assert.equal(bench.text, "");
  assert.equal(await bench.node.corral("sweep"), 0);
  assert.equal(await bench.node.corral("sweep"), 0);
  assert.equal(bench.text, "once\n");
});
