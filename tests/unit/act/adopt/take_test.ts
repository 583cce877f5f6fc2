import assert from "node:assert/strict";
import { take, type TakeOptions } from "../../../../src/act/adopt/take.ts";
import { Tree } from "../../../../src/act/adopt/tree.ts";
import { CorralError } from "../../../../src/base/errors.ts";
import type { ProcStat } from "../../../../src/linux/proc.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { type FakeProcess, NO_PID } from "../../../kit/fakes/proc_dir.ts";

const ROOT = NO_PID;
const HOLDER = NO_PID + 9;

/** A node on which processes are moved; what else happens at each move is a test's own. */
class Scene implements Disposable {
  readonly node = new FakeNode();
  readonly cgroup = this.node.cgroups.own({ "cgroup.procs": `${HOLDER}\n` });
  readonly processes = new Map<number, FakeProcess>();
  /** Called with who is to be moved; those that it gives stay outside. */
  onMove: (pids: readonly number[]) => readonly number[] = () => [];

  constructor() {
    this.put(HOLDER, { cgroup: JOB_PATH });
    this.put(ROOT);
    this.node.backend.onAttach = (pids) => {
      const kept = this.onMove(pids);
      const moved = pids.filter((pid) => !kept.includes(pid) && this.processes.has(pid));
      for (const pid of moved) this.put(pid, { ...this.processes.get(pid), cgroup: JOB_PATH });
      const inside = [...this.processes].filter(([, { cgroup }]) => cgroup === JOB_PATH).map(([pid]) => pid);
      this.node.cgroups.put(JOB_PATH, "cgroup.procs", inside.map((pid) => `${pid}\n`).join(""));
      return kept.map((pid) => ({ pid, because: "Permission denied" }));
    };
  }

  put(pid: number, process: FakeProcess = {}): void {
    this.processes.set(pid, process);
    this.node.addProcess(pid, process);
  }

  end(pid: number): void {
    this.processes.delete(pid);
    this.node.proc.remove(pid);
  }

  async take(options: Partial<TakeOptions> = {}): Promise<number[]> {
    const { procs } = this.node.context;
    const tree = new Tree<ProcStat>([procs.stat(ROOT)!]);
    const { cgroup, node: { backend } } = this;
    const members = await take(tree, {
      ...{ cgroup, backend, procs, holderPid: HOLDER, check: () => {}, ...options },
    });
    return members.map(({ pid }) => pid).sort();
  }

  get moves(): string[] {
    return this.node.backend.calls;
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
  }
}

Deno.test("take() moves the tree, and neither the holder nor anybody else", async () => {
  using scene = new Scene();
  scene.put(ROOT + 1, { ppid: ROOT });
  scene.put(ROOT + 2);
  assert.deepEqual(await scene.take(), [ROOT, ROOT + 1]);
  assert.deepEqual(scene.moves, [`attach ${ROOT},${ROOT + 1}`]);
  assert.equal(scene.node.context.procs.cgroupPath(ROOT + 2), "/");
});

Deno.test("take() looks again for children born just before their parent was moved", async () => {
  using scene = new Scene();
  let born = ROOT;
  scene.onMove = (pids) => {
    if (born < ROOT + 3) scene.put(born + 1, { ppid: pids.at(-1)! });
    born++;
    return [];
  };
  assert.deepEqual(await scene.take(), [ROOT, ROOT + 1, ROOT + 2, ROOT + 3]);
  assert.equal(scene.moves.length, 4);
});

Deno.test("take() follows the children of those inside, whose parent has gone", async () => {
  using scene = new Scene();
  scene.onMove = (pids) => {
    if (!pids.includes(ROOT)) return [];
    scene.end(ROOT);
    // Born inside, orphaned, and it had a child outside.
    scene.put(ROOT + 4, { ppid: 1, cgroup: JOB_PATH });
    scene.put(ROOT + 5, { ppid: ROOT + 4 });
    return [];
  };
  assert.deepEqual(await scene.take(), [ROOT + 4, ROOT + 5]);
});

