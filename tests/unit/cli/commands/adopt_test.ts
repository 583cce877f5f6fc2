import assert from "node:assert/strict";
import { runCli } from "../../../../src/cli/program.ts";
import { EXIT } from "../../../../src/base/errors.ts";
import { poll } from "../../../../src/base/poll.ts";
import { newJobId } from "../../../../src/value/id.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID, momentAt, specOf, watchOf } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { type FakeProcess, NO_PID } from "../../../kit/fakes/proc_dir.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

/** PID_MAX_LIMIT: the highest that the command line takes, and one more than any process has. */
const PID = 4_194_304;
const CHILD = NO_PID;
const EMPTY = "populated 0\nfrozen 0\n";
const PATIENCE_MS = 10_000;

/** The second corral, which takes the processes and stays. */
class Adopter implements Disposable {
  readonly node = new FakeNode();
  /** Those that the kernel does not let go. */
  kept: readonly number[] = [];

  constructor() {
    const { node } = this;
    node.env = { CORRAL_SUPERVISE: JOB_ID };
    node.addProcess(Deno.pid, { command: ["corral", "adopt"] });
    const celery: FakeProcess = { command: ["/opt/bin/celery", "worker"], startTicks: 7 };
    node.addProcess(PID, celery);
    node.addProcess(CHILD, { ppid: PID });
    Deno.symlinkSync("/srv/work", `${node.proc.root}/${PID}/cwd`);
    node.backend.onPlace = (pid) => node.addProcess(pid, { cgroup: JOB_PATH });
    node.backend.onAttach = (pids) => {
      for (const pid of pids.filter((pid) => !this.kept.includes(pid))) this.#moveIn(pid);
      return pids.filter((pid) => this.kept.includes(pid)).map((pid) => ({ pid, because: "not permitted" }));
    };
  }

  #moveIn(pid: number): void {
    this.node.proc.write(`${pid}/cgroup`, `0::${JOB_PATH}\n`);
    const inside = this.node.cgroups.text(JOB_PATH, "cgroup.procs");
    this.node.cgroups.put(JOB_PATH, "cgroup.procs", `${inside}${pid}\n`);
  }

  adopt(...options: string[]): Promise<number> {
    return this.node.corral("adopt", "--pid", String(PID), ...options);
  }

  /** Until the job is over; what it said until it ran. */
  async adoptToItsEnd(...options: string[]): Promise<string[]> {
    const { node } = this;
    const adopting = this.adopt(...options);
    assert.ok(await poll(() => node.out.endsWith("started\n"), PATIENCE_MS), node.said.join("\n"));
    const said = node.out.split("\n").filter((line) => line.startsWith("say ")).map((line) => line.slice(4));
    node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
    assert.equal(await adopting, EXIT.DONE);
    return said.map((line) => JSON.parse(line));
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
  }
}

const adoptTest = testsOf(() => new Adopter());

adoptTest("corral adopt makes a job of what runs, and supervises it to its end", async (adopter) => {
  const { node } = adopter;
  const said = await adopter.adoptToItsEnd("--ref", "task-81", "--timeout", "2h");
  assert.deepEqual(said, [`job ${JOB_ID} adopted 2 processes (pid ${PID}, cgroup ${JOB_PATH})`]);
  assert.deepEqual(node.backend.calls.map((call) => call.split(" ")[0]), ["place", "attach", "remove"]);
  assert.match(node.backend.calls[1]!, new RegExp(`^attach ${PID},${CHILD}$`));
  const { spec, phase } = node.recorded();
  assert.deepEqual(
    [spec.adopted, spec.name, spec.argv, spec.cwd, spec.ref, spec.user, spec.uid, spec.timeoutMs],
    [true, "celery", ["/opt/bin/celery", "worker"], "/srv/work", "task-81", "1000", 1000, 7_200_000],
  );
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.run?.pid, phase.run?.startTicks, phase.run?.pgid], [PID, 7, PID]);
  assert.equal(phase.run?.deadlineBootMs, node.bootMs + 7_200_000);
  assert.deepEqual([phase.reason, phase.exit], ["exited", { code: null, signal: null }]);
  assert.deepEqual(node.eventKinds(), ["starting", "running", "ending", "ended"]);
});

