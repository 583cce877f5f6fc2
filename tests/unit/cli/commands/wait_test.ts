import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import type { Ending } from "../../../../src/job/events.ts";
import { endedPhase, JOB_ID } from "../../../kit/fakes/job.ts";
import { type EndedJob, insertEnded } from "../../../kit/fakes/ended_job.ts";
import { FakeNode, LEADER_PID, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const EMPTY = { "cgroup.events": "populated 0\nfrozen 0\n", "cgroup.procs": "" };
const OTHER_ID = "abc234";
const LOOK_MS = 1_000;

const waitTest = testsOf(() => new FakeNode());

/** What a supervisor records at the end of its job. */
function end(node: FakeNode, changes: Partial<Ending> = {}, id = JOB_ID): void {
  const { reason, trigger, exit, endedAtMs, usage, survivors } = endedPhase();
  const ending = { reason, trigger, exit, endedAtMs, usage, survivors, ...changes };
  node.stores.open().markEnded(id, ending, []);
}

const ended = (id: string, code: number, endedAtMs: number): EndedJob => ({
  spec: { id },
  ending: { exit: { code, signal: null }, endedAtMs },
});

waitTest("corral wait of an ended job returns at once, with its exit code", async (node) => {
  insertEnded(node.stores.open(), ended(JOB_ID, 3, 10));
  assert.equal(await node.corral("wait", JOB_ID), 3);
  assert.deepEqual(node.pausesMs, []);
  assert.equal(node.out, "");
  assert.match(node.said.join("\n"), /^job 7k2m9q ended: exited after 1m01s \(exit 3, /);
});

waitTest("corral wait of a job that did well says nothing", async (node) => {
  insertEnded(node.stores.open());
  assert.equal(await node.corral("wait", JOB_ID), EXIT.DONE);
  assert.deepEqual([node.out, node.said], ["", []]);
});

waitTest("corral wait returns when the end is recorded, and looks once a second until then", async (node) => {
  node.start();
  node.meanwhile = () => node.pausesMs.length === 3 && end(node, { exit: { code: 7, signal: null } });
  assert.equal(await node.corral("wait", "7k"), 7);
  assert.deepEqual(node.pausesMs, [LOOK_MS, LOOK_MS, LOOK_MS]);
});

waitTest("corral wait of several jobs has the highest of their codes, and names a job once", async (node) => {
  insertEnded(node.stores.open(), ended(OTHER_ID, 9, 10));
  node.start();
  node.meanwhile = () => end(node, { exit: { code: 4, signal: null } });
  assert.equal(await node.corral("wait", JOB_ID, OTHER_ID, JOB_ID, "--json"), 9);
  const jobs = node.takeJson() as { id: string; runExitCode: number }[];
  assert.deepEqual(jobs.map(({ id, runExitCode }) => [id, runExitCode]), [[JOB_ID, 4], [OTHER_ID, 9]]);
});

waitTest("corral wait --any prints the first that ended, and has its code", async (node) => {
  const store = node.stores.open();
  insertEnded(store, ended("abc222", 5, 20));
  insertEnded(store, ended("abc333", 6, 10));
  node.start();
  assert.equal(await node.corral("wait", "--any", JOB_ID, "abc222", "abc333"), 6);
  assert.equal(node.out, "abc333\n");
  assert.match(node.said.join("\n"), /^job abc333 ended: [^\n]*$/);
});

waitTest("corral wait --timeout exits with 124 and names what goes on", async (node) => {
  insertEnded(node.stores.open(), ended(OTHER_ID, 9, 10));
  node.start();
  assert.equal(await node.corral("wait", "--timeout", "2500ms", JOB_ID, OTHER_ID), EXIT.TIMEOUT);
  assert.deepEqual(node.pausesMs, [LOOK_MS, LOOK_MS, 500]);
  assert.equal(node.said.at(-1), `not ended within 2.5s: ${JOB_ID}`);
  assert.equal(await node.corral("wait", "--timeout", "0", JOB_ID), EXIT.TIMEOUT);
  assert.equal(node.pausesMs.length, 3);
  assert.equal(node.recorded().phase.state, "running");
});

waitTest("corral wait tells in JSON what has not ended", async (node) => {
  node.start();
  assert.equal(await node.corral("wait", "--timeout", "0", "--json", JOB_ID), EXIT.TIMEOUT);
  const [job] = node.takeJson() as { state: string; runExitCode: null }[];
  assert.deepEqual([job!.state, job!.runExitCode], ["running", null]);
});

waitTest("corral wait of a job that there is not says so in one line", async (node) => {
  insertEnded(node.stores.open());
  assert.equal(await node.corral("wait", JOB_ID, "zzzzzz"), EXIT.NEGATIVE);
  assert.equal(node.said.length, 1);
  assert.match(node.said[0]!, /^corral: .*zzzzzz/);
});

waitTest("corral wait records the end of a job that has left nothing, when no guard does", async (node) => {
  node.start({ files: EMPTY });
  node.proc.remove(SUPERVISOR_PID);
  node.proc.remove(LEADER_PID);
  assert.equal(await node.corral("wait", JOB_ID), EXIT.CORRAL_FAILED, "no process saw how it exited");
  assert.ok(node.pausesMs.length >= 3, "a guard that is at work was given time");
  const { phase } = node.recorded();
  assert.deepEqual([phase.state, phase.state === "ended" && phase.reason], ["ended", "exited"]);
  assert.equal(node.stores.open().events(JOB_ID).at(-1)?.actor, "wait");
  assert.deepEqual(node.backend.calls, [`remove /corral/${JOB_ID}`]);
});

waitTest("corral wait leaves it to the guard to end what lives, and sees the end", async (node) => {
  node.start();
  node.proc.remove(SUPERVISOR_PID);
  const exit = { code: null, signal: null };
  node.meanwhile = () =>
    node.pausesMs.length === 10 && end(node, { reason: "orphaned", trigger: "orphaned", exit });
  assert.equal(await node.corral("wait", JOB_ID), 137);
  assert.deepEqual(node.said.filter((line) => line.includes("corral sweep")), [
    `job ${JOB_ID} has neither supervisor nor guard any more, and processes: corral sweep ends it`,
  ]);
  assert.ok(!node.eventKinds().includes("ending"));
});

waitTest("corral wait reports a job that cannot be judged from here once, and goes on", async (node) => {
  node.start();
  node.proc.remove(SUPERVISOR_PID);
  Deno.renameSync(`${node.cgroups.mount}/corral/${JOB_ID}`, `${node.cgroups.mount}/moved`);
  node.cgroups.add(`/corral/${JOB_ID}`);
  assert.equal(await node.corral("wait", "--timeout", "10s", JOB_ID), EXIT.TIMEOUT);
  assert.equal(node.said.filter((line) => line.includes("is not the cgroup that was made for it")).length, 1);
});

waitTest(
  "corral wait ends when its store is removed or replaced, and when the record is dropped",
  async (node) => {
    node.start();
    node.meanwhile = () => Deno.renameSync(node.stores.file, `${node.stores.file}.old`);
    assert.equal(await node.corral("wait", JOB_ID), EXIT.NEGATIVE);
    assert.match(node.said.pop()!, /corral\.db: was removed or replaced meanwhile$/);
    Deno.renameSync(`${node.stores.file}.old`, node.stores.file);
    node.meanwhile = () => node.stores.raw().exec("PRAGMA foreign_keys = OFF; DELETE FROM jobs");
    assert.equal(await node.corral("wait", JOB_ID), EXIT.NEGATIVE);
    assert.equal(node.said.pop(), `corral: job ${JOB_ID} is recorded no more`);
  },
);

waitTest("corral wait bears a store that fails for a while", async (node) => {
  node.start();
  const open = node.openStore;
  let looks = 0;
  node.openStore = (actor) => {
    const store = open(actor);
    const get = store.get.bind(store);
    store.get = (...args) => {
      looks++;
      if (looks === 2 || looks === 3) node.stores.raw().exec("ALTER TABLE jobs RENAME TO away");
      try {
        return get(...args);
      } finally {
        if (looks === 2 || looks === 3) node.stores.raw().exec("ALTER TABLE away RENAME TO jobs");
      }
    };
    return store;
  };
  node.meanwhile = () => node.pausesMs.length === 4 && end(node);
  assert.equal(await node.corral("wait", JOB_ID), EXIT.DONE);
  assert.equal(node.said.filter((line) => /^warning: .*the wait goes on$/.test(line)).length, 1);
});

waitTest("corral wait --follow prints the output of the jobs, and says which has none", async (node) => {
  using dir = new TempDir();
  const path = dir.write("log", "one\n");
  node.uid = Deno.uid()!;
  node.start({ spec: { uid: node.uid }, run: { outputFile: path } });
  insertEnded(node.stores.open(), ended(OTHER_ID, 0, 10));
  node.meanwhile = () => {
    Deno.writeTextFileSync(path, "two\n", { append: true });
    end(node, { exit: { code: 4, signal: null } });
  };
  assert.equal(await node.corral("wait", "--follow", JOB_ID, OTHER_ID), 4);
  assert.equal(node.out, "one\ntwo\n");
  assert.match(node.said.join("\n"), /^warning: job abc234 has no output file: /m);
});

waitTest("corral wait of several jobs takes a time limit that is none", async (node) => {
  insertEnded(node.stores.open(), ended(OTHER_ID, 9, 10));
  insertEnded(node.stores.open(), ended(JOB_ID, 3, 20));
  assert.equal(await node.corral("wait", "--timeout", "infinity", JOB_ID, OTHER_ID), 9);
});
