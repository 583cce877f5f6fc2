/** The processes of a job as rows: parents first, like ones in one row, and not without end. Pure. */
import type { JobDetail } from "./feed.ts";

type Row = JobDetail["tree"][number];

/** One process. */
export interface TreeProcess extends Omit<Row, "depth" | "count"> {
  ppid: number;
}

const MOST_ROWS = 200;
const MOST_DEPTH = 30;

/** `cut` is the number of processes that have no row. */
export function treeRows(processes: readonly TreeProcess[]): { rows: Row[]; cut: number } {
  const pids = new Set(processes.map(({ pid }) => pid));
  const children = Map.groupBy(processes, ({ pid, ppid }) => pids.has(ppid) && ppid !== pid ? ppid : 0);
  const rows: Row[] = [];
  let shown = 0;
  // An explicit stack: a chain of ten thousand processes must not end in a RangeError.
  const stack = groups(children.get(0) ?? [], children).map((group) => ({ group, depth: 0 })).reverse();
  while (stack.length > 0 && rows.length < MOST_ROWS) {
    const { group, depth } = stack.pop()!;
    rows.push(rowOf(group, Math.min(depth, MOST_DEPTH)));
    shown += group.length;
    // Only one that is alone in its row has children.
    const below = groups(children.get(group[0]!.pid) ?? [], children);
    stack.push(...below.map((next) => ({ group: next, depth: depth + 1 })).reverse());
  }
  return { rows, cut: processes.length - shown };
}

/** Brothers without children that do the same are one group. */
function groups(
  brothers: readonly TreeProcess[],
  children: ReadonlyMap<number, readonly TreeProcess[]>,
): TreeProcess[][] {
  const keyOf = ({ pid, command, state }: TreeProcess) =>
    children.has(pid) ? String(pid) : `like ${state} ${command}`;
  return [...Map.groupBy(brothers, keyOf).values()];
}

function rowOf(group: readonly TreeProcess[], depth: number): Row {
  const first = group[0]!;
  const sum = (key: "cpuPercent" | "rssBytes") => {
    const known = group.flatMap((process) => process[key] ?? []);
    return known.length === 0 ? null : Math.round(known.reduce((all, value) => all + value, 0) * 10) / 10;
  };
  const { pid, state, command } = first;
  return {
    pid,
    depth,
    state,
    wchan: group.every(({ wchan }) => wchan === first.wchan) ? first.wchan : null,
    cpuPercent: sum("cpuPercent"),
    rssBytes: sum("rssBytes"),
    ageMs: Math.max(...group.map(({ ageMs }) => ageMs ?? 0)),
    command,
    count: group.length,
  };
}
