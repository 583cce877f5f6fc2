/** Readers of cgroup2 file formats (kernel: Documentation/admin-guide/cgroup-v2.rst, "Format"). Pure. */
import { ParseError } from "../errors.ts";

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

/** "nested keyed" io.stat, summed over devices: bytes read and written. Null when no device is listed. Throws ParseError. */
export function parseIoStat(text: string, path: string): { readBytes: number; writtenBytes: number } | null {
  const sum = { readBytes: 0, writtenBytes: 0 };
  let devices = 0;
  for (const line of text.split("\n")) {
    // A device without statistics is listed by its number alone since Linux 5.18.
    if (!line.includes("=")) continue;
    devices++;
    for (const pair of line.split(" ").slice(1)) {
      const [key, value = ""] = pair.split("=");
      if (key === "rbytes") sum.readBytes += parseCount(value, path);
      if (key === "wbytes") sum.writtenBytes += parseCount(value, path);
    }
  }
  return devices === 0 ? null : sum;
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
