/** The JSON form of a group of jobs (json_schema.ts). Pure. */
import type { Group } from "./group.ts";
import type { GroupKey } from "../../store/report_fields.ts";

/** `advise` adds the limits that would have fitted. */
export function groupJson(group: Group, by: GroupKey, advise: boolean): Record<string, unknown> {
  return {
    [by]: group.key,
    count: group.count,
    live: group.live,
    failed: group.failed,
    neverStarted: group.neverStarted,
    wallMs: group.wallMs,
    cpuUsageUsec: group.cpuUsageUsec,
    memoryPeakBytes: group.memoryPeakBytes,
    cpuTotalUsec: group.cpuTotalUsec,
    wallTotalMs: group.wallTotalMs,
    memoryByteHours: group.memoryByteHours,
    ...(advise ? { advice: group.advice } : {}),
  };
}
