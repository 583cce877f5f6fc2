/** The processes at the other end of this program's output. */
import type { Procs } from "./proc.ts";

/** The pids whose stdin is the pipe that is corral's stdout or stderr: `corral … | tee FILE` must not lose its tee. */
export function readersOfOutput(procs: Procs, pids: readonly number[]): number[] {
  const pipes = [1, 2].map((descriptor) => linkOf(procs, "self", descriptor)).filter((link) =>
    link?.startsWith("pipe:")
  );
  return pipes.length === 0 ? [] : pids.filter((pid) => pipes.includes(linkOf(procs, String(pid), 0)));
}

/** Such as `pipe:[4711]`; null when it is gone, closed or another user's. */
function linkOf(procs: Procs, process: string, descriptor: number): string | null {
  try {
    return Deno.readLinkSync(`${procs.root}/${process}/fd/${descriptor}`);
  } catch {
    return null;
  }
}
