/** Looks at the processes that were named and decides whether they can be taken. Nothing is touched. */
import { whyTooSmall } from "./headroom.ts";
import { type Adopter, nameOf, placesLeft, whyNot } from "./refusal.ts";
import { Tree } from "./tree.ts";
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { CorralError } from "../../base/errors.ts";
import { pageSizeBytes } from "../../linux/libc.ts";
import type { ProcStat } from "../../linux/proc.ts";
import { isLive, type Limits } from "../../job/job.ts";
import type { JobStore } from "../../store/jobs.ts";
import { ownAncestry } from "../../linux/processes.ts";

/** What was asked for. */
export interface Asked {
  id: string;
  pids: readonly number[];
  limits: Limits;
  force: boolean;
}

/** A tree that can be taken. */
export interface ChosenTree {
  tree: Tree<ProcStat>;
  /** The process that was named first. */
  first: ProcStat;
  /** Throws CorralError for a member, found later, that must not be taken. */
  check: (member: ProcStat) => void;
  /** Units and cgroups that they leave. */
  places: string[];
}

/** Throws CorralError, in one line about the first process that must not be taken. */
export function chooseTree(on: Node & Caller, store: JobStore, asked: Asked): ChosenTree {
  const { procs } = on;
  const list = procs.stats();
  const pids = [...new Set(asked.pids)];
  const named = pids.map((pid) =>
    list.find((stat) => stat.pid === pid) ?? refuse(`there is no process ${pid}`)
  );
  const tree = new Tree<ProcStat>(named);
  const adopter = adopterFrom(on, store, asked);
  const check = (stat: ProcStat) => {
    const because = whyNot({ stat, uid: procs.uid(stat.pid), cgroups: cgroupsOf(on, stat) }, adopter);
    if (because !== null) refuse(`${nameOf(stat, pids)} ${because}`);
  };
  named.forEach(check);
  const members = tree.update(list);
  const over = named.find((stat) => !members.includes(stat));
  if (over !== undefined) refuse(`${nameOf(over, pids)} has ended and waits for its parent to notice`);
  members.forEach(check);
  const tooSmall = asked.force ? null : whyTooSmall(asked.limits, members, pageSizeBytes());
  if (tooSmall !== null) throw new CorralError(tooSmall, { remedy: "to do it all the same: --force" });
  const places = placesLeft(members.map((stat) => cgroupsOf(on, stat)));
  return { tree, first: named[0]!, check, places };
}

function refuse(message: string): never {
  throw new CorralError(message);
}

function cgroupsOf({ procs }: Pick<Node, "procs">, { pid }: ProcStat): string {
  return procs.readIfAllowed(pid, "cgroup") ?? "";
}

function adopterFrom(on: Node & Caller, store: JobStore, { id, force }: Asked): Adopter {
  const bootId = on.clock.bootId();
  const supervisors = store.live().flatMap(({ spec, watch }) =>
    watch === null ? [] : [[watch.supervisor, spec.id] as const]
  ).filter(([supervisor]) => on.procs.isAlive(supervisor, bootId));
  return {
    id,
    force,
    uid: on.uid,
    ownPids: ownAncestry(on.procs),
    supervisors: new Map(supervisors.map(([{ pid }, job]) => [pid, job])),
    isOver: (job) => {
      const recorded = store.get(job);
      return recorded !== null && !isLive(recorded);
    },
  };
}
