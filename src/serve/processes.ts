/** The processes of one job as the page shows them. */
import { MS_PER_TICK, startedBootMs } from "../linux/clock.ts";
import { pageSizeBytes } from "../linux/libc.ts";
import { commandLine, commandWords } from "../linux/processes.ts";
import { shortened } from "../base/text.ts";
import type { Node } from "../observe/node.ts";
import type { TreeProcess } from "./process_tree.ts";

/** Of a job with more, the first ones. */
const MOST = 500;
const COMMAND_CHARACTERS = 400;

/** By pid and start, the CPU ticks at the last look, and the moment of it. */
type SwapTicks = (now: ReadonlyMap<string, number>) => ReadonlyMap<string, number>;

const MOMENT = "moment";

/** CPU is that since the last look at the job, or the mean of the process's life. */
export async function readProcesses(
  { procs, clock }: Pick<Node, "procs" | "clock">,
  pids: readonly number[],
  swap: SwapTicks,
): Promise<TreeProcess[]> {
  const bootMs = clock.bootMs();
  const stats = pids.slice(0, MOST).flatMap((pid) => procs.statIfShown(pid) ?? []);
  const keyOf = ({ pid, startTicks }: { pid: number; startTicks: number }) => `${pid} ${startTicks}`;
  const before = swap(
    new Map([[MOMENT, bootMs], ...stats.map((stat) => [keyOf(stat), stat.cpuTicks] as const)]),
  );
  const found = await Promise.all(stats.map(async (stat): Promise<TreeProcess[]> => {
    const words = await commandWords(procs, stat.pid);
    if (words === "gone") return [];
    const ageMs = Math.max(0, bootMs - startedBootMs(stat));
    const earlier = before.get(keyOf(stat));
    const spanMs = earlier === undefined ? ageMs : bootMs - before.get(MOMENT)!;
    const wchan = procs.readIfAllowed(stat.pid, "wchan")?.trim() ?? "";
    return [{
      ...{ pid: stat.pid, ppid: stat.ppid, state: stat.state, ageMs },
      wchan: wchan === "" || wchan === "0" ? null : wchan,
      cpuPercent: spanMs <= 0
        ? null
        : Math.round((stat.cpuTicks - (earlier ?? 0)) * MS_PER_TICK / spanMs * 1000) / 10,
      rssBytes: stat.residentPages * pageSizeBytes(),
      command: shortened(commandLine({ words }) ?? `[${stat.name}]`, COMMAND_CHARACTERS),
    }];
  }));
  return found.flat();
}
