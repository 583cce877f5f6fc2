/** Takes the place of src/base/crash_point.ts in dist/corral-crash (.toolchain/build.ts): dies at the step that the environment names. */
import type { CrashPoint } from "../../src/base/crash_point.ts";

/** Name of the step, and how often it is passed unharmed before. */
const STEP = Deno.env.get("CORRAL_TEST_CRASH");
let passes = Number(Deno.env.get("CORRAL_TEST_CRASH_PASSES") ?? 0);

/** kill -9 of this very process; its last words tell that it got here. */
export function crashPoint(step: CrashPoint): void {
  if (step !== STEP || passes-- > 0) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`crash point: ${step}\n`));
  Deno.kill(Deno.pid, "SIGKILL");
}
