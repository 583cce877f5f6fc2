/** How long it takes to run `true`: corral, what it is made of, and what people use without it. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measure, printTable, ratio } from "./bench.ts";
import { median, p95 } from "./statistics.ts";

const ROUNDS = 30;
const WARM_UPS = 3;
const TIMEOUT_MS = 60_000;
/** Of the bare Deno binary and systemd-run together: no program compiled with Deno that starts a scope can do without either. */
const AIM_RATIO = 1.5;

export async function benchLaunch(
  machine: Machine,
  programs: { corral: string; bare: string },
): Promise<Aim> {
  const commands = {
    "true": ["true"],
    "timeout 10 true": ["timeout", "10", "true"],
    "systemd-run --scope --quiet true": ["systemd-run", "--scope", "--quiet", "true"],
    "bare Deno binary": [programs.bare],
    "corral run --quiet -- true": [programs.corral, "run", "--quiet", "--", "true"],
  };
  const options = { commands, rounds: ROUNDS, warmUps: WARM_UPS };
  type Times = Record<keyof typeof commands, number[]>;
  const times = await measure<Times>(machine, "launch", { options, timeoutMs: TIMEOUT_MS });
  const base = median(times["bare Deno binary"]) + median(times["systemd-run --scope --quiet true"]);
  console.log(`launch: ${ROUNDS} interleaved rounds, ms; ratio to bare Deno binary + systemd-run`);
  await printTable(
    ["command", "median", "p95", "ratio"],
    Object.entries(times).map(([name, all]) => [
      name,
      figure(median(all)),
      figure(p95(all)),
      ratio(median(all), base),
    ]),
  );
  const corral = median(times["corral run --quiet -- true"]);
  return {
    what: `launch within ${AIM_RATIO} x (bare Deno binary + systemd-run): ${ratio(corral, base)}`,
    met: corral <= AIM_RATIO * base,
  };
}
