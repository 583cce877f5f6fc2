/** Takes the place of src/base/crash_point.ts in dist/corral-crash (.toolchain/build.ts): dies at the step that the environment names. */
import type { CrashPoint } from "../../src/base/crash_point.ts";

/** What a job of a queue is started with by another process than its caller, after the crash (detach.ts): its environment is that of the caller. */
const IS_LATER = Deno.env.get("CORRAL_SUPERVISE")?.endsWith(":absent") ?? false;
/** Name of the step, and how often it is passed unharmed before. */
const STEP = IS_LATER ? undefined : Deno.env.get("CORRAL_TEST_CRASH");
let passes = Number(Deno.env.get("CORRAL_TEST_CRASH_PASSES") ?? 0);

/** kill -9 of this very process; its last words tell that it got here. */
export function crashPoint(step: CrashPoint): void {
  if (step !== STEP || passes-- > 0) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`crash point: ${step}\n`));
  Deno.kill(Deno.pid, "SIGKILL");
}
