/** How long an overdue job lives: from its deadline to an empty cgroup, beside one write to cgroup.kill on the same tree. */
import type { Machine } from "../kit/machine/machine.ts";
import { type Aim, figure, measure, printTable, ratio } from "./bench.ts";
import { median } from "./statistics.ts";

/** Processes, and rounds: the bigger the tree, the less one round differs from the next. */
const SIZES = [[10, 9], [300, 7], [3000, 3]] as const;
const GRACE_MS = 200;
const TIMEOUT_MS = 110_000;
const AIM_RATIO = 1.3;

interface Ending {
  /** Both from the deadline. */
  beganMs: number;
  emptyMs: number;
}

interface Row {
  processes: number;
  bare: number[];
  ignoring: Ending[];
  obeying: Ending[];
}

export async function benchKill(machine: Machine, corral: string): Promise<Aim[]> {
  const options = { corral, nasty: machine.nasty, sizes: SIZES, graceMs: GRACE_MS };
  const rows = await measure<Row[]>(machine, "kill", { options, timeoutMs: TIMEOUT_MS });
  const lines = rows.flatMap((row) => {
    const bareMs = median(row.bare);
    return [
      [`${row.processes}, cgroup.kill alone`, "-", figure(bareMs), "-", "1.00"],
      endingLine(`${row.processes}, corral, TERM ignored`, row.ignoring, { bareMs, graceMs: GRACE_MS }),
      endingLine(`${row.processes}, corral, TERM obeyed`, row.obeying, { bareMs, graceMs: 0 }),
    ];
  });
  console.log(`kill: deadline to empty cgroup, median ms; grace ${GRACE_MS} ms where TERM is ignored`);
  await printTable(["processes", "acted after", "empty after", "less grace", "ratio"], lines);
  return rows.map(({ processes, bare, ignoring }) => {
    const aimMs = AIM_RATIO * median(bare) + GRACE_MS;
    const emptyMs = median(ignoring.map((ending) => ending.emptyMs));
    return {
      what: `${processes} processes gone within ${AIM_RATIO} x cgroup.kill alone + grace (${
        figure(aimMs)
      } ms): ${figure(emptyMs)} ms`,
      met: emptyMs <= aimMs,
    };
  });
}

function endingLine(
  title: string,
  endings: readonly Ending[],
  { bareMs, graceMs }: { bareMs: number; graceMs: number },
): string[] {
  const emptyMs = median(endings.map((ending) => ending.emptyMs));
  const ownMs = emptyMs - graceMs;
  const beganMs = median(endings.map((ending) => ending.beganMs));
  return [title, figure(beganMs), figure(emptyMs), figure(ownMs), ratio(ownMs, bareMs)];
}
