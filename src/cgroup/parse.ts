/** Readers of cgroup2 file formats (kernel: Documentation/admin-guide/cgroup-v2.rst, "Format"). Pure. */
import { ParseError } from "../base/errors.ts";
import { type IoDevice, type MemorySplit, splitOf } from "../job/usage.ts";

/** "flat keyed" files, `KEY VALUE\n` each: cpu.stat, memory.events, memory.stat, cgroup.events. Throws ParseError. */
export function parseFlatKeyed(text: string, path: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const space = line.indexOf(" ");
    if (space < 1) throw new ParseError(`is not KEY VALUE: ${JSON.stringify(line)}`, { path });
    values.set(line.slice(0, space), parseCount(line.slice(space + 1), path));
  }
  return values;
}

/**
 * One value of a "flat keyed" file; null when the key is not there. For repeated reads of a few keys of many (memory.stat has 60).
 * Throws ParseError.
 */
export function parseKey(text: string, key: string, path: string): number | null {
  const head = `${key} `;
  const start = text.startsWith(head) ? 0 : text.indexOf(`\n${head}`) + 1;
  if (start === 0 && !text.startsWith(head)) return null;
  const end = text.indexOf("\n", start);
  return parseCount(text.slice(start + head.length, end < 0 ? text.length : end), path);
}

/** A whole number, as in memory.peak. Throws ParseError. */
export function parseCount(text: string, path: string): number {
  const trimmed = text.trim();
  if (!/^\d+$/.test(trimmed)) {
    throw new ParseError(`is not a whole number: ${JSON.stringify(trimmed)}`, { path });
  }
  return Number(trimmed);
}

/** A limit, as in memory.max: a whole number, or null for `max`. Throws ParseError. */
export function parseLimit(text: string, path: string): number | null {
  return text.trim() === "max" ? null : parseCount(text, path);
}

/** cpu.max: quota and period in microseconds, quota null for `max`. Throws ParseError. */
export function parseCpuMax(text: string, path: string): { quotaUsec: number | null; periodUsec: number } {
  const [quota = "", period = ""] = text.trim().split(" ");
  return { quotaUsec: parseLimit(quota, path), periodUsec: parseCount(period, path) };
}

/** "nested keyed" io.stat: every device that did anything, in the file's order. Names are the caller's to know. Throws ParseError. */
export function parseIoStat(text: string, path: string): IoDevice[] {
  return text.split("\n").flatMap((line) => {
    const [device = "", ...pairs] = line.trim().split(" ");
    // A device without statistics is listed by its number alone since Linux 5.18.
    if (pairs.length === 0) return [];
    const figures = new Map(pairs.map((pair) => ioFigure(pair, path)));
    return [{
      device,
      name: null,
      readBytes: figures.get("rbytes") ?? 0,
      writtenBytes: figures.get("wbytes") ?? 0,
      readOperations: figures.get("rios") ?? 0,
      writeOperations: figures.get("wios") ?? 0,
    }];
  });
}

/** Other controllers add figures of their own, such as io.latency's `depth=max`: 0, which no caller reads. */
function ioFigure(pair: string, path: string): [key: string, value: number] {
  const equals = pair.indexOf("=");
  if (equals < 1) throw new ParseError(`is not KEY=VALUE: ${JSON.stringify(pair)}`, { path });
  const key = pair.slice(0, equals);
  return [key, IO_FIGURES.has(key) ? parseCount(pair.slice(equals + 1), path) : 0];
}

const IO_FIGURES = new Set(["rbytes", "wbytes", "rios", "wios"]);

/** memory.stat. Throws ParseError. */
export function parseMemorySplit(text: string, path: string): MemorySplit {
  return splitOf((kind) => parseKey(text, kind, path));
}

/** One line of PSI (Documentation/accounting/psi.rst): share of the last 10 s in per cent, total in microseconds. */
export interface Pressure {
  someAvg10Percent: number;
  someTotalUsec: number;
  fullTotalUsec: number | null;
}

/** cpu.pressure, memory.pressure, io.pressure. Null when the file holds nothing readable (PSI off). */
export function parsePressure(text: string): Pressure | null {
  const some = /^some avg10=([\d.]+).* total=(\d+)$/m.exec(text);
  const full = /^full .* total=(\d+)$/m.exec(text);
  if (!some) return null;
  return {
    someAvg10Percent: Number(some[1]),
    someTotalUsec: Number(some[2]),
    fullTotalUsec: full ? Number(full[1]) : null,
  };
}
