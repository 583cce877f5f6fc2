/** What corral is called by: a link of another name is a verb, for a caller that gives no arguments. */
import { lastName } from "../base/path.ts";

/** Slurm's HealthCheckProgram is a path and nothing else (slurm.conf(5)). */
export const SLURM_HEALTH = "slurm-health";

const VERBS_OF_NAMES: Readonly<Record<string, string>> = { "corral-health": SLURM_HEALTH };

/** The command line behind `corral`, by the first word that the kernel was given for it (/proc/self/cmdline). */
export function wordsCalled(commandLine: string, args: readonly string[]): string[] {
  const verb = VERBS_OF_NAMES[lastName(commandLine.split("\0", 1)[0]!)];
  return verb === undefined ? [...args] : [verb, ...args];
}
