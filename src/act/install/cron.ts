/** The sweep as a line of crontab(5): in a file of its own for root, in the user's crontab for a user. */
import { UsageError } from "../../base/errors.ts";
import { formatDurationExact } from "../../value/duration.ts";
import { quoted } from "../../base/text.ts";
import { type InstallRecord, isMarked, markerLine, recordLine } from "./record.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What cron can do exactly: what divides an hour or a day. In minutes and hours. */
const divisors = (whole: number) =>
  Array.from({ length: whole - 1 }, (_, index) => index + 1).filter((part) => whole % part === 0);

/** The five fields. Throws UsageError for an interval that cron cannot keep, naming those it can. */
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
 * What cron runs: for its shell each word is quoted, and a percent sign, which to cron is the end of the line, escaped. Throws UsageError
 * for a word with a backslash: some crons take one away before a percent sign, some before another backslash too.
 */
export function cronCommand(argv: readonly string[]): string {
  return argv.map((word) => {
    if (word.includes("\\")) throw new UsageError(`cron cannot be given a backslash: ${quoted(word)}`);
    const plain = /^[\w/.:=@+,%-]+$/.test(word);
    return (plain ? word : `'${word.replaceAll("'", "'\"'\"'")}'`).replaceAll("%", "\\%");
  }).join(" ");
}

/** What a cron line is made of. */
export interface SweepLine {
  argv: readonly string[];
  everyMs: number;
  record: InstallRecord;
}

/** A file for /etc/cron.d, whose lines name the user. */
export function cronFile({ argv, everyMs, record }: SweepLine): string {
  return `${markerLine("#")}${recordLine(record)}${cronSchedule(everyMs)} root ${cronCommand(argv)}\n`;
}

/** The crontab with the sweep in it, once. All other lines stay as they are. */
export function withSweep(crontab: string, { argv, everyMs, record }: SweepLine): string {
  const lines = `${markerLine("#")}${recordLine(record)}${cronSchedule(everyMs)} ${cronCommand(argv)}\n`;
  const start = markedLines(crontab);
  const rest = withoutSweep(crontab);
  if (start === null) return `${rest}${rest === "" || rest.endsWith("\n") ? "" : "\n"}${lines}`;
  const before = crontab.split("\n").slice(0, start.from).map((line) => `${line}\n`).join("");
  return before + lines + rest.slice(before.length);
}

/** The crontab without the sweep. All other lines stay as they are. */
export function withoutSweep(crontab: string): string {
  const marked = markedLines(crontab);
  if (marked === null) return crontab;
  return crontab.split("\n").toSpliced(marked.from, marked.count).join("\n");
}

/** The marker, the record and the line itself; where somebody has taken one of them away, only what is left of them. */
function markedLines(crontab: string): { from: number; count: number } | null {
  const lines = crontab.split("\n");
  const from = lines.findIndex((line) => line.startsWith("#") && isMarked(line));
  if (from < 0) return null;
  const record = lines[from + 1]?.startsWith("# record: ") ? 1 : 0;
  const sweep = / sweep --quiet$/.test(lines[from + 1 + record] ?? "") ? 1 : 0;
  return { from, count: 1 + record + sweep };
}
