/** The report as JSON: one array, or a line for each job (JSON Lines). Both a job at a time. Pure. */
import { jobJson } from "../../job/json.ts";
import type { ReportedJob } from "../../store/report_reader.ts";
import { toJson, toJsonLine } from "../../base/json.ts";

/** A line for each job. */
export function* jsonLines(jobs: Iterable<ReportedJob>): Generator<string> {
  for (const job of jobs) yield `${toJsonLine(reportedJson(job))}\n`;
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
