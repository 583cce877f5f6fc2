/** Whether the caller's own command can run, looked at before the launch: afterwards, 126 and 127 may be the command's own exit codes. */
import { EXIT } from "../../base/errors.ts";
import { lookUpWhere } from "../../linux/command_lookup.ts";
import { localFileSystems } from "../../linux/mounts.ts";
import { hasMoreFormats, type Unrunnable, whyUnrunnable } from "../../linux/program_file.ts";
import type { StopSignals } from "../../linux/stop_signals.ts";

/** Null for a command that may run. After a signal (`stop.received`) the answer means nothing. */
export async function whyNotRunnable(
  command: string,
  where: { path: string; cwd: string },
  stop: StopSignals,
): Promise<Unrunnable | null> {
  const isLocal = localFileSystems();
  const lookUp = (name: string) => lookUpWhere(name, where, isLocal);
  const here = lookUp(command);
  if (here === null) {
    const { lookUpApart } = await import("../launch/user_gate.ts");
    const found = await Promise.race([lookUpApart(command, where), aSignal(stop)]);
    if (found === null) return NO_ANSWER;
    return "found" in found ? null : found;
  }
  if (!("found" in here)) return here;
  const leftToTheKernel = (name: string) => lookUp(name) ?? { found: name };
  const around = { cwd: where.cwd, lookUp: leftToTheKernel, isLocal, hasMoreFormats };
  return whyUnrunnable(here.found, around);
}

const NO_ANSWER: Unrunnable = {
  exitCode: EXIT.CORRAL_FAILED,
  because: "a directory that it is looked for in does not answer",
};

/** Resolves at the next signal that ends the job. */
function aSignal(stop: StopSignals): Promise<null> {
  return new Promise((resolve) => stop.onSignal(() => resolve(null)));
}
