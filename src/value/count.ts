/** Whole numbers on the command line: task limits, weights, process ids, rows. */
import { ValueError } from "../base/errors.ts";
import { noLimitRemark, propertyRemark } from "../base/meanings.ts";

/** PIDS_MAX of the kernel on 64 bit (include/linux/threads.h): pids.max refuses more. */
const MAX_TASKS = 4_194_304;
/** cpu.weight, cgroup-v2.rst. */
const MAX_WEIGHT = 10_000;
const MAX_ROWS = 1_000_000_000;

/** A task limit, 1..4194304. Throws ValueError. */
export function parseTasks(text: string): number {
  return parseCount(text, "number of tasks", MAX_TASKS);
}

/** A CPU weight, 1..10000. Throws ValueError. */
export function parseWeight(text: string): number {
  return parseCount(text, "weight", MAX_WEIGHT);
}

/** A process id, 1..4194304: the kernel gives out lower ones only (PID_MAX_LIMIT). Throws ValueError. */
export function parsePid(text: string): number {
  return parseCount(text, "process id", MAX_TASKS);
}

/** A number of rows, 1..1000000000. Throws ValueError. */
export function parseRows(text: string): number {
  return parseCount(text, "number of rows", MAX_ROWS);
}

/** A number of lines, 0..1000000000. Throws ValueError. */
export function parseLines(text: string): number {
  return /^0+$/.test(text) ? 0 : parseCount(text, "number of lines", MAX_ROWS);
}

/** How often a table is shown, 1..1000000000. Throws ValueError. */
export function parseRefreshes(text: string): number {
  return parseCount(text, "number of tables", MAX_ROWS);
}

const MAX_PRIORITY = 1_000;
const MAX_TIMES = 1_000;

/** A priority, -1000..1000. Throws ValueError. */
export function parsePriority(text: string): number {
  if (/^-?\d+$/.test(text) && Math.abs(Number(text)) <= MAX_PRIORITY) return Number(text);
  const offset = Math.max(0, text.search(/(?!^-)[^0-9]/));
  const accepted = [`a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}`];
  throw new ValueError({ kind: "priority", input: text, offset, accepted });
}

/** How many jobs at once, 0..4194304. Throws ValueError. */
export function parseSlots(text: string): number {
  return /^0+$/.test(text) ? 0 : parseCount(text, "number of jobs", MAX_TASKS);
}

/** How often, 0..1000. Throws ValueError. */
export function parseTimes(text: string): number {
  return /^0+$/.test(text) ? 0 : parseCount(text, "number of times", MAX_TIMES);
}

function parseCount(input: string, kind: string, max: number): number {
  const wrong = /[^0-9]/.exec(input);
  const accepted = [`a whole number from 1 to ${max}`];
  if (wrong !== null || input === "") {
    const reason = propertyRemark(input) ?? noLimitRemark(input);
    throw new ValueError({ kind, input, offset: wrong?.index ?? 0, accepted, reason });
  }
  const value = Number(input);
  if (value >= 1 && value <= max) return value;
  throw new ValueError({
    kind,
    input,
    offset: 0,
    accepted,
    reason: value < 1 ? "it is zero" : "it is too large",
  });
}
