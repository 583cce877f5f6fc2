/** The checks of a job's health, from what was asked for. */
import type { HealthSpec } from "../../job/health.ts";
import type { UserHome } from "../../job/user_home.ts";

/** What was asked for; a check that is absent is not made. */
export interface HealthRequest {
  idle?: { afterMs: number; action: "report" | "kill" };
  /** `file` null: one of corral's own in `directory`. */
  heartbeat?: { withinMs: number; firstWithinMs: number; file: string | null; directory: string };
  command?: { command: string; everyMs: number };
}

/** Null without a check. */
export function healthSpecFrom(
  request: HealthRequest | null | undefined,
  { id, user }: { id: string; user: UserHome },
): HealthSpec | null {
  if (request == null || Object.keys(request).length === 0) return null;
  const { idle, heartbeat, command } = request;
  return {
    ...(idle === undefined ? {} : { idle }),
    ...(heartbeat === undefined ? {} : { heartbeat: heartbeatOf(heartbeat, id) }),
    ...(command === undefined ? {} : { command }),
    user,
  };
}

function heartbeatOf(
  { withinMs, firstWithinMs, file, directory }: NonNullable<HealthRequest["heartbeat"]>,
  id: string,
): NonNullable<HealthSpec["heartbeat"]> {
  const times = { withinMs, firstWithinMs };
  return file === null ? { ...times, file: `${directory}/${id}`, isOurs: true } : { ...times, file };
}
