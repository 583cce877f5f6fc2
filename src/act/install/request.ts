/** Reads the parts of command line and environment that an installation depends on. */
import { fromHere } from "../../base/path.ts";
import type { Caller } from "../../linux/caller.ts";
import { UsageError } from "../../base/errors.ts";
import { refuseControls } from "./wanted.ts";

/** Returns the directory of --prefix, absolute and without a final slash; null without the option. Throws UsageError. */
export function prefixFrom(cwd: string, prefix: string | undefined): string | null {
  if (prefix === undefined) return null;
  if (prefix === "") throw new UsageError("--prefix: give a directory");
  refuseControls(prefix);
  return fromHere(cwd, prefix).replace(/(?<=.)\/+$/, "");
}

/** Returns the places that command line and environment name: the sweep of the timer has neither, so its own command line names them. */
export function carried(
  { uid, cwd, env, settings }: Pick<Caller, "uid" | "cwd" | "env"> & { settings: { stateDir: string } },
  options: { stateDir?: string; config?: string },
): { stateDir: string | null; config: string | null } {
  const config = options.config ?? env["CORRAL_CONFIG"];
  const isNamed = options.stateDir !== undefined || env["CORRAL_STATE_DIR"] !== undefined ||
    (uid !== 0 && settings.stateDir === `${env["XDG_STATE_HOME"]}/corral`);
  return {
    stateDir: isNamed ? settings.stateDir : null,
    config: config === undefined ? null : fromHere(cwd, config),
  };
}
