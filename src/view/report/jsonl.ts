/** The report as JSON: one array, or a line for each job (JSON Lines). Both a job at a time. Pure. */
import { jobJson } from "../../job/json.ts";
import { type ReportEnd, reportEndJson } from "../../job/report_end.ts";
import type { ReportedJob } from "../../store/report_reader.ts";
import { toJson, toJsonLine } from "../../base/json.ts";

/** A line for each job, and at the end one for each node. */
export function* jsonLines(
  jobs: Iterable<ReportedJob>,
  nodes: readonly Omit<ReportEnd, "rows">[],
): Generator<string> {
  const rows = new Map<string, number>();
  for (const job of jobs) {
    rows.set(job.host, (rows.get(job.host) ?? 0) + 1);
    yield jsonLine(job);
  }
  for (const node of nodes) {
    yield `${toJsonLine(reportEndJson({ ...node, rows: rows.get(node.host) ?? 0 }))}\n`;
  }
}

/** The line of one job. */
export function jsonLine(job: ReportedJob): string {
  return `${toJsonLine(reportedJson(job))}\n`;
}

/** One array, laid out as all other JSON of corral's. */
export function* jsonArray(jobs: Iterable<ReportedJob>): Generator<string> {
  let before = "[\n";
  for (const job of jobs) {
    yield `${before}  ${toJson(reportedJson(job)).replaceAll("\n", "\n  ")}`;
    before = ",\n";
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

function reportedJson({ job, live, host, cpuPercent, memoryPercent }: ReportedJob): Record<string, unknown> {
  return { ...jobJson(job, null, live), host, cpuPercent, memoryPercent };
}
