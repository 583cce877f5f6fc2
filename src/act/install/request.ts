/** What of the command line and the environment goes into an installation. */
import { fromHere } from "../../base/path.ts";
import type { Caller } from "../../linux/caller.ts";
import { UsageError } from "../../base/errors.ts";
import { refuseControls } from "./wanted.ts";

/** Of --prefix: absolute, without a slash at its end; null where it was not given. Throws UsageError. */
export function prefixFrom(cwd: string, prefix: string | undefined): string | null {
  if (prefix === undefined) return null;
  if (prefix === "") throw new UsageError("--prefix: give a directory");
  refuseControls(prefix);
  return fromHere(cwd, prefix).replace(/(?<=.)\/+$/, "");
}

/** The timer's sweep gets the places that this command line and environment name: it has neither. */
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
