import type { BackendName } from "../job/job.ts";

/** The configuration file and the global options, merged. */
export interface Settings {
  stateDir: string;
  storeFile: string;
  backend: BackendName | "auto";
  graceMs: number;
  bestEffort: boolean;
  onOrphan: "kill" | "keep";
  escapees: "report" | "kill";
  statusCommand: string | null;
  /** In lower case: those of corral's own and those that the configuration adds. */
  finishedStatuses: readonly string[];
  strikes: number;
  /** How long the record of an ended job is kept; null: for ever. */
  retentionMs: number | null;
}
