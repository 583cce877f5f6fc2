/** From what is asked for to the files and lines that make it. Pure. */
import { UsageError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import { cronFile } from "./cron.ts";
import type { Places } from "./places.ts";
import type { PlannedFile, WantedInstallation } from "./plan.ts";
import { type InstallRecord, markerLine } from "./record.ts";
import { serviceUnit, type SweepUnits, timerUnit } from "./units.ts";

/** What the sweep is told besides its verb. Null is: what it finds by itself. */
export interface SweepRequest {
  /** Absolute, without symbolic links. */
  binary: string;
  stateDir: string | null;
  config: string | null;
}

/** Throws UsageError for a path that no unit file and no crontab can hold. */
export function sweepCommand({ binary, stateDir, config }: SweepRequest): string[] {
  const words = [
    binary,
    ...(stateDir === null ? [] : ["--state-dir", stateDir]),
    ...(config === null ? [] : ["--config", config]),
    "sweep",
    "--quiet",
  ];
  words.forEach(refuseControls);
  return words;
}

/** Throws UsageError for a path with a line break or another control character. */
export function refuseControls(path: string): void {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(path)) {
    throw new UsageError(`cannot install with a control character in ${quoted(path, 400)}`);
  }
}

/** A timer and its service, or cron: a file of its own for root, a line of the crontab for a user. `shared` goes with either. */
export function wantedOf(
  places: Places,
  sweep: SweepUnits,
  { byTimer, shared }: { byTimer: boolean; shared: readonly PlannedFile[] },
): WantedInstallation {
  const { directories } = sweep.record;
  const common = { places, shared, directories, units: [], cronFiles: [], crontabLine: null };
  if (byTimer) {
    const service = { path: places.service, text: serviceUnit(sweep) };
    return { ...common, units: [service, { path: places.timer, text: timerUnit(sweep) }] };
  }
  if (places.cronFile === null) return { ...common, crontabLine: sweep };
  return { ...common, cronFiles: [{ path: places.cronFile, text: cronFile(sweep) }] };
}

/** A file of the manual or of the completions. */
export interface SharedFile {
  /** Below the share directory. */
  path: string;
  text: string;
  /** Begins a comment in it. */
  commentSign: string;
}

/** The same with corral's mark, and where they go. */
export function sharedFiles(shareDir: string, files: readonly SharedFile[]): PlannedFile[] {
  return files.map(({ path, text, commentSign }) => ({
    path: `${shareDir}/${path}`,
    text: withMarker(text, commentSign),
  }));
}

/** zsh and man(1) want to see their own marks in the first line. */
function withMarker(text: string, commentSign: string): string {
  const [first = "", ...rest] = text.split("\n");
  return `${first}\n${markerLine(commentSign)}${rest.join("\n")}`;
}

/** The record of this installation: what it makes, and what the one before has made and this one goes on using. */
export function newRecord(
  shareDir: string,
  paths: readonly string[],
  directories: { missing: readonly string[]; old: InstallRecord | null },
): InstallRecord {
  const isUsed = (directory: string) => paths.some((path) => path.startsWith(`${directory}/`));
  const old = (directories.old?.directories ?? []).filter(isUsed);
  return { shareDir, directories: [...new Set([...old, ...directories.missing])].toSorted() };
}
