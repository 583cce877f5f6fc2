/** What is installed already. */
import type { Context } from "../context.ts";
import { fileState } from "./node_files.ts";
import { type Places, sharedPaths, TIMER } from "./places.ts";
import type { FileState, Found } from "./plan.ts";
import { readRecord } from "./record.ts";
import { readCrontab, systemctlCommand } from "./tools.ts";

/** Looks at every place that an installation can have. Throws PathError, SetupError. */
export async function look(context: Context, places: Places): Promise<Found> {
  const files = new Map<string, FileState>();
  const add = (paths: readonly (string | null)[]) => {
    for (const path of paths) {
      const state = path === null ? null : fileState(path);
      if (state !== null) files.set(path!, state);
    }
  };
  add([places.service, places.timer, places.cronFile, ...Object.values(sharedPaths(places.shareDir))]);
  const crontab = context.uid === 0 ? null : await readCrontab(context);
  const texts = [places.service, places.cronFile ?? ""].map((path) => files.get(path))
    .map((state) => state?.is === "ours" ? state.text : "");
  const record = [...texts, crontab ?? ""].map(readRecord).find((candidate) => candidate !== null) ?? null;
  if (record !== null) add(Object.values(sharedPaths(record.shareDir)));
  const timerIsOn = files.get(places.timer)?.is === "ours" && await isOn(context);
  return { files, crontab, timerIsOn, record };
}

async function isOn({ uid, run }: Context): Promise<boolean> {
  for (const question of ["is-enabled", "is-active"]) {
    const { argv, env } = systemctlCommand(uid, [question, "--quiet", TIMER]);
    if ((await run(argv, env)).code !== 0) return false;
  }
  return true;
}
