/** How much of a job's CPU time falls between two moments, as SQL over `jobs` and its samples (schema.ts). */

/** SQL of each. */
export interface CpuWithin {
  /** CPU time of the whole job, in microseconds, over its whole wall time, in milliseconds. */
  readonly total: string;
  readonly wall: string;
  /** Milliseconds since the epoch. */
  readonly started: string;
  readonly from: string;
  readonly to: string;
}

/**
 * In microseconds; NULL where total or wall time is unknown. Between two samples a job is taken to have used its CPU time evenly, and so is
 * one that was never sampled, from start to end.
 */
export function cpuWithinSql({ total, wall, started, from, to }: CpuWithin): string {
  const at = (moment: string) => usedBySql(`(${moment} - ${started})`, { total, wall });
  return `max(0.0, ${at(to)} - ${at(from)})`;
}

/** What was used until then; the part between the points on both sides that are known. */
function usedBySql(offset: string, { total, wall }: Pick<CpuWithin, "total" | "wall">): string {
  const samples =
    "SELECT offset_ms AS at, cpu_usage_usec AS cpu FROM samples WHERE job_id = jobs.id AND cpu_usage_usec IS NOT NULL";
  return `CASE WHEN ${offset} >= (${wall}) THEN (${total}) WHEN ${offset} <= 0 THEN (${total}) * 0 ELSE (
    SELECT low.cpu + 1.0 * (high.cpu - low.cpu) * (${offset} - low.at) / (high.at - low.at) FROM
      (${samples} AND offset_ms <= ${offset} UNION ALL SELECT 0, 0 ORDER BY at DESC LIMIT 1) AS low,
      (${samples} AND offset_ms > ${offset} AND offset_ms < (${wall}) UNION ALL SELECT (${wall}), (${total}) ORDER BY at LIMIT 1) AS high
  ) END`;
}
