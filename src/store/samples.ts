/** The table of samples: statements that run inside a transaction of the store's. */
import type { SQLInputValue } from "node:sqlite";
import type { MemorySplit, Sample } from "../job/usage.ts";
import { PEAK_COLUMNS } from "./rows.ts";

/** Runs one prepared statement; returns the number of rows it changed. */
export type Run = (sql: string, ...values: SQLInputValue[]) => number;

/** Puts these in the place of all that was recorded of the job; one statement, however many there are. */
export function replaceSamples(run: Run, id: string, samples: readonly Sample[]): void {
  run("DELETE FROM samples WHERE job_id = ?", id);
  run(
    `INSERT INTO samples (job_id, offset_ms, memory_bytes, anon_bytes, file_bytes, cpu_usage_usec, tasks)
     SELECT ?, value ->> 'offsetMs', value ->> 'memoryBytes', value ->> 'anonBytes', value ->> 'fileBytes',
       value ->> 'cpuUsageUsec', value ->> 'tasks' FROM json_each(?)`,
    id,
    JSON.stringify(samples),
  );
}

/** Keeps the peaks of a live job; false when it has ended. */
export function savePeaks(run: Run, id: string, peaks: MemorySplit): boolean {
  return run(
    `UPDATE jobs SET ${PEAK_COLUMNS.map(([column]) => `${column} = ?`).join(", ")}
     WHERE id = ? AND state <> 'ended'`,
    ...PEAK_COLUMNS.map(([, kind]) => peaks[`${kind}Bytes`]),
    id,
  ) > 0;
}

/** A row of the table, as it is read. */
export function sampleFromRow(row: Record<string, unknown>): Sample {
  const figure = (column: string) => row[column] as number | null;
  return {
    offsetMs: Number(row["offset_ms"]),
    memoryBytes: figure("memory_bytes"),
    anonBytes: figure("anon_bytes"),
    fileBytes: figure("file_bytes"),
    cpuUsageUsec: figure("cpu_usage_usec"),
    tasks: figure("tasks"),
  };
}
