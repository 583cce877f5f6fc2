/** The paths of an installation, for root and for another user. */
import { SetupError } from "../../base/errors.ts";

/** Name of the unit that sweeps once. */
export const SERVICE = "corral-sweep.service";
/** Name of the unit that starts the service. */
export const TIMER = "corral-sweep.timer";

/** The facts that the paths depend on. */
export interface PlacesRequest {
  uid: number;
  /** /etc; elsewhere on a fake node. */
  etc: string;
  env: Readonly<Record<string, string>>;
  /** The directory of --prefix, absolute; null without the option. */
  prefix: string | null;
}

/** Absolute paths. */
export interface Places {
  service: string;
  timer: string;
  /** The link that `systemctl enable` makes. */
  timerLink: string;
  /** Root's file in cron's own directory; null for another user, whose sweep is in a crontab. */
  cronFile: string | null;
  /** The directory above manual and completions. */
  shareDir: string;
}

/** Throws SetupError for a user without HOME. */
export function placesOf({ uid, etc, env, prefix }: PlacesRequest): Places {
  const unitDir = uid === 0
    ? `${etc}/systemd/system`
    : `${userDir(env, "XDG_CONFIG_HOME", ".config")}/systemd/user`;
  const shareDir = prefix !== null
    ? `${prefix}/share`
    : uid === 0
    ? LOCAL_SHARE
    : userDir(env, "XDG_DATA_HOME", ".local/share");
  return {
    service: `${unitDir}/${SERVICE}`,
    timer: `${unitDir}/${TIMER}`,
    timerLink: `${unitDir}/timers.target.wants/${TIMER}`,
    cronFile: uid === 0 ? `${etc}/cron.d/corral` : null,
    shareDir,
  };
}

const LOCAL_SHARE = "/usr/local/share";

/**
 * Where a file of the manual or the completions goes: `path` below the share directory. fish alone does not look below /usr/local (fish 3.6
 * and 4.0 of Debian: $fish_complete_path).
 */
export function sharedPath(shareDir: string, path: string): string {
  const isForFish = path.startsWith("fish/") && shareDir === LOCAL_SHARE;
  return `${isForFish ? "/usr/share" : shareDir}/${path}`;
}

function userDir(env: Readonly<Record<string, string>>, variable: string, inHome: string): string {
  const named = env[variable];
  // The XDG base directory specification: a relative one is to be ignored.
  if (named?.startsWith("/")) return named;
  const home = env["HOME"];
  if (home?.startsWith("/")) return `${home}/${inHome}`;
  throw new SetupError(
    "no place to install to: HOME is not set",
    `HOME=/home/… corral install, or set ${variable}`,
  );
}
