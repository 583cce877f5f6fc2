/** Short jobs through a pool beside task-spooler and GNU parallel, and what waiting for a slot costs. */
import { join } from "node:path";
import { runCommand } from "../kit/machine/command.ts";
import { type Aim, figure, printTable, ratio } from "./bench.ts";

const JOBS = 1_000;
const SLOTS = 8;
const WAITERS = 100;
/** So long their use is added up. */
const IDLE_S = 20;
const TIMEOUT_MS = 1_200_000;
/** From the end of a job to the start of the next. */
const AIM_NEXT_MS = 150;
/** Of the waiters, by the end of one job: the one whose turn it is. */
const AIM_WOKEN = 1;
const KIB_PER_MB = 1_000_000 / 1024;

interface Found {
  /** Way of running all of them to the time that it took. */
  seconds: Record<string, number>;
  waiters: {
    /** CPU over IDLE_S, of one waiter on average and of the one supervisor. */
    restMs: number;
    supervisorRestMs: number;
    pssKib: number;
    supervisorPssKib: number;
    nextMs: number;
    woken: number;
  };
}

/** On this machine, with plain cgroups. */
export async function benchQueue(corral: string): Promise<Aim[]> {
  const options = { corral, jobs: JOBS, slots: SLOTS, waiters: WAITERS, idleS: IDLE_S };
  const program = join(import.meta.dirname!, "measure_queue.py");
  const { seconds, waiters }: Found = JSON.parse(
    await runCommand(["python3", program, JSON.stringify(options)], { timeoutMs: TIMEOUT_MS }),
  );
  const least = Math.min(...Object.values(seconds));
  console.log(`queue: ${JOBS} jobs of 0.1 s, ${SLOTS} at a time`);
  await printTable(
    ["", "s", "ratio"],
    Object.entries(seconds).map(([way, took]) => [way, figure(took), ratio(took, least)]),
  );
  const { restMs, supervisorRestMs, pssKib, supervisorPssKib, nextMs, woken } = waiters;
  console.log(`${WAITERS} waiters; CPU in ${IDLE_S} s, ms, and PSS, MB`);
  await printTable(["", "CPU", "PSS"], [
    ["a waiter", figure(restMs), figure(pssKib / KIB_PER_MB)],
    ["a supervisor", figure(supervisorRestMs), figure(supervisorPssKib / KIB_PER_MB)],
  ]);
  return [
    {
      what: `the next of ${WAITERS} starts within ${AIM_NEXT_MS} ms: ${figure(nextMs)} ms`,
      met: nextMs <= AIM_NEXT_MS,
    },
    { what: `it alone is woken: ${woken}`, met: woken <= AIM_WOKEN },
    {
      what: `a waiter costs no more memory than a supervisor: ${ratio(pssKib, supervisorPssKib)}`,
      met: pssKib <= supervisorPssKib,
    },
  ];
}
