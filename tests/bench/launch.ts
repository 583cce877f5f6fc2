/** How long it takes to run `true`, once and 100 times at once: corral, what it is made of, and what people use without it. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, corralWith, figure, measure, printTable, ratio } from "./bench.ts";
import { median, p95 } from "./statistics.ts";

const ROUNDS = 30;
const WARM_UPS = 3;
const PAUSE_MS = 150;
const BURST = 100;
const BURST_ROUNDS = 3;
const BURST_PAUSE_MS = 1_000;
const TIMEOUT_MS = 300_000;
const BARE = "bare Deno binary";
const SYSTEMD_RUN = "systemd-run --scope --quiet true";
const CORRAL = "corral run --quiet -- true";
/** Of the bare Deno binary and systemd-run together: no program compiled with Deno that starts a scope can do without either. */
const AIM_RATIO = { one: 1.5, burst: 2 };

/** Times in milliseconds, by command. */
type Times = Record<string, number[]>;

type Burst = Record<string, { wallMs: number[]; cpuMs: number[] }>;

function columnOf(rows: Burst, key: "wallMs" | "cpuMs"): Times {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row[key]]));
}

/** `before` is another build of corral, to be compared in the same run. */
export interface Programs {
  corral: string;
  bare: string;
  before: string | null;
}

export async function benchLaunch(machine: Machine, { corral, bare, before }: Programs): Promise<Aim[]> {
  const run = (program: string) => corralWith(program, ["run", "--quiet", "--", "true"]);
  const compared = {
    [SYSTEMD_RUN]: ["systemd-run", "--scope", "--quiet", "true"],
    [BARE]: [bare],
    ...(before === null ? {} : { [`${CORRAL}, before`]: run(before) }),
    [CORRAL]: run(corral),
  };
  const commands = { "true": ["true"], "timeout 10 true": ["timeout", "10", "true"], ...compared };
  const one = { commands, rounds: ROUNDS, warmUps: WARM_UPS, pauseMs: PAUSE_MS };
  const times = await measure<Times>(machine, "launch", { options: one, timeoutMs: TIMEOUT_MS });
  console.log(`launch: ${ROUNDS} interleaved rounds, ms; ratio to bare Deno binary + systemd-run`);
  await printTimes(times);
  const many = { commands: compared, rounds: BURST_ROUNDS, count: BURST, pauseMs: BURST_PAUSE_MS };
  const rows = await measure<Burst>(machine, "burst", { options: many, timeoutMs: TIMEOUT_MS });
  const burst = columnOf(rows, "wallMs");
  console.log(`${BURST} launches at once: ${BURST_ROUNDS} interleaved rounds, ms until the last has ended`);
  await printTimes(burst);
  console.log("the same: ms of CPU time for each launch, with what systemd spends on it");
  await printTimes(columnOf(rows, "cpuMs"));
  return [
    aim("launch", times, AIM_RATIO.one),
    aim(`${BURST} launches at once`, burst, AIM_RATIO.burst),
  ];
}

async function printTimes(times: Times): Promise<void> {
  await printTable(
    ["command", "median", "p95", "least", "ratio"],
    Object.entries(times).map(([name, all]) => [
      name,
      figure(median(all)),
      figure(p95(all)),
      figure(Math.min(...all)),
      ratio(median(all), base(times)),
    ]),
  );
}

function base(times: Times): number {
  return median(times[BARE]!) + median(times[SYSTEMD_RUN]!);
}

function aim(what: string, times: Times, aimRatio: number): Aim {
  const corral = median(times[CORRAL]!);
  return {
    what: `${what} within ${aimRatio} x (bare Deno binary + systemd-run): ${ratio(corral, base(times))}`,
    met: corral <= aimRatio * base(times),
  };
}
