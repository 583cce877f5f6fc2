/** What an idle supervisor costs: memory that would be free without it. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measure, printTable } from "./bench.ts";
import { median } from "./statistics.ts";

const JOBS = [1, 20];
const TIMEOUT_MS = 90_000;
const AIM_MB = 15;
const KIB_PER_MB = 1_000_000 / 1024;

export async function benchMemory(machine: Machine, corral: string): Promise<Aim[]> {
  const options = { corral, counts: JOBS };
  type Row = { jobs: number; ussKib: number[] };
  const rows = await measure<Row[]>(machine, "memory", { options, timeoutMs: TIMEOUT_MS });
  const megabytes = (row: Row) => row.ussKib.map((kib) => kib / KIB_PER_MB);
  console.log("memory: pages that no other process maps (USS), MB a supervisor; one more runs besides");
  await printTable(
    ["jobs", "median", "most", "of the aim"],
    rows.map((row) => {
      const each = megabytes(row);
      return [
        String(row.jobs),
        figure(median(each)),
        figure(Math.max(...each)),
        (median(each) / AIM_MB).toFixed(2),
      ];
    }),
  );
  return rows.map((row) => ({
    what: `supervisor of ${row.jobs} below ${AIM_MB} MB: ${figure(median(megabytes(row)))} MB`,
    met: median(megabytes(row)) < AIM_MB,
  }));
}
