/** Decides the steps of an installation from what is wanted and what exists. Pure: nothing here touches the node. */
import { SetupError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import { basename } from "node:path";
import { type SweepLine, withoutSweep, withSweep } from "./cron.ts";
import { type Places, SERVICE, TIMER } from "./places.ts";
import { type InstallRecord, withoutMarks } from "./record.ts";

/** One file as it should become. */
export interface PlannedFile {
  path: string;
  text: string;
}

/** The entry at a path. A `foreign` one was not made by corral; a `masked` unit is a link to /dev/null. */
export type FileState = { is: "ours"; text: string } | { is: "foreign" } | { is: "masked" };

/** A package's units on this node: their text by the name of the unit. */
export type Packaged = ReadonlyMap<string, string>;

/** The present state of the node. */
export interface Found {
  /** The entries by path, without the paths that do not exist. */
  files: ReadonlyMap<string, FileState>;
  /** The user's crontab, empty when there is none; null for root, and where there is no crontab(1). */
  crontab: string | null;
  /** The timer is enabled and active, and systemd knows both units as they lie there. */
  timerIsOn: boolean;
  /** The record of the last installation; null when there was none. */
  record: InstallRecord | null;
  /** The units of the package that this binary belongs to; null for a binary of no package. */
  packaged: Packaged | null;
  /** That package's timer is enabled or active, also where a file in /etc takes its place. */
  packagedTimerIsUsed: boolean;
}

/** The state that the installation should reach. */
export interface WantedInstallation {
  places: Places;
  /** The timer's two units; empty with cron. */
  units: readonly PlannedFile[];
  /** The file in cron's own directory; empty with a timer or a crontab. */
  cronFiles: readonly PlannedFile[];
  /** The sweep in the user's crontab; null with a timer and for root. */
  crontabLine: SweepLine | null;
  /** Manual and completions. */
  shared: readonly PlannedFile[];
  /** The directories of the new record. */
  directories: readonly string[];
}

/** One step. After a step with `ifThere` or `mayFail` the next one is taken even if it failed. */
export type InstallStep =
  | { do: "write"; path: string; text: string }
  | { do: "remove"; path: string; ifThere: boolean }
  | { do: "removeEmptyDirectory"; path: string }
  /** For the stores of all users: any may make a directory in it, and none take away another's. */
  | { do: "makeUsersDirectory"; path: string }
  | { do: "setCrontab"; text: string }
  | { do: "systemctl"; args: readonly string[]; mayFail: boolean };

/** Returns the steps from the present state to the wanted one; none when they are the same. Throws SetupError for a foreign file in the way. */
export function installPlan(wanted: WantedInstallation, found: Found): InstallStep[] {
  const { places, cronFiles, shared, directories } = wanted;
  const units = wanted.units.filter((unit) => !isPackaged(unit, found));
  const files = [...units, ...cronFiles, ...shared];
  for (const { path } of files) refuseForeign(path, found);
  const kept = new Set(files.map(({ path }) => path));
  return [
    ...files.filter(({ path, text }) => ourText(found, path) !== text).map((file) => write(file)),
    ...(wanted.units.length > 0 ? startTimer(places, units, found) : removeTimer(places, found)),
    ...crontabActs(wanted, found),
    ...removeOurs(
      [places.cronFile, ...sharedIn(places, found)].filter((path) => path !== null && !kept.has(path)),
      found,
    ),
    ...removeDirectories(found.record, new Set(directories)),
  ];
}

/** Returns the steps that remove what corral has made, and nothing else. */
export function uninstallPlan(places: Places, found: Found): InstallStep[] {
  const acts: InstallStep[] = [
    ...removeTimer(places, found),
    ...crontabActs({ crontabLine: null }, found),
    ...removeOurs([places.cronFile, ...sharedIn(places, found)], found),
  ];
  return [...acts, ...removeDirectories(found.record, new Set())];
}

/** Lists the paths with a foreign entry. */
export function foreignPaths(found: Found): string[] {
  return [...found.files].filter(([, { is }]) => is !== "ours").map(([path]) => path);
}

/** Lists the existing files of manual and completions, of this installation and of the last one. */
function sharedIn({ service, timer, cronFile }: Places, found: Found): string[] {
  return [...found.files.keys()].filter((path) => ![service, timer, cronFile].includes(path));
}

/** True for a unit that a package has brought word for word: a copy in /etc would outlive the package's next version. */
function isPackaged({ path, text }: PlannedFile, { packaged }: Found): boolean {
  return packaged?.get(basename(path)) === withoutMarks(text);
}

function refuseForeign(path: string, found: Found): void {
  const state = found.files.get(path);
  if (state === undefined || state.is === "ours") return;
  const remedy = state.is === "masked"
    ? `systemctl unmask ${SERVICE} ${TIMER}`
    : "move it away, then try again";
  throw new SetupError(`${quoted(path, 400)} is there and was not made by corral install`, remedy);
}

function ourText(found: Found, path: string): string | null {
  const state = found.files.get(path);
  return state?.is === "ours" ? state.text : null;
}

function write({ path, text }: PlannedFile): InstallStep {
  return { do: "write", path, text };
}

/** Returns the steps that start the timer of these units and, where they do not have one, of the package's; ours in place of that go first. */
function startTimer(places: Places, units: readonly PlannedFile[], found: Found): InstallStep[] {
  const written = units.filter(({ path, text }) => ourText(found, path) !== text).map(({ path }) => path);
  const inPlace = [places.service, places.timer].filter((path) => !units.some((unit) => unit.path === path));
  const gone = removeOurs(inPlace, found);
  const changed = [...written, ...inPlace.filter((path) => ourText(found, path) !== null)];
  if (found.timerIsOn && changed.length === 0) return [];
  const reload = systemctl("daemon-reload");
  if (found.timerIsOn && !changed.includes(places.timer)) return [...gone, reload];
  return [...gone, reload, systemctl("enable", "--quiet", TIMER), systemctl("restart", TIMER)];
}

/** Returns the steps that stop and remove the timer. A sweep that runs at this moment ends by itself. */
function removeTimer({ service, timer, timerLink }: Places, found: Found): InstallStep[] {
  const ours = [service, timer].filter((path) => ourText(found, path) !== null);
  const isStarted = ours.includes(timer) || found.packagedTimerIsUsed;
  if (ours.length === 0 && !isStarted) return [];
  const mayFail = { mayFail: true };
  return [
    ...(isStarted ? [{ ...systemctl("disable", "--quiet", "--now", TIMER), ...mayFail }] : []),
    ...removeOurs(ours, found),
    // `disable` removes it, unless there is no manager to ask.
    ...(isStarted ? [{ do: "remove", path: timerLink, ifThere: true } as const] : []),
    { ...systemctl("daemon-reload"), ...mayFail },
    // Otherwise systemd would list a failed last sweep for ever.
    { ...systemctl("reset-failed", "--quiet", SERVICE), ...mayFail },
  ];
}

function crontabActs(
  { crontabLine }: Pick<WantedInstallation, "crontabLine">,
  { crontab }: Found,
): InstallStep[] {
  if (crontab === null) return [];
  const text = crontabLine === null ? withoutSweep(crontab) : withSweep(crontab, crontabLine);
  return text === crontab ? [] : [{ do: "setCrontab", text }];
}

/** Returns the steps that remove directories of the last installation that this one does not use, the deepest first. */
function removeDirectories(record: InstallRecord | null, used: ReadonlySet<string>): InstallStep[] {
  return (record?.directories ?? []).filter((path) => !used.has(path)).toSorted((a, b) => b.length - a.length)
    .map((path) => ({ do: "removeEmptyDirectory", path }));
}

function removeOurs(paths: readonly (string | null)[], found: Found): InstallStep[] {
  return paths.filter((path) => path !== null && ourText(found, path) !== null)
    .map((path) => ({ do: "remove", path: path!, ifThere: false }));
}

function systemctl(...args: string[]): Extract<InstallStep, { do: "systemctl" }> {
  return { do: "systemctl", args, mayFail: false };
}
