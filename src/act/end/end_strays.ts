/** Ends strays, and what they forked while they were being listed. */
import { startedBootMs } from "../../linux/clock.ts";
import { type EndedProcess, endProcesses, type EndProcessesOptions } from "./end_processes.ts";
import { lookAgain, type StraySource } from "../../observe/strays.ts";
import { isStillStray, type Stray, type StrayCriteria } from "../../observe/strays_select.ts";

/** What became of one stray. */
export interface EndedStray extends EndedProcess {
  stray: Stray;
}

/** All that was done. */
export interface EndedStrays {
  ended: EndedStray[];
  /** Strays that are there now and were left alone: they started after the first signals. */
  newer: Stray[];
}

/** The order. */
export interface EndStraysOptions extends Omit<EndProcessesOptions, "stillMeant"> {
  criteria: StrayCriteria;
  /** Finds the strays that there are now, with every filter applied. */
  look: () => Promise<Stray[]>;
}

/** What still has a new process at the third look forks faster than it can be listed. */
const LOOKS = 3;

/**
 * Ends the strays of a first look, then looks again for what slipped in before the signals went out, by a fork for instance. What started
 * later is left to the next call: it may have been launched just now.
 */
export async function endStrays(
  first: readonly Stray[],
  node: StraySource,
  options: EndStraysOptions,
): Promise<EndedStrays> {
  const ended: EndedStray[] = [];
  const signalledBootMs = node.clock.bootMs();
  let targets = first;
  let newer: Stray[] = [];
  for (let look = 0; look < LOOKS && targets.length > 0; look++) {
    ended.push(...await endEach(targets, node, options));
    const known = new Set(ended.map(({ stray }) => nameOf(stray)));
    newer = (await options.look()).filter((stray) => !known.has(nameOf(stray)));
    targets = newer.filter(({ process }) => startedBootMs(process) <= signalledBootMs);
  }
  return { ended, newer };
}

async function endEach(
  strays: readonly Stray[],
  node: StraySource,
  { criteria, ...options }: EndStraysOptions,
): Promise<EndedStray[]> {
  const byPid = new Map(strays.map((stray) => [stray.process.pid, stray]));
  const results = await endProcesses(strays.map(({ process }) => process), node, {
    ...options,
    stillMeant: async ({ pid }) => {
      const now = await lookAgain(node, criteria, pid);
      return now !== null && isStillStray(byPid.get(pid)!, now, criteria);
    },
  });
  return results.map((result) => ({ ...result, stray: byPid.get(result.pid)! }));
}

function nameOf({ process }: Stray): string {
  return `${process.pid} ${process.startTicks}`;
}
