/** What the source of the page is made with. */
import type { Diagnostics } from "../base/diagnostics.ts";
import type { Finding } from "../job/finding.ts";
import type { Caller } from "../linux/caller.ts";
import type { Node } from "../observe/node.ts";
import type { Settings } from "../settings/settings.ts";
import type { JobFacts } from "./findings.ts";
import type { HealthSign } from "./live_rows.ts";

/** The node, the caller, where lines for stderr go, and the settings. */
export interface SourceContext extends Node, Caller, Diagnostics {
  settings: Settings;
}

/** The last sweep that the server knows of. */
export interface SweepNote {
  /** When it ended. */
  atMs: number;
  ended: number;
  collected: number;
  /** What it reported, where that is known. */
  findings?: readonly Finding[];
}

/** A check of a job's health, as the page shows it. */
export interface JobHealth {
  sign: HealthSign | null;
  finding: JobFacts["health"];
}

/** What the source is told by the server. */
export interface SourceOptions {
  allowChanges: boolean;
  /** Everybody's jobs are shown: root's page. */
  seesEverybody: boolean;
  /** Null while there was none. */
  lastSweep: () => SweepNote | null;
}
