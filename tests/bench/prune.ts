/** How long a launch takes while a store full of old jobs is pruned. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measureWith, printTable } from "./bench.ts";
import { median, p95 } from "./statistics.ts";

/** Where the machine has the measuring program of this benchmark. */
export const MEASURE_PRUNE_PROGRAM = "/usr/local/lib/corral-test/measure_prune.py";
const ROWS = 100_000;
/** Of each old job. */
const EVENTS = 5;
const SAMPLES = 20;
const ROUNDS = 30;
const TIMEOUT_MS = 300_000;
/** More than a launch without the pruning, at the worst. */
const AIM_MORE_MS = 500;
const BYTES_PER_MB = 1e6;

interface Found {
  /** One launch each, before the pruning and beside it. */
  before: number[];
  beside: number[];
  pruneMs: number;
  pruned: number;
  fileBytes: number;
  fileBytesAfter: number;
}

export async function benchPrune(machine: Machine, corral: string): Promise<Aim> {
  const options = { corral, rows: ROWS, events: EVENTS, samples: SAMPLES, rounds: ROUNDS };
  const words = [MEASURE_PRUNE_PROGRAM, JSON.stringify(options)];
  const found = await measureWith<Found>(machine, words, TIMEOUT_MS);
  const { before, beside, pruneMs, pruned, fileBytes, fileBytesAfter } = found;
  const megabytes = (bytes: number) => figure(bytes / BYTES_PER_MB);
  console.log(
    `prune: ${pruned} jobs of ${EVENTS} events and ${SAMPLES} samples each in ${figure(pruneMs / 1000)} s, ` +
      `file ${megabytes(fileBytes)} -> ${megabytes(fileBytesAfter)} MB; corral run true meanwhile, ms`,
  );
  await printTable(
    ["", "launches", "median", "p95", "most"],
    Object.entries({ before, beside }).map(([name, all]) => [
      name,
      String(all.length),
      ...[median(all), p95(all), Math.max(...all)].map(figure),
    ]),
  );
  const moreMs = Math.max(...beside) - Math.max(...before);
  return {
    what: `the longest launch beside a prune within ${AIM_MORE_MS} ms of the longest before: ${
      figure(moreMs)
    } ms more`,
    met: moreMs <= AIM_MORE_MS && pruned === ROWS,
  };
}
