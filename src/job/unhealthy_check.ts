import { type Check, unhealthyIn } from "./health.ts";
import type { Job } from "./job.ts";

/** The check for which a job was ended; null for any other, and where it was not recorded. */
export function unhealthyCheck(
  { spec, health, phase }: Pick<Job, "spec" | "health" | "phase">,
): Check | null {
  const reason = phase.state === "ended" ? phase.trigger : phase.state === "ending" ? phase.reason : null;
  return reason !== "unhealthy" || spec.health === undefined || health === undefined
    ? null
    : unhealthyIn(spec.health, health);
}
