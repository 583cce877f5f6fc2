/** Finds out what is installed already. */
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { fileState, namesIn } from "./node_files.ts";
import { isMissing } from "../../base/missing.ts";
import { type Places, SERVICE, sharedPath, TIMER } from "./places.ts";
import type { FileState, Found, Packaged } from "./plan.ts";
import { readRecord } from "./record.ts";
import { readCrontab, systemctlCommand } from "./tools.ts";

const MANUAL_SECTIONS = [1, 5, 7];

/** `paths` are those of manual and completions of this version, below the share directory; `packaged` are a package's units on the node. */
export interface LookedFor {
  paths: readonly string[];
  packaged: Packaged | null;
}

/**
 * Looks at every place that an installation can have. Pages of the manual that another version has installed are found by their names; what
 * a package has brought beside them is no installation's. Throws PathError, SetupError.
 */
export async function look(
  on: Pick<Node, "run" | "runDir"> & Pick<Caller, "uid">,
  places: Places,
  { paths: sharedPaths, packaged }: LookedFor,
): Promise<Found> {
  const files = new Map<string, FileState>();
  const add = (paths: readonly (string | null)[], { onlyOurs = false } = {}) => {
    for (const path of paths) {
      const state = path === null ? null : fileState(path);
      if (state !== null && (state.is === "ours" || !onlyOurs)) files.set(path!, state);
    }
  };
  const addShared = (shareDir: string) => {
    // Versions before put all of them right below it.
    add(sharedPaths.flatMap((path) => [...new Set([sharedPath(shareDir, path), `${shareDir}/${path}`])]), {
      onlyOurs: packaged !== null,
    });
    for (const path of pagesIn(shareDir)) {
      const state = files.has(path) ? null : fileState(path);
      if (state?.is === "ours") files.set(path, state);
    }
  };
  add([places.service, places.timer, places.cronFile]);
  addShared(places.shareDir);
  const crontab = on.uid === 0 ? null : await readCrontab(on);
  const texts = [places.service, places.cronFile ?? ""].map((path) => files.get(path))
    .map((state) => state?.is === "ours" ? state.text : "");
  const record = [...texts, crontab ?? ""].map(readRecord).find((candidate) => candidate !== null) ?? null;
  if (record !== null) addShared(record.shareDir);
  const hasTimer = files.get(places.timer)?.is === "ours" || (packaged !== null && !files.has(places.timer));
  const timerIsOn = hasTimer && await isOn(on);
  const packagedTimer = packaged !== null && (timerIsOn || !isMissing(places.timerLink));
  return { files, crontab, timerIsOn, record, packaged, packagedTimerIsUsed: packagedTimer };
}

/** Returns the paths of corral's manual pages, of any version. */
function pagesIn(shareDir: string): string[] {
  return MANUAL_SECTIONS.map((section) => `${shareDir}/man/man${section}`).flatMap((directory) =>
    namesIn(directory).filter((name) => /^corral[-.]/.test(name)).map((name) => `${directory}/${name}`)
  );
}

/** True when the timer is enabled and active and systemd has loaded its present files: an interrupted installation leaves older ones loaded. */
async function isOn(on: Pick<Node, "run" | "runDir"> & Pick<Caller, "uid">): Promise<boolean> {
  const ask = (...args: string[]) => {
    const { argv, env } = systemctlCommand(on, args);
    return on.run(argv, env);
  };
  for (const question of ["is-enabled", "is-active"]) {
    if ((await ask(question, "--quiet", TIMER)).code !== 0) return false;
  }
  const { stdout } = await ask("show", "--property=NeedDaemonReload", "--value", SERVICE, TIMER);
  return !stdout.includes("yes");
}
