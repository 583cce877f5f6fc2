/** What the three benchmarks have in common. */
import { basename } from "node:path";
import type { Machine } from "../kit/machine/machine.ts";
import { type Column, renderTable } from "../../src/view/table.ts";

/** Where the machine has the measuring program. */
export const MEASURE_PROGRAM = "/usr/local/lib/corral-test/measure.py";
/** An aim, and whether this run met it. */
export interface Aim {
  what: string;
  met: boolean;
}

/** The words of corral and where it keeps its store: two builds in one would have the older one refuse what the newer has written. */
export function corralWith(program: string, words: readonly string[]): string[] {
  return [program, "--state-dir", `/var/lib/bench-${basename(program)}`, ...words];
}

/** Runs one phase of measure.py. Throws with its words when it fails. */
export async function measure<T>(
  machine: Machine,
  phase: string,
  { options, timeoutMs }: { options: unknown; timeoutMs: number },
): Promise<T> {
  return await measureWith(machine, [MEASURE_PROGRAM, phase, JSON.stringify(options)], timeoutMs);
}

/** Runs a measuring program of Python's that prints JSON. Throws with its words when it fails. */
export async function measureWith<T>(
  machine: Machine,
  words: readonly string[],
  timeoutMs: number,
): Promise<T> {
  const { code, stdout, stderr } = await machine.exec(["python3", ...words], { timeoutMs });
  if (code !== 0) throw new Error(`Cannot measure ${words[0]}: exit code ${code}\n${stderr}`);
  return JSON.parse(stdout);
}

/** The first column is words, all others are numbers. */
export async function printTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const columns = titles.map((title, index): Column => ({
    key: String(index),
    title,
    align: index === 0 ? "left" : "right",
  }));
  const cells = rows.map((row) => Object.fromEntries(row.map((cell, index) => [String(index), cell])));
  const table = await renderTable(columns, cells, { widthColumns: null, colour: false });
  console.log(table);
}

/** A duration or size with as many digits as it deserves. */
export function figure(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}

export function ratio(value: number, base: number): string {
  return (value / base).toFixed(2);
}
