/** Holds what a case left behind against what its row in the corpus says. */
import type { BackendName } from "../../../src/job/job.ts";
import type { EscapeCase } from "./cases.ts";
import type { CaseRecord } from "./corpus_run.ts";

/** Under what a case ran. */
export interface Conditions {
  backend: BackendName;
  controllers: ReadonlySet<string>;
  timeoutMs: number;
}

/** Everything that is not as it must be, in words. Empty: the case passed. */
export function problemsOf(one: EscapeCase, record: CaseRecord, conditions: Conditions): string[] {
  return [
    ...endingProblems(one, record),
    ...leftoverProblems(record),
    ...recordProblems(one, record, conditions),
  ];
}

function endingProblems(one: EscapeCase, record: CaseRecord): string[] {
  const problems: string[] = [];
  const { exitCode } = one.expected;
  const skipped = /^skip: .*$/m.exec(record.stdout)?.[0];
  if (!record.returned) problems.push(`corral run had not returned after ${record.wallS} s`);
  if (record.jobId === null) problems.push("no start line on stderr");
  if (one.ready && !/^ready$/m.test(record.stdout)) problems.push("the case was never ready");
  if (skipped !== undefined) problems.push(`the case could not be set up: ${skipped}`);
  if (record.exitCode !== exitCode) problems.push(`exit code ${record.exitCode}, expected ${exitCode}`);
  return problems;
}

function leftoverProblems({ survivors, cgroups, units, harmed }: CaseRecord): string[] {
  const kinds = {
    survivor: survivors,
    cgroup: cgroups,
    unit: units,
    "harmed bystander": harmed,
  };
  return Object.entries(kinds).flatMap(([kind, found]) => found.map((what) => `${kind}: ${what}`));
}

function recordProblems(one: EscapeCase, record: CaseRecord, conditions: Conditions): string[] {
  const { shown, showError } = record;
  if (shown === null) return [`no record: ${showError}`];
  const problems: string[] = [];
  const { reason, exitCode } = one.expected;
  if (shown.state !== "ended") problems.push(`recorded state ${shown.state}`);
  if (shown.reason !== reason) problems.push(`recorded reason ${shown.reason}, expected ${reason}`);
  if (shown.backend !== conditions.backend) problems.push(`recorded backend ${shown.backend}`);
  if (reason === "exited" && shown.exitCode !== exitCode) {
    problems.push(`recorded exit code ${shown.exitCode}`);
  }
  return [...problems, ...usageProblems(one, shown.usage, conditions)];
}

function usageProblems(
  one: EscapeCase,
  usage: NonNullable<CaseRecord["shown"]>["usage"],
  { controllers, timeoutMs }: Conditions,
): string[] {
  if (!usage) return ["no usage recorded"];
  const problems: string[] = [];
  const leastWallMs = one.endsBy === "timeout" ? timeoutMs : 0;
  if (!(Number(usage.wallMs) > 0 && Number(usage.wallMs) >= leastWallMs)) {
    problems.push(`recorded wall time ${usage.wallMs} ms, expected at least ${leastWallMs}`);
  }
  if (!(Number(usage.cpuUsageUsec) > 0)) problems.push(`recorded CPU time ${usage.cpuUsageUsec} us`);
  // memory.peak came with Linux 5.19; every test image has a later one.
  if (controllers.has("memory") && !(Number(usage.memoryPeakBytes) > 0)) {
    problems.push(`recorded memory peak ${usage.memoryPeakBytes}`);
  }
  return problems;
}
