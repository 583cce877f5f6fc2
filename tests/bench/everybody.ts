/** What root's `ps` takes over the jobs of all users: each has a process of its own that reads that user's store. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measureWith, printTable } from "./bench.ts";
import { median } from "./statistics.ts";

/** Where the machine has the measuring program of this benchmark. */
export const MEASURE_EVERYBODY_PROGRAM = "/usr/local/lib/corral-test/measure_everybody.py";
const USERS = 50;
const JOBS = 20;
const ROUNDS = 9;
const WARM_UPS = 2;
const TIMEOUT_MS = 300_000;
const AIM_MS = 1_500;

/** Makes users that stay on the machine: the last benchmark there. */
export async function benchEverybody(machine: Machine, corral: string): Promise<Aim> {
  const options = { corral, users: USERS, jobs: JOBS, rounds: ROUNDS, warmUps: WARM_UPS };
  const { wallMs, cpuMs } = await measureWith<{ wallMs: number[]; cpuMs: number[] }>(
    machine,
    [MEASURE_EVERYBODY_PROGRAM, JSON.stringify(options)],
    TIMEOUT_MS,
  );
  console.log(`root's ps over ${USERS} users with ${JOBS} live jobs each, median ms`);
  await printTable(["", "on the clock", "of all cores"], [[
    "corral ps",
    figure(median(wallMs)),
    figure(median(cpuMs)),
  ]]);
  return {
    what: `root's ps over ${USERS} x ${JOBS} jobs within ${AIM_MS} ms: ${figure(median(wallMs))} ms`,
    met: median(wallMs) <= AIM_MS,
  };
}
