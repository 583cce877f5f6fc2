/** What every command is given, in four parts. Only main.ts builds the real one; tests build others. */
import type { Diagnostics } from "../base/diagnostics.ts";
import type { Caller } from "../linux/caller.ts";
import type { Terminal } from "../linux/output.ts";
import type { Node } from "../observe/node.ts";
import type { Settings } from "../settings/settings.ts";

/** The node, the caller, the terminal and the settings. Commands hand on only the part that is needed. */
export interface Context extends Node, Caller, Terminal, Diagnostics {
  settings: Settings;
}
