/**
 * OpenMetrics 1.0 text, which is at the same time valid in the older Prometheus format that the textfile collector of node_exporter
 * reads. Hence gauges only: counters are spelled differently in the two, and these figures shrink when old records are dropped.
 */
import type { Family } from "./gauges.ts";

const PREFIX = "corral_jobs";
const UNIT = /_(seconds|bytes)$/;

/** The whole exposition, with its `# EOF`. `labelName` is what the groups have in common. */
export function openMetrics(labelName: string, families: readonly Family[]): string {
  return families.map((family) => familyText(labelName, family)).join("") + "# EOF\n";
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