adoptTest("corral adopt leaves an end that its store does not take to the next sweep", async (adopter) => {
  const { node } = adopter;
  const adopting = adopter.adopt();
  assert.ok(await poll(() => node.out.endsWith("started\n"), PATIENCE_MS), node.said.join("\n"));
  node.stores.fill();
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  assert.equal(await adopting, EXIT.DONE);
  assert.match(node.said.splice(0).join("\n"), /^warning: the record of this job is incomplete: .*is full/);
  assert.ok(Deno.statSync(`${node.stores.path}/unwritten/${JOB_ID}.json`).isFile);
  node.stores.free();
  await node.corral("sweep", "--quiet");
  const { phase } = node.recorded();
  assert.deepEqual(
    [
      phase.state,
      phase.state === "ended" && phase.reason,
      node.eventKinds().filter((kind) => kind === "ended"),
    ],
    ["ended", "exited", ["ended"]],
  );
});

adoptTest("corral adopt says which units the processes leave", async (adopter) => {
  adopter.node.proc.write(`${PID}/cgroup`, "0::/system.slice/celery.service\n");
  const said = await adopter.adoptToItsEnd("--name", "worker");
  assert.match(said[0]!, /^warning: they leave celery\.service: /);
  assert.equal(adopter.node.recorded().spec.name, "worker");
});

adoptTest("corral adopt refuses in one line, and records nothing", async (adopter) => {
  const { node } = adopter;
  const refusal = async (pid: number, ...options: string[]) => {
    assert.equal(await node.corral("adopt", "--pid", String(pid), ...options), EXIT.NEGATIVE);
    return node.said.splice(0).join("\n");
  };
  assert.equal(await refusal(4_000_000), "corral: there is no process 4000000");
  assert.match(await refusal(Deno.pid), /is corral itself, or what it was called from$/);
  node.addProcess(CHILD, { ppid: PID, uid: 0 });
  assert.match(await refusal(PID), /^corral: process \d+ \("sleep"\), below \d+, belongs to another user/);
  node.addProcess(CHILD, { ppid: PID, cgroup: "/corral/bbbbbb" });
  assert.match(await refusal(PID), /is in job bbbbbb already$/);
  node.addProcess(PID, { state: "Z" });
  assert.match(await refusal(PID), /has ended and waits for its parent to notice$/);
  assert.deepEqual([node.stores.open().live(), node.backend.calls], [[], []]);
});

adoptTest("corral adopt refuses limits that are passed already, unless forced", async (adopter) => {
  const { node } = adopter;
  assert.equal(await adopter.adopt("--best-effort", "--memory", "1M"), EXIT.NEGATIVE);
  assert.match(node.said.join("\n"), /^corral: --memory 1\.0M: .*\(to do it all the same: --force\)$/);
  const said = await adopter.adoptToItsEnd("--best-effort", "--memory", "1M", "--force");
  assert.match(said[0]!, /^warning: --memory cannot be enforced/);
});

adoptTest("corral adopt touches nobody when a limit cannot be enforced", async (adopter) => {
  const { node } = adopter;
  assert.equal(await adopter.adopt("--cpus", "2"), EXIT.NEGATIVE);
  assert.match(node.said.join("\n"), /^corral: --cpus cannot be enforced.*--best-effort\)$/);
  assert.deepEqual(node.backend.calls, []);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.reason === "failed-to-start");
});

adoptTest("corral adopt lets go of everybody when one cannot be moved", async (adopter) => {
  const { node } = adopter;
  adopter.kept = [CHILD];
  assert.equal(await adopter.adopt("--timeout", "1h"), EXIT.NEGATIVE);
  assert.equal(
    node.said.join("\n"),
    `corral: process ${CHILD} cannot be moved: not permitted; 1 process that was moved before runs on in ${JOB_PATH}, without limits`,
  );
  assert.ok(node.backend.calls.includes("setBackstop null"));
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.kill"), "");
  assert.deepEqual(node.eventKinds(), ["starting", "released", "ended"]);
});

