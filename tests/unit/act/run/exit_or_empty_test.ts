import assert from "node:assert/strict";
import { exitOfAll, exitOrEmpty } from "../../../../src/act/run/exit_or_empty.ts";
import { type Exit, NO_EXIT } from "../../../../src/job/job.ts";
import { CgroupDir, JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { NO_PID, ProcDir } from "../../../kit/fakes/proc_dir.ts";
import { blockTurns, QuickTime } from "../../../kit/fakes/quick_time.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

Deno.test("exitOfAll() is the exit of the first process, once the last one has left", async () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  let isOver = false;
  const all = exitOfAll(Promise.resolve({ code: 7, signal: null }), cgroup).finally(() => isOver = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(isOver, false);
  dir.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
  // The look itself keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  assert.deepEqual(await all, { code: 7, signal: null });
  clearInterval(alive);
});

/** A job whose first process is gone, and whose cgroup is empty. Time is quick. */
class Over implements Disposable {
  readonly #dir = new CgroupDir();
  readonly #proc = new ProcDir();
  readonly #time = new QuickTime(50);
  // The looks themselves keep no process alive.
  readonly #alive = setInterval(() => {}, 1_000);

  exitOrEmpty(exit: Promise<Exit>): Promise<Exit> {
    const cgroup = this.#dir.own({ "cgroup.events": "populated 0\nfrozen 0\n" });
    return exitOrEmpty(exit, { cgroup, run: { pid: NO_PID, startTicks: 1 } }, this.#proc.procs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#alive);
    this.#time[Symbol.dispose]();
    this.#proc[Symbol.dispose]();
    this.#dir[Symbol.dispose]();
  }
}

const testOver = testsOf(() => new Over());

testOver("exitOrEmpty() is an unknown exit when the job is over and no exit is reported", async (over) => {
  assert.deepEqual(await over.exitOrEmpty(new Promise(() => {})), NO_EXIT);
});

testOver("exitOrEmpty() waits for an exit that a blocked supervisor has not come to see", async (over) => {
  const exit = blockTurns({ turns: 5, ms: 3_000 }).then(() => ({ code: 0, signal: null }));
  assert.deepEqual(await over.exitOrEmpty(exit), { code: 0, signal: null });
});

testOver("exitOrEmpty() fails as the exit does", async (over) => {
  await assert.rejects(over.exitOrEmpty(Promise.reject(new TypeError("no wait"))), /no wait/);
});
