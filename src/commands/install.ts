import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../cli.ts";
/** stub */
export function installVerb(_invoke: Invoke) { return new Command("install").option("--cron", "x"); }
