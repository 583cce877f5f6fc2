/**
 * Moves a tree of running processes into a job's cgroup while it goes on forking.
 *
 * Nothing is stopped: a parent that waits for stopped children (a shell, sudo, su) would see it and act on it. Once a process is in the
 * cgroup its children are born there, so after each move only the children born just before are still outside. They are found by looking
 * again, and so on until two looks in a row find no process outside. A tree that does not come to rest is frozen as far as it is inside, which
 * no parent sees: what is outside then grows up to the limit of its user's processes, or its own, and no further.
 */
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { isFrozen, thaw } from "../../cgroup/freezer.ts";
import { CorralError } from "../../base/errors.ts";
import type { Procs, ProcStat } from "../../linux/proc.ts";
import type { Backend } from "../../backend/backend.ts";
import type { Tree } from "./tree.ts";

/** A tree that is not inside by then forks faster than it can be moved. What is inside stays; the caller undoes. */
const TAKE_CAP_MS = 10_000;
/** Moves after which any but a fork bomb is inside. */
const MOVES_UNFROZEN = 3;
/** The list of all processes is not of one instant: what one look misses the next one finds. */
const LOOKS_WITHOUT_NEWS = 2;

/** Where to, and how. */
export interface TakeOptions {
  cgroup: OwnedCgroup;
  backend: Backend;
  procs: Procs;
  /** In the cgroup, and not of the tree: keeps it from vanishing. */
  holderPid: number;
  /** Throws for a member that must not be taken. */
  check: (member: ProcStat) => void;
  capMs?: number;
}

/** Resolves with the processes that are inside. Throws CorralError when one must not or cannot be moved; the ones moved before are then inside. */
export async function take(tree: Tree<ProcStat>, options: TakeOptions): Promise<ProcStat[]> {
  try {
    return await moveAll(tree, options);
  } finally {
    if (isFrozen(options.cgroup)) thaw(options.cgroup);
  }
}

async function moveAll(tree: Tree<ProcStat>, options: TakeOptions): Promise<ProcStat[]> {
  const { cgroup, backend, procs, check, capMs = TAKE_CAP_MS } = options;
  const until = performance.now() + capMs;
  const refusedBefore = new Map<number, string>();
  for (let quiet = 0, moves = 0;;) {
    tree.include(insiders(options));
    const members = tree.update(procs.stats());
    const outside = members.filter(({ pid }) => !isInside(procs, pid, cgroup.path));
    outside.forEach(check);
    const refused = outside.find(({ pid }) => refusedBefore.has(pid));
    if (refused !== undefined) throw new CorralError(refusedBefore.get(refused.pid)!);
    quiet = outside.length === 0 ? quiet + 1 : 0;
    if (quiet === LOOKS_WITHOUT_NEWS) return members;
    if (outside.length === 0) continue;
    if (performance.now() > until) throw tooFast(outside.length);
    // Not waited for: each freezes as it comes in.
    if (moves++ === MOVES_UNFROZEN) cgroup.writeOptional("cgroup.freeze", "1");
    for (const { pid, because } of await backend.attach(cgroup, outside.map(({ pid }) => pid))) {
      refusedBefore.set(pid, `process ${pid} cannot be moved: ${because}`);
    }
    assertSame(outside, options);
  }
}

function insiders({ cgroup, procs, holderPid }: TakeOptions): ProcStat[] {
  return cgroup.pids().filter((pid) => pid !== holderPid).map((pid) => procs.statIfShown(pid))
    .filter((stat) => stat !== null);
}

/** The kernel moves by pid. A pid that went to another process in that instant is found out here, and nothing is enforced. */
function assertSame(moved: readonly ProcStat[], { cgroup, procs }: TakeOptions): void {
  for (const { pid, startTicks } of moved) {
    const now = procs.statIfShown(pid);
    const isOther = now !== null && now.startTicks !== startTicks;
    if (isOther && isInside(procs, pid, cgroup.path)) {
      throw new CorralError(`process ${pid} ended, and its pid came to another process just then`, {
        remedy: "try again",
      });
    }
  }
}

/** True when the kernel reports it at or below `path`; one that is gone is nowhere else. */
function isInside(procs: Procs, pid: number, path: string): boolean {
  const at = procs.cgroupPath(pid);
  return at === null || `${at}/`.startsWith(`${path}/`);
}

function tooFast(left: number): CorralError {
  return new CorralError(`the tree forks faster than it can be moved: ${left} are still outside`, {
    remedy: "try again, or lower the user's ulimit -u first",
  });
}
