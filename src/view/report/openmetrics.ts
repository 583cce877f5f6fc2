/**
 * OpenMetrics 1.0 text, which is at the same time valid in the older Prometheus format that the textfile collector of node_exporter
 * reads. Hence gauges only: counters are spelled differently in the two, and these figures shrink when old records are dropped.
 */
import type { Value } from "../shown_column.ts";
import type { Family } from "./gauges.ts";

const PREFIX = "corral_jobs";
const UNIT = /_(seconds|bytes)$/;

/** The whole exposition, with its `# EOF`. `labelName` is what the groups have in common; `live` as liveText() takes it. */
export function openMetrics(
  labelName: string,
  families: readonly Family[],
  live: Iterable<readonly Value[]> = [],
): string {
  const label = labelName.replace(/^tag:/, "tag_").replace(/[^A-Za-z0-9_]/g, "_");
  return families.map((family) => familyText(label, family)).join("") + liveText([...live]) + "# EOF\n";
}

const LIVE = [
  { name: "corral_job_cpu_seconds", unit: "seconds", help: "CPU time of a live job so far", factor: 1e-6 },
  {
    name: "corral_job_memory_peak_bytes",
    unit: "bytes",
    help: "Memory peak of a live job so far",
    factor: 1,
  },
];

/** One sample for each live job: its id, its name, the figures of LIVE, and its host where there are many. */
function liveText(jobs: readonly (readonly Value[])[]): string {
  return LIVE.map(({ name, unit, help, factor }, index) => {
    const known = jobs.filter((job) => job[index + 2] !== null);
    if (known.length === 0) return "";
    const samples = known.map((job) =>
      `${name}{${hostLabel(job[4])}id="${job[0]}",name="${escaped(String(job[1]))}"} ${
        Number((Number(job[index + 2]) * factor).toFixed(6))
      }\n`
    );
    return `# TYPE ${name} gauge\n# UNIT ${name} ${unit}\n# HELP ${name} ${help}\n${samples.join("")}`;
  }).join("");
}

function hostLabel(host: Value | undefined): string {
  return host === undefined ? "" : `host="${escaped(String(host))}",`;
}

function familyText(labelName: string, { metric, samples }: Family): string {
  const known = samples.filter(({ value }) => value !== null && Number.isFinite(value));
  if (known.length === 0) return "";
  const name = metric.name === "" ? PREFIX : `${PREFIX}_${metric.name}`;
  const unit = UNIT.exec(name)?.[1];
  return [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(metric.help)}`,
    ...known.map(({ label, value }) => `${name}{${labelName}="${escaped(label)}"} ${value}`),
  ].map((line) => `${line}\n`).join("");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