adoptTest("corral adopt takes again who was let go", async (adopter) => {
  const { node } = adopter;
  const store = node.stores.open();
  store.insert(specOf({ id: "bbbbbb", adopted: true }), watchOf());
  node.addProcess(CHILD, { ppid: PID, cgroup: "/corral/bbbbbb" });
  assert.equal(await adopter.adopt(), EXIT.NEGATIVE);
  store.markEnded("bbbbbb", {
    reason: "failed-to-start",
    trigger: "failed-to-start",
    exit: { code: null, signal: null },
    endedAtMs: 1,
    usage: null,
    survivors: [],
  }, []);
  await adopter.adoptToItsEnd();
});

adoptTest("corral adopt needs a store, and touches nobody without one", async (adopter) => {
  const { node } = adopter;
  Deno.writeTextFileSync(node.stores.file, "no database, whatever it says");
  assert.equal(await adopter.adopt(), EXIT.NEGATIVE);
  assert.match(node.said.join("\n"), /not a database/);
  assert.deepEqual(node.backend.calls, []);
});

adoptTest("corral adopt wants to know which processes, in numbers", async ({ node }) => {
  assert.equal(await node.corral("adopt"), EXIT.USAGE);
  assert.equal(await node.corral("adopt", "--pid", "self"), EXIT.USAGE);
  assert.equal(await node.corral("adopt", String(PID)), EXIT.USAGE);
});

adoptTest(
  "corral adopt undoes what a supervisor has left that was killed in the midst of it",
  async ({ node }) => {
    const bytes = new Uint8Array(6);
    const id = newJobId(() => bytes);
    node.startStarting({ id, adopted: true });
    node.cgroups.add(`/corral/${id}`, { "cgroup.procs": `${PID}\n` });
    const script = `${node.stores.path}/corral`;
    Deno.writeTextFileSync(script, "#!/bin/sh\nkill -9 $$\n", { mode: 0o755 });
    const self = { path: script, args: [], settingsEnv: {} };
    const context = { ...node.context, env: {}, self, randomBytes: () => bytes };
    const said: string[] = [];
    const terminal = { out: () => {}, err: (text: string) => void said.push(text), widthColumns: null };
    assert.equal(
      await runCli(["adopt", "--pid", String(PID)], terminal, () => Promise.resolve(context)),
      EXIT.NEGATIVE,
    );
    assert.deepEqual(said, ["corral: the supervisor did not start\n"]);
    assert.equal(node.recorded(id).phase.state, "ended");
    assert.deepEqual(node.eventKinds(id), ["starting", "released", "ended"]);
  },
);

adoptTest(
  "corral adopt fails with its own exit code when its supervisor cannot be started",
  async ({ node }) => {
    node.env = {};
    assert.equal(await node.corral("adopt", "--pid", String(PID)), EXIT.NEGATIVE);
    assert.match(node.said.join("\n"), /nonexistent\/corral/);
    assert.equal(node.out, "");
  },
);

adoptTest(
  "corral adopt supervises nothing that somebody has ended while it was being made",
  async (adopter) => {
    const { node } = adopter;
    const attach = node.backend.onAttach;
    node.backend.onAttach = (pids) => {
      node.stores.open("kill").claimEnding(JOB_ID, "killed", momentAt(1));
      return attach(pids);
    };
    assert.equal(await adopter.adopt(), EXIT.NEGATIVE);
    assert.match(node.said.join("\n"), new RegExp(`job ${JOB_ID} was ended while it was being made`));
    assert.equal(node.recorded().phase.state, "ending");
  },
);

adoptTest("corral adopt leaves nothing of its own in the job", async (adopter) => {
  const { node } = adopter;
  const adopting = adopter.adopt();
  assert.ok(await poll(() => node.out.endsWith("started\n"), PATIENCE_MS), node.said.join("\n"));
  const holder = Number(node.backend.calls[0]!.split(" ")[1]);
  const isGone = () => {
    try {
      return /\) Z /.test(Deno.readTextFileSync(`/proc/${holder}/stat`));
    } catch {
      return true;
    }
  };
  assert.ok(await poll(isGone, PATIENCE_MS), "its holder stays");
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  assert.equal(await adopting, EXIT.DONE);
});
