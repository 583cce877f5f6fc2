/** Which processes have been abandoned: init or a user's manager has taken them in, and no session waits for them. */
import { unitOfCgroup } from "../job/names.ts";
import type { Process } from "../linux/processes.ts";

const INIT = 1;

/** True while the login session of that name goes on. */
export type IsSession = (name: string) => boolean;

/**
 * logind's word (`/run/systemd/sessions/NAME`), read once for each. A session whose processes outlive the logout is closing, and no session
 * any more. One that is not known there is taken for one: another program made its scope.
 */
export function sessionsOf(runDir: string): IsSession {
  const known = new Map<string, boolean>();
  const look = (name: string) => {
    try {
      return !/^STATE=closing$/m.test(Deno.readTextFileSync(`${runDir}/systemd/sessions/${name}`));
    } catch {
      return true;
    }
  };
  return (name) => known.get(name) ?? (known.set(name, look(name)), known.get(name)!);
}

/** True for a process that nothing waits for. `parent` is null where the list does not have it. */
export function isOrphaned(process: Process, parent: Process | null, isSession: IsSession): boolean {
  const isTakenIn = process.ppid === INIT || (parent?.cgroupPath?.endsWith("/init.scope") ?? false);
  if (!isTakenIn || (process.terminal ?? 0) !== 0) return false;
  const unit = unitOfCgroup(process.cgroupPath) ?? "";
  const session = /^session-(.+)\.scope$/.exec(unit)?.[1];
  if (session !== undefined && isSession(session)) return false;
  return !isUsersService(process, unit);
}

/** A user's manager begins a session for the main process of each of its services. */
function isUsersService({ pid, session, cgroupPath }: Process, unit: string): boolean {
  const isOfUser = /\/user@\d+\.service\//.test(cgroupPath ?? "");
  return isOfUser && unit.endsWith(".service") && session === pid;
}