Deno.test("take() gives nobody when they have ended meanwhile", async () => {
  using scene = new Scene();
  scene.onMove = () => {
    scene.end(ROOT);
    return [];
  };
  assert.deepEqual(await scene.take(), []);
});

Deno.test("take() gives up on a process that stays outside, and names it", async () => {
  using scene = new Scene();
  scene.put(ROOT + 1, { ppid: ROOT });
  scene.onMove = () => [ROOT + 1];
  await assert.rejects(scene.take(), new RegExp(`process ${ROOT + 1} cannot be moved: Permission denied`));
});

Deno.test("take() does not mind that one which was refused has ended", async () => {
  using scene = new Scene();
  scene.put(ROOT + 1, { ppid: ROOT });
  scene.onMove = () => {
    scene.end(ROOT + 1);
    return [ROOT + 1];
  };
  assert.deepEqual(await scene.take(), [ROOT]);
});

Deno.test("take() does not mind one refusal that does not last", async () => {
  using scene = new Scene();
  scene.put(ROOT + 1, { ppid: ROOT });
  let refusals = 0;
  scene.onMove = (pids) => {
    if (refusals++ > 0) return [];
    // Somebody else moves it in at this moment.
    scene.put(ROOT + 1, { ppid: ROOT, cgroup: JOB_PATH });
    return pids.filter((pid) => pid === ROOT + 1);
  };
  assert.deepEqual(await scene.take(), [ROOT, ROOT + 1]);
});

Deno.test("take() asks about every member before it is moved", async () => {
  using scene = new Scene();
  const check = ({ pid }: ProcStat) => {
    if (pid === ROOT + 1) throw new CorralError("not that one");
  };
  scene.onMove = () => {
    scene.put(ROOT + 1, { ppid: ROOT });
    return [];
  };
  await assert.rejects(scene.take({ check }), /not that one/);
  assert.deepEqual(scene.moves, [`attach ${ROOT}`]);
});

Deno.test("take() freezes what is inside of a tree that goes on forking, until it has all of it", async () => {
  using scene = new Scene();
  const isFrozen = () => scene.node.cgroups.text(JOB_PATH, "cgroup.freeze").trim() === "1";
  const frozen: boolean[] = [];
  scene.onMove = () => {
    frozen.push(isFrozen());
    if (frozen.length < 6) scene.put(ROOT + 10 + frozen.length, { ppid: ROOT });
    return [];
  };
  assert.equal((await scene.take()).length, 6);
  assert.deepEqual(frozen, [false, false, false, true, true, true]);
  assert.equal(isFrozen(), false);
});

Deno.test("take() gives up on a tree that forks faster than it can be moved, and leaves nothing frozen", async () => {
  using scene = new Scene();
  let next = ROOT + 10;
  scene.onMove = () => {
    scene.put(next++, { ppid: ROOT });
    return [];
  };
  await assert.rejects(scene.take({ capMs: 100 }), /forks faster than it can be moved: 1 are still outside/);
  assert.equal(scene.node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0");
  assert.ok(scene.moves.length > 4);
});

Deno.test("take() notices that a pid was given to another process just then", async () => {
  using scene = new Scene();
  scene.onMove = () => {
    scene.put(ROOT, { startTicks: 999_999 });
    return [];
  };
  await assert.rejects(scene.take(), new RegExp(`process ${ROOT} ended, and its pid came to another`));
});

Deno.test("take() looks once more when all are inside: a list of processes is not of one instant", async () => {
  using scene = new Scene();
  const { procs } = scene.node.proc;
  const stats = procs.stats.bind(procs);
  scene.put(ROOT + 1, { ppid: ROOT });
  let looks = 0;
  procs.stats = () => stats().filter(({ pid }) => pid !== ROOT + 1 || looks++ >= 2);
  assert.deepEqual(await scene.take(), [ROOT, ROOT + 1]);
});

Deno.test("take() moves what is in a cgroup that only begins like the job's", async () => {
  using scene = new Scene();
  scene.put(ROOT, { cgroup: `${JOB_PATH}x` });
  assert.deepEqual(await scene.take(), [ROOT]);
  assert.deepEqual(scene.moves, [`attach ${ROOT}`]);
});
