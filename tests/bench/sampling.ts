/** What it costs to sample: the CPU time of supervisors that have nothing else to do. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measureWith, printTable } from "./bench.ts";
import { median } from "./statistics.ts";

/** Where the machine has the measuring program of this benchmark. */
export const MEASURE_SAMPLING_PROGRAM = "/usr/local/lib/corral-test/measure_sampling.py";
const JOBS = 100;
/** After the last launch: the pauses between samples still grow, so an older job costs less. */
const SETTLE_S = 120;
const INTERVAL_S = 60;
const TIMEOUT_MS = 330_000;
const AIM_PERCENT = 0.5;
const KIB_PER_MB = 1_000_000 / 1024;

interface Found {
  elapsedMs: number;
  /** Of each supervisor. */
  cpuMs: number[];
  ussKib: number[];
}

export async function benchSampling(machine: Machine, corral: string): Promise<Aim> {
  const options = { corral, jobs: JOBS, settleS: SETTLE_S, intervalS: INTERVAL_S };
  const words = [MEASURE_SAMPLING_PROGRAM, JSON.stringify(options)];
  const { elapsedMs, cpuMs, ussKib } = await measureWith<Found>(machine, words, TIMEOUT_MS);
  const percent = cpuMs.reduce((sum, ms) => sum + ms, 0) / elapsedMs * 100;
  const controllers = [...machine.controllers].join(" ") || "none";
  console.log(`sampling: ${JOBS} jobs two to three minutes old; controllers here: ${controllers}`);
  await printTable(["", "of one core, %", "a job, ms in a minute", "memory, MB"], [[
    "100 supervisors",
    percent.toFixed(3),
    figure(median(cpuMs) / elapsedMs * 60_000),
    figure(median(ussKib) / KIB_PER_MB),
  ]]);
  return {
    what: `sampling of ${JOBS} jobs below ${AIM_PERCENT} % of one core: ${percent.toFixed(3)} %`,
    met: percent < AIM_PERCENT,
  };
}
