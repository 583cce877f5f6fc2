/** The drop-in by which systemd learns of a live scope's new deadline. */
import { crashPoint } from "../base/crash_point.ts";

const DROP_IN = "50-corral-timeout.conf";

/** Into a directory of drop-ins that last until the next boot; null lifts the deadline. */
export function writeDropIn(directory: string, sinceStartMs: number | null): void {
  const runtimeMax = sinceStartMs === null ? "infinity" : `${Math.ceil(sinceStartMs)}ms`;
  Deno.mkdirSync(directory, { recursive: true });
  Deno.writeTextFileSync(`${directory}/${DROP_IN}`, `[Scope]\nRuntimeMaxSec=${runtimeMax}\n`);
}

/** Removes it with its directory; fine when there is none. */
export function removeDropIn(directory: string): void {
  for (const path of [`${directory}/${DROP_IN}`, directory]) {
    try {
      Deno.removeSync(path);
      crashPoint("removal: drop-in removed");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
