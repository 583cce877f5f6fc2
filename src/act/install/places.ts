/** Where things are installed, for root and for a user. */
import { SetupError } from "../../base/errors.ts";

/** The unit that sweeps once. */
export const SERVICE = "corral-sweep.service";
/** The unit that starts it. */
export const TIMER = "corral-sweep.timer";

/** What the places depend on. */
export interface PlacesRequest {
  uid: number;
  /** /etc; elsewhere on a fake node. */
  etc: string;
  env: Readonly<Record<string, string>>;
  /** Of --prefix, absolute; null where it was not given. */
  prefix: string | null;
}

/** Absolute paths. */
export interface Places {
  service: string;
  timer: string;
  /** What `systemctl enable` makes. */
  timerLink: string;
  /** A file of cron's own for root; null for a user, who has a crontab. */
  cronFile: string | null;
  /** Manual and completions lie below it. */
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
    ? "/usr/local/share"
    : userDir(env, "XDG_DATA_HOME", ".local/share");
  return {
    service: `${unitDir}/${SERVICE}`,
    timer: `${unitDir}/${TIMER}`,
    timerLink: `${unitDir}/timers.target.wants/${TIMER}`,
    cronFile: uid === 0 ? `${etc}/cron.d/corral` : null,
    shareDir,
  };
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
