/** Looks at the node once and finds the strays. */
import { readersOfOutput } from "../linux/output_readers.ts";
import { listProcesses, type ProcessSource } from "../linux/processes.ts";
import { isJobless, selectStrays, type Stray, type StrayCriteria } from "./strays_select.ts";
import { sparedPids } from "./strays_spared.ts";

/** What one look found. */
export interface FoundStrays {
  strays: Stray[];
  /** Pids whose command line did not answer: they could not be matched. */
  unanswered: number[];
}

/** One look at all processes. `services` are pids that the system's manager answers for: see servicePids(). */
export async function findStrays(
  source: ProcessSource,
  criteria: StrayCriteria,
  services: ReadonlySet<number> = new Set(),
): Promise<FoundStrays> {
  const list = await listProcesses(source);
  const selected = selectStrays(list, criteria, sparedPids(list, Deno.pid).union(services));
  const readers = readersOfOutput(source.procs, selected.map(({ process }) => process.pid));
  return {
    strays: selected.filter(({ process }) => !readers.includes(process.pid)),
    unanswered: list.filter((process) => process.words === null && isJobless(process))
      .map(({ pid }) => pid),
  };
}
