/** Writes the sweep as a line of crontab(5): for root in a file of its own, for another user in that user's crontab. */
import { UsageError } from "../../base/errors.ts";
import { formatDurationExact } from "../../value/duration.ts";
import { quoted } from "../../base/text.ts";
import { type InstallRecord, isMarked, markerLine, recordLine } from "./record.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Intervals that cron keeps exactly: they divide an hour (in minutes) or a day (in hours). */
const divisors = (whole: number) =>
  Array.from({ length: whole - 1 }, (_, index) => index + 1).filter((part) => whole % part === 0);

/** Returns the five fields. Throws UsageError for an interval that cron cannot keep; the error names the possible ones. */
export function cronSchedule(everyMs: number): string {
  const minutes = divisors(60).find((count) => count * MINUTE_MS === everyMs);
  if (minutes !== undefined) return minutes === 1 ? "* * * * *" : `*/${minutes} * * * *`;
  const hours = divisors(24).find((count) => count * HOUR_MS === everyMs);
  if (hours !== undefined) return hours === 1 ? "0 * * * *" : `0 */${hours} * * *`;
  if (everyMs === 24 * HOUR_MS) return "0 0 * * *";
  const can = [
    ...divisors(60).map((count) => `${count}m`),
    ...divisors(24).map((count) => `${count}h`),
    "1d",
  ];
  throw new UsageError(
    `--sweep-every: cron cannot run something every ${formatDurationExact(everyMs)} exactly, but every ${
      can.join(", ")
    }`,
  );
}

/**
 * Returns the command line for cron: each word is quoted for its shell, and each percent sign, which ends a line for cron, is escaped.
 * Throws UsageError for a word with a backslash: some crons remove one before a percent sign, some before another backslash too.
 */
export function cronCommand(argv: readonly string[]): string {
  return argv.map((word) => {
    if (word.includes("\\")) throw new UsageError(`cron cannot be given a backslash: ${quoted(word)}`);
    const plain = /^[\w/.:=@+,%-]+$/.test(word);
    return (plain ? word : `'${word.replaceAll("'", "'\"'\"'")}'`).replaceAll("%", "\\%");
  }).join(" ");
}

/** The parts of a cron line. */
export interface SweepLine {
  argv: readonly string[];
  everyMs: number;
  record: InstallRecord;
}

/** Returns a file for /etc/cron.d, where each line names the user. */
export function cronFile({ argv, everyMs, record }: SweepLine): string {
  return `${markerLine("#")}${recordLine(record)}${cronSchedule(everyMs)} root ${cronCommand(argv)}\n`;
}

/** Returns the crontab with the sweep in it exactly once. All other lines stay as they are. */
export function withSweep(crontab: string, { argv, everyMs, record }: SweepLine): string {
  const lines = `${markerLine("#")}${recordLine(record)}${cronSchedule(everyMs)} ${cronCommand(argv)}\n`;
  const start = markedLines(crontab);
  const rest = withoutSweep(crontab);
  if (start === null) return `${rest}${rest === "" || rest.endsWith("\n") ? "" : "\n"}${lines}`;
  const before = crontab.split("\n").slice(0, start.from).map((line) => `${line}\n`).join("");
  return before + lines + rest.slice(before.length);
}

/** Returns the crontab without the sweep. All other lines stay as they are. */
export function withoutSweep(crontab: string): string {
  const marked = markedLines(crontab);
  if (marked === null) return crontab;
  return crontab.split("\n").toSpliced(marked.from, marked.count).join("\n");
}

/** Finds marker, record and line of the sweep; after an edit of the crontab, as many of them as still follow each other. */
function markedLines(crontab: string): { from: number; count: number } | null {
  const lines = crontab.split("\n");
  const from = lines.findIndex((line) => line.startsWith("#") && isMarked(line));
  if (from < 0) return null;
  const record = lines[from + 1]?.startsWith("# record: ") ? 1 : 0;
  const sweep = / sweep --quiet$/.test(lines[from + 1 + record] ?? "") ? 1 : 0;
  return { from, count: 1 + record + sweep };
}
