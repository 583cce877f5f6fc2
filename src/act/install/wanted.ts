/** Returns the files and lines that make up the requested installation. Pure. */
import { UsageError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import { cronFile } from "./cron.ts";
import { type Places, sharedPath } from "./places.ts";
import type { PlannedFile, WantedInstallation } from "./plan.ts";
import { type InstallRecord, markerLine } from "./record.ts";
import { serviceUnit, type SweepUnits, timerUnit } from "./units.ts";

/** Global options of the sweep. Null leaves one to its default. */
export interface SweepRequest {
  /** The binary: absolute, without symbolic links. */
  binary: string;
  stateDir: string | null;
  config: string | null;
}

/** Returns the command line of the sweep. Throws UsageError for a path that no unit file and no crontab can hold. */
export function sweepCommand(request: SweepRequest): string[] {
  return commandWith(request, ["sweep", "--quiet"]);
}

/** The same of `corral serve`. */
export function serveCommand(request: SweepRequest): string[] {
  return commandWith(request, ["serve"]);
}

function commandWith({ binary, stateDir, config }: SweepRequest, verb: readonly string[]): string[] {
  const words = [
    binary,
    ...(stateDir === null ? [] : ["--state-dir", stateDir]),
    ...(config === null ? [] : ["--config", config]),
    ...verb,
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

/** Returns a timer and its service, or cron: root's own file, or a line of the user's crontab. `shared` goes with either. */
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
  /** The path below the share directory. */
  path: string;
  text: string;
  /** The sign that begins a comment in it. */
  commentSign: string;
}

/** Returns the files with corral's marker and their absolute paths. */
export function sharedFiles(shareDir: string, files: readonly SharedFile[]): PlannedFile[] {
  return files.map(({ path, text, commentSign }) => ({
    path: sharedPath(shareDir, path),
    text: withMarker(text, commentSign),
  }));
}

/** Puts the marker below the first line, where zsh and man(1) expect their own. */
function withMarker(text: string, commentSign: string): string {
  const [first = "", ...rest] = text.split("\n");
  return `${first}\n${markerLine(commentSign)}${rest.join("\n")}`;
}

/** Returns the record of this installation: what it makes, and what it goes on using of the one before. */
export function newRecord(
  shareDir: string,
  paths: readonly string[],
  directories: { missing: readonly string[]; old: InstallRecord | null },
): InstallRecord {
  const isUsed = (directory: string) => paths.some((path) => path.startsWith(`${directory}/`));
  const old = (directories.old?.directories ?? []).filter(isUsed);
  return { shareDir, directories: [...new Set([...old, ...directories.missing])].toSorted() };
}
