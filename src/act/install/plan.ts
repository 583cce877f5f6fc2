/** What is to be done, decided from what is wanted and what is there. Pure: nothing here touches the node. */
import { SetupError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import { type SweepLine, withoutSweep, withSweep } from "./cron.ts";
import { type Places, SERVICE, TIMER } from "./places.ts";
import type { InstallRecord } from "./record.ts";

/** One file as it should be. */
export interface PlannedFile {
  path: string;
  text: string;
}

/** What lies at a path. `foreign` is whatever corral has not made; a `masked` unit is a link to /dev/null. */
export type FileState = { is: "ours"; text: string } | { is: "foreign" } | { is: "masked" };

/** What is there. */
export interface Found {
  /** By path; a path at which there is nothing is not in it. */
  files: ReadonlyMap<string, FileState>;
  /** The user's crontab, empty when there is none; null for root, and where there is no crontab(1). */
  crontab: string | null;
  /** The timer is enabled and active, and systemd knows both units as they lie there. */
  timerIsOn: boolean;
  /** Of the last installation; null when there was none. */
  record: InstallRecord | null;
}

/** What is wanted. */
export interface WantedInstallation {
  places: Places;
  /** Of the timer's two units, none with cron. */
  units: readonly PlannedFile[];
  /** Of cron's own directory, none with a timer or a crontab. */
  cronFiles: readonly PlannedFile[];
  /** For the user's crontab; null with a timer and for root. */
  crontabLine: SweepLine | null;
  /** Manual and completions. */
  shared: readonly PlannedFile[];
  /** Of the new record. */
  directories: readonly string[];
}

/** One step. `ifThere` and `mayFail`: whatever comes of it, the next step is taken. */
export type InstallStep =
  | { do: "write"; path: string; text: string }
  | { do: "remove"; path: string; ifThere: boolean }
  | { do: "removeEmptyDirectory"; path: string }
  /** For the stores of all users: any may make a directory in it, and none take away another's. */
  | { do: "makeUsersDirectory"; path: string }
  | { do: "setCrontab"; text: string }
  | { do: "systemctl"; args: readonly string[]; mayFail: boolean };

/** From what is there to what is wanted; empty when that is the same. Throws SetupError for a file in the way that is not corral's. */
export function installPlan(wanted: WantedInstallation, found: Found): InstallStep[] {
  const { places, units, cronFiles, shared, directories } = wanted;
  const files = [...units, ...cronFiles, ...shared];
  for (const { path } of files) refuseForeign(path, found);
  const kept = new Set(files.map(({ path }) => path));
  return [
    ...files.filter(({ path, text }) => ourText(found, path) !== text).map((file) => write(file)),
    ...(units.length > 0 ? startTimer(wanted, found) : removeTimer(places, found)),
    ...crontabActs(wanted, found),
    ...removeOurs(
      [places.cronFile, ...sharedIn(places, found)].filter((path) => path !== null && !kept.has(path)),
      found,
    ),
    ...removeDirectories(found.record, new Set(directories)),
  ];
}

/** Takes away what corral has made and nothing else; empty when there is nothing. */
export function uninstallPlan(places: Places, found: Found): InstallStep[] {
  const acts: InstallStep[] = [
    ...removeTimer(places, found),
    ...crontabActs({ crontabLine: null }, found),
    ...removeOurs([places.cronFile, ...sharedIn(places, found)], found),
  ];
  return [...acts, ...removeDirectories(found.record, new Set())];
}

/** Paths at which something lies that is not corral's. */
export function foreignPaths(found: Found): string[] {
  return [...found.files].filter(([, { is }]) => is !== "ours").map(([path]) => path);
}

/** Paths of the manual and the completions that are there, of this installation and of the last one. */
function sharedIn({ service, timer, cronFile }: Places, found: Found): string[] {
  return [...found.files.keys()].filter((path) => ![service, timer, cronFile].includes(path));
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

function startTimer({ places, units }: WantedInstallation, found: Found): InstallStep[] {
  const changed = units.filter(({ path, text }) => ourText(found, path) !== text).map(({ path }) => path);
  if (found.timerIsOn && changed.length === 0) return [];
  const reload = systemctl("daemon-reload");
  if (found.timerIsOn && !changed.includes(places.timer)) return [reload];
  return [reload, systemctl("enable", "--quiet", TIMER), systemctl("restart", TIMER)];
}

/** A sweep that runs just now is left to end by itself. */
function removeTimer({ service, timer, timerLink }: Places, found: Found): InstallStep[] {
  const ours = [service, timer].filter((path) => ourText(found, path) !== null);
  if (ours.length === 0) return [];
  const mayFail = { mayFail: true };
  return [
    ...(ours.includes(timer) ? [{ ...systemctl("disable", "--quiet", "--now", TIMER), ...mayFail }] : []),
    ...removeOurs(ours, found),
    // Gone with the timer, unless no manager was there to be told.
    ...(ours.includes(timer) ? [{ do: "remove", path: timerLink, ifThere: true } as const] : []),
    { ...systemctl("daemon-reload"), ...mayFail },
    // Else a last sweep that failed would be listed for ever.
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

/** Those of the last installation that this one has no use for. What lies deeper goes first. */
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
