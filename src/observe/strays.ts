/** Looks at the node once and finds the strays. */
import { readersOfOutput } from "../linux/output_readers.ts";
import { listProcesses, type Process, type ProcessSource, readProcess } from "../linux/processes.ts";
import type { Node } from "./node.ts";
import { isJobless, selectStrays, type Stray, type StrayCriteria } from "./strays_select.ts";
import { sparedPids } from "./strays_spared.ts";

/** What one look found. */
export interface FoundStrays {
  strays: Stray[];
  /** Pids whose command line did not answer: they could not be matched. */
  unanswered: number[];
}

/** Where strays are looked for. */
export type StraySource = ProcessSource & Pick<Node, "gpus">;

/** One look at all processes. `services` are pids that the system's manager answers for: see servicePids(). */
export async function findStrays(
  source: StraySource,
  criteria: StrayCriteria,
  services: ReadonlySet<number> = new Set(),
): Promise<FoundStrays> {
  const list = await withGpus(source, criteria, await listProcesses(source));
  const selected = selectStrays(list, criteria, sparedPids(list, Deno.pid).union(services));
  const readers = readersOfOutput(source.procs, selected.map(({ process }) => process.pid));
  return {
    strays: selected.filter(({ process }) => !readers.includes(process.pid)),
    unanswered: list.filter((process) => process.words === null && isJobless(process))
      .map(({ pid }) => pid),
  };
}

/** One process as it is now; null when it is gone. */
export async function lookAgain(
  source: StraySource,
  criteria: StrayCriteria,
  pid: number,
): Promise<Process | null> {
  const process = await readProcess(source, pid);
  return process === null ? null : (await withGpus(source, criteria, [process]))[0]!;
}

/** With the GPUs that they hold, where that is asked: jobs' processes are none of it. */
async function withGpus({ gpus }: StraySource, { gpu }: StrayCriteria, list: Process[]): Promise<Process[]> {
  const look = gpu ? gpus() : null;
  if (look === null) return list;
  return await Promise.all(
    list.map(async (process) =>
      isJobless(process) ? { ...process, gpus: await look.heldBy(process.pid) } : process
    ),
  );
}
