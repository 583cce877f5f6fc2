/** What a run is given: the request, and the node, the caller and the terminal. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Caller } from "../../linux/caller.ts";
import type { Terminal } from "../../linux/output.ts";
import type { Node } from "../../observe/node.ts";
import type { JobAsked } from "./spec.ts";
import type { ParentChoice } from "./with_parent.ts";

/** What `corral run` was asked for, all values read. */
export interface RunRequest extends JobAsked {
  /** False when any other directory will do as well, should another user's job not get into this one. */
  isCwdAsked: boolean;
  /** For another user: what root's own variables give the job too, see isHandedOn(). */
  keepEnv: boolean;
  env: Record<string, string>;
  receipt: string | null;
  output: string | null;
  /** How much of the output is written; null: all. */
  outputMaxBytes?: number | null;
  /** End the job when that process is gone. */
  withParent: ParentChoice;
  quiet: boolean;
}

/** The node, the caller, and where warnings go. */
export type RunContext = Node & Caller & Diagnostics & Partial<Pick<Terminal, "progress">>;
