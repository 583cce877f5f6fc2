import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../cli.ts";
/** stub */
export function uninstallVerb(_invoke: Invoke) { return new Command("uninstall").option("--cron", "x"); }
