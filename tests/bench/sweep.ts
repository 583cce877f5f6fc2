/** What a sweep costs that finds nothing to do: beside many ended jobs, for a growing number of live ones. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measureWith, printTable, ratio } from "./bench.ts";
import { median } from "./statistics.ts";

/** Where the machine has the measuring program of this benchmark. */
export const MEASURE_SWEEP_PROGRAM = "/usr/local/lib/corral-test/measure_sweep.py";
/** What it imports, beside it. */
export const JOB_ROWS_MODULE = "/usr/local/lib/corral-test/job_rows.py";
const LIVE_COUNTS = [0, 10, 100, 1000];
const ENDED_ROWS = 1_000_000;
const ROUNDS = 9;
const WARM_UPS = 2;
const TIMEOUT_MS = 300_000;
const AIM_RATIO = 3;
const AIM_MS_PER_JOB = 0.2;

interface Row {
  live: number;
  sweepMs: number[];
  bareMs: number[];
}

/** `bare` is an empty compiled program. */
export async function benchSweep(
  machine: Machine,
  programs: { corral: string; bare: string },
): Promise<Aim[]> {
  const options = {
    ...programs,
    liveCounts: LIVE_COUNTS,
    endedRows: ENDED_ROWS,
    rounds: ROUNDS,
    warmUps: WARM_UPS,
  };
  const rows = await measureWith<Row[]>(
    machine,
    [MEASURE_SWEEP_PROGRAM, JSON.stringify(options)],
    TIMEOUT_MS,
  );
  const idleMs = median(rows[0]!.sweepMs);
  console.log(`sweep: nothing to do, beside ${ENDED_ROWS} ended jobs, median ms`);
  await printTable(
    ["live jobs", "bare Deno binary", "sweep", "ratio", "more than without, a job"],
    rows.map(({ live, sweepMs, bareMs }) => {
      const ms = median(sweepMs);
      const each = live === 0 ? "-" : ((ms - idleMs) / live).toFixed(3);
      return [String(live), figure(median(bareMs)), figure(ms), ratio(ms, median(bareMs)), each];
    }),
  );
  return rows.map(({ live, sweepMs, bareMs }) => {
    const aimMs = AIM_RATIO * median(bareMs) + AIM_MS_PER_JOB * live;
    return {
      what: `sweep over ${live} live jobs within ${AIM_RATIO} x bare binary + ${AIM_MS_PER_JOB} ms a job (${
        figure(aimMs)
      } ms): ${figure(median(sweepMs))} ms`,
      met: median(sweepMs) <= aimMs,
    };
  });
}
