/** What is installed already. */
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { fileState } from "./node_files.ts";
import { type Places, SERVICE, sharedPaths, TIMER } from "./places.ts";
import type { FileState, Found } from "./plan.ts";
import { readRecord } from "./record.ts";
import { readCrontab, systemctlCommand } from "./tools.ts";

/** Looks at every place that an installation can have. Throws PathError, SetupError. */
export async function look(
  on: Pick<Node, "run" | "runDir"> & Pick<Caller, "uid">,
  places: Places,
): Promise<Found> {
  const files = new Map<string, FileState>();
  const add = (paths: readonly (string | null)[]) => {
    for (const path of paths) {
      const state = path === null ? null : fileState(path);
      if (state !== null) files.set(path!, state);
    }
  };
  add([places.service, places.timer, places.cronFile, ...Object.values(sharedPaths(places.shareDir))]);
  const crontab = on.uid === 0 ? null : await readCrontab(on);
  const texts = [places.service, places.cronFile ?? ""].map((path) => files.get(path))
    .map((state) => state?.is === "ours" ? state.text : "");
  const record = [...texts, crontab ?? ""].map(readRecord).find((candidate) => candidate !== null) ?? null;
  if (record !== null) add(Object.values(sharedPaths(record.shareDir)));
  const timerIsOn = files.get(places.timer)?.is === "ours" && await isOn(on);
  return { files, crontab, timerIsOn, record };
}

/** Enabled, active, and as its files say: not those from before an installation that was cut short. */
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
