/** What an idle supervisor costs: memory that would be free without it, beside a Deno program that does nothing. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, corralWith, figure, measure, printTable, ratio } from "./bench.ts";
import { median } from "./statistics.ts";

const COUNTS = [1, 20];
const TIMEOUT_MS = 240_000;
const AIM_MB = 15;
const AIM_RATIO = 1.25;
const KIB_PER_MB = 1_000_000 / 1024;
const IDLE = "bare idle Deno program";
const CORRAL = "corral run";

interface Row {
  program: string;
  count: number;
  ussKib: number[];
  pssKib: number[];
}

const megabytes = (kib: readonly number[]) => median(kib) / KIB_PER_MB;

/** `idle` prints a line with ` started ` on stderr and waits; `before` is another build of corral. */
export async function benchMemory(
  machine: Machine,
  { corral, idle, before }: { corral: string; idle: string; before: string | null },
): Promise<Aim[]> {
  const supervisor = (program: string) =>
    corralWith(program, ["run", "--timeout", "1h", "--", "sleep", "3600"]);
  const programs = {
    [IDLE]: [idle],
    ...(before === null ? {} : { [`${CORRAL}, before`]: supervisor(before) }),
    [CORRAL]: supervisor(corral),
  };
  const options = { programs, counts: COUNTS };
  const rows = await measure<Row[]>(machine, "memory", { options, timeoutMs: TIMEOUT_MS });
  const pssOfIdle = (count: number) =>
    megabytes(rows.find((row) => row.program === IDLE && row.count === count)!.pssKib);
  console.log(
    "memory: MB each; USS are pages that no other process maps, PSS has its share of the others; one more runs besides",
  );
  await printTable(
    ["idle program", "at once", "USS", "most", "PSS", "PSS to bare"],
    rows.map(({ program, count, ussKib, pssKib }) => [
      program,
      String(count),
      figure(megabytes(ussKib)),
      figure(Math.max(...ussKib) / KIB_PER_MB),
      figure(megabytes(pssKib)),
      ratio(megabytes(pssKib), pssOfIdle(count)),
    ]),
  );
  return rows.filter(({ program }) => program === CORRAL).flatMap(({ count, ussKib, pssKib }) => [
    {
      what: `supervisor of ${count} below ${AIM_MB} MB of its own: ${figure(megabytes(ussKib))} MB`,
      met: megabytes(ussKib) < AIM_MB,
    },
    {
      what: `supervisor of ${count} within ${AIM_RATIO} x ${IDLE}: ${
        ratio(megabytes(pssKib), pssOfIdle(count))
      }`,
      met: megabytes(pssKib) <= AIM_RATIO * pssOfIdle(count),
    },
  ]);
}
