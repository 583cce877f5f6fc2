/** The environment of a job that root runs for another user: the user's own, as `runuser -l` and sudo make it, and not root's. */
import type { User } from "../../linux/users.ts";

/** Without a login there is no file to read it from; login(1) and su(1) have the same (login.defs(5), ENV_PATH). */
const USER_PATH = "/usr/local/bin:/usr/bin:/bin";
const HANDED_ON = /^(TERM|COLORTERM|LANG|LANGUAGE|LC_[A-Z]+|TZ)$/;
/** Where root's own sessions, files and agents are: of no use to the user, and a job that used them would fail or leak. */
const ROOTS_OWN =
  /^(XDG_RUNTIME_DIR|XDG_SESSION_.*|XDG_(CONFIG|DATA|STATE|CACHE)_HOME|DBUS_SESSION_BUS_ADDRESS|TMPDIR|TMP|TEMP|MAIL|PWD|OLDPWD|SSH_AUTH_SOCK|XAUTHORITY|HOME|SHELL|USER|LOGNAME)$/;

/** True for a variable of root's that the job is given too. */
export function isHandedOn(name: string, keepEnv: boolean): boolean {
  return keepEnv ? !ROOTS_OWN.test(name) : HANDED_ON.test(name);
}

/** The whole environment, less CORRAL_JOB_ID; `asked` is what `--env` gives, and comes before all else. */
export function userEnvironment(
  user: User,
  env: Readonly<Record<string, string>>,
  { keepEnv, asked }: { keepEnv: boolean; asked: Readonly<Record<string, string>> },
): Record<string, string> {
  return {
    PATH: USER_PATH,
    ...Object.fromEntries(Object.entries(env).filter(([name]) => isHandedOn(name, keepEnv))),
    ...identityVariables(user),
    ...asked,
  };
}

/** The variables by which programs know their user. */
export function identityVariables(user: User): Record<string, string> {
  return { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell };
}
