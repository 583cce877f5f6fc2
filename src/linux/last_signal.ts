/**
 * The end of `corral run` after ^C: it dies of the signal itself. A shell whose command dies of INT ends its loop; upon exit code 130 it
 * would start the next round.
 */
import { libc } from "./libc.ts";
import { restoreDefault } from "./signal_action.ts";
import { unblockAll } from "./surroundings.ts";

/** INT and QUIT, the two keys. After TERM and HUP corral exits with 128+N, as its callers expect. */
const FATAL: readonly number[] = [2, 3];
/** prctl(2): no core dump of corral for a ^\\ that was meant for the job. */
const PR_SET_DUMPABLE = 4;

let fatal: number | null = null;

/** The signal that ended the job; with INT and QUIT, `dieOfLastSignal` dies of it. */
export function rememberLastSignal(signal: number): void {
  if (FATAL.includes(signal)) fatal = signal;
}

/** The last act of the process. Returns when there is no such signal, or the process survives it. */
export function dieOfLastSignal(): void {
  if (fatal === null) return;
  try {
    libc().prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n);
    unblockAll();
    restoreDefault(fatal);
    libc().kill(Deno.pid, fatal);
  } catch {
    // No libc.so.6: the exit code has to do.
  }
}
