/**
 * Which processes belong to a tree, while it grows and sheds: the named ones and all their descendants. Pure.
 *
 * A descendant is known by its parent, and, when that has ended and the kernel has given it another, by its session: only setsid(2) begins
 * one and only fork(2) hands it on, so all of a session descend from the process whose pid is its id. The kernel gives a pid out again only
 * when no session and no process group has it for an id (__change_pid()).
 */
import { hasEnded, type ProcStat } from "../../linux/proc.ts";

/** What identifies a member. A ProcStat is one. */
export type Kin = Pick<ProcStat, "pid" | "ppid" | "session" | "startTicks" | "state" | "threads">;

/** The tree below some processes, over several looks at the node. */
export class Tree<Process extends Kin> {
  /** Start times of all that ever belonged to it, by pid. */
  readonly #known = new Map<number, number>();
  /** Begun by members. */
  readonly #sessions = new Set<number>();

  /** @param roots as they were when they were named */
  constructor(roots: readonly Kin[]) {
    this.include(roots);
  }

  /** Members for another reason. */
  include(processes: readonly Kin[]): void {
    for (const { pid, startTicks } of processes) this.#known.set(pid, startTicks);
  }

  /** What lives of it in a list of all processes, parents before their children. */
  update(list: readonly Process[]): Process[] {
    const children = Map.groupBy(list, ({ ppid }) => ppid);
    const ofSession = Map.groupBy(list, ({ session }) => session);
    const found = new Set(list.filter(({ pid, startTicks }) => this.#known.get(pid) === startTicks));
    const addAll = (processes: readonly Process[] = []) => processes.forEach((process) => found.add(process));
    for (const session of this.#sessions) addAll(ofSession.get(session));
    // A Set hands out also what is added on the way.
    for (const member of found) {
      addAll(children.get(member.pid));
      if (member.session === member.pid) {
        this.#sessions.add(member.pid);
        addAll(ofSession.get(member.pid));
      }
    }
    this.include([...found]);
    return [...found].filter((process) => !hasEnded(process));
  }
}
