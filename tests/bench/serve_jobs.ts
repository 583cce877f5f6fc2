/** What `corral serve` costs beside a thousand live jobs with five pages open: at rest, and while jobs begin and end. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measureWith, printTable } from "./bench.ts";

/** Where the machine has the measuring program of this benchmark. */
export const MEASURE_SERVE_PROGRAM = "/usr/local/lib/corral-test/measure_serve.py";
const LIVE = 1_000;
const PAGES = 5;
const REST_S = 60;
const CHURN_S = 600;
const CHURN_PER_S = 20;
const TIMEOUT_MS = 1_800_000;
const AIM_PERCENT = 10;
const AIM_MB = 150;
/** Of the second half of the churn; more is growth. */
const AIM_GROWTH_MB = 5;

/** Share of one core, and PSS at the beginning, in the middle and at the end. */
interface Cost {
  percent: number;
  firstMb: number;
  halfMb: number;
  lastMb: number;
}

export async function benchServeJobs(machine: Machine, corral: string): Promise<Aim[]> {
  const options = {
    corral,
    live: LIVE,
    pages: PAGES,
    restS: REST_S,
    churnS: CHURN_S,
    churnPerS: CHURN_PER_S,
  };
  const { rest, churn } = await measureWith<{ rest: Cost; churn: Cost }>(
    machine,
    [MEASURE_SERVE_PROGRAM, JSON.stringify(options)],
    TIMEOUT_MS,
  );
  console.log(
    `serve beside ${LIVE} live jobs, ${PAGES} pages open; then ${CHURN_PER_S} jobs a second begin and end`,
  );
  await printTable(
    ["", "% of a core", "first MB", "half-way", "last MB"],
    Object.entries({ rest, churn }).map(([name, { percent, firstMb, halfMb, lastMb }]) => [
      name,
      ...[percent, firstMb, halfMb, lastMb].map(figure),
    ]),
  );
  return [
    {
      what: `serve beside ${LIVE} jobs under ${AIM_PERCENT} % of a core: ${figure(rest.percent)} %`,
      met: rest.percent < AIM_PERCENT,
    },
    { what: `and under ${AIM_MB} MB: ${figure(rest.lastMb)} MB`, met: rest.lastMb < AIM_MB },
    {
      what: `its memory does not grow with endings: ${figure(churn.lastMb - churn.halfMb)} MB`,
      met: churn.lastMb - churn.halfMb < AIM_GROWTH_MB,
    },
  ];
}
