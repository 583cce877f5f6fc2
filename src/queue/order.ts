/** Which job of a pool is next: priority, then the owner with the least reserved, then age. Pure. */

/** A job in the queue. */
export interface Waiting {
  readonly id: string;
  readonly pool: string;
  /** Higher goes first. */
  readonly priority: number;
  /** Name of the user whose job it is. */
  readonly owner: string;
  /** Grows with each job that is queued. */
  readonly seq: number;
  readonly queuedAtMs: number;
  /** Its memory limit in bytes; null: none. */
  readonly memoryBytes: number | null;
  readonly timeoutMs: number | null;
  /** How many jobs have passed it. */
  readonly passedBy: number;
  /** Why its process cannot use room that it is given; absent for one that can, and for a detached job. */
  readonly heldUp?: HeldUp;
}

/** A process that is stopped (^Z), or whose cgroup is frozen, goes on when its user wants it to. */
export interface HeldUp {
  readonly kind: "stopped" | "frozen";
  readonly pid: number;
}

/** A job that has room: admitted, running or ending. */
export interface Holding {
  readonly id: string;
  readonly pool: string;
  readonly owner: string;
  /** Its memory limit in bytes; null: none. */
  readonly memoryBytes: number | null;
  /** What it uses now; null: unknown, or not launched yet. */
  readonly currentBytes: number | null;
  /** CLOCK_BOOTTIME in milliseconds at which it is over at the latest; null: unknown. */
  readonly deadlineBootMs: number | null;
}

/** What an owner without memory limits holds is counted by the job: a byte each tells one from none. */
const WITHOUT_LIMIT_BYTES = 1;

/** The waiting jobs of one pool in their order, as it is while `holding` have their room. */
export function inOrder(waiting: readonly Waiting[], holding: readonly Holding[]): Waiting[] {
  const reserved = new Map<string, number>();
  for (const { owner, memoryBytes } of holding) {
    reserved.set(owner, (reserved.get(owner) ?? 0) + (memoryBytes ?? WITHOUT_LIMIT_BYTES));
  }
  const of = ({ owner }: Waiting) => reserved.get(owner) ?? 0;
  return [...waiting].sort((a, b) => b.priority - a.priority || of(a) - of(b) || a.seq - b.seq);
}
