/**
 * The metrics of a node as text: OpenMetrics 1.0 or the older format of Prometheus (text 0.0.4), in which counters, their units and the end
 * are spelled differently. No `_created`: a counter of a job begins at its `corral_job_start_time_seconds`. Pure.
 */
import type { JobMetrics, NodeMetrics } from "./node_metrics.ts";
import { COMPAT_METRICS } from "./jobstats.ts";
import { type Family, type MetricRow, METRICS, type Sample } from "./table.ts";

/** The two formats. */
export const EXPOSITIONS = ["openmetrics", "prometheus"] as const;

/** One of them. */
export type Exposition = typeof EXPOSITIONS[number];

/** What is sent with each. */
export const CONTENT_TYPES: Readonly<Record<Exposition, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** Whose names are printed beside corral's own. */
export const COMPATS = ["jobstats"] as const;

/** How the text is made. */
export interface ExpositionOptions {
  readonly format: Exposition;
  readonly compat: typeof COMPATS[number] | null;
}

/** The pieces of the whole exposition, a family each. */
export function* exposition(
  node: NodeMetrics,
  { format, compat }: ExpositionOptions,
): Generator<string> {
  const idOf = seriesIds(node.jobs);
  const rows: readonly MetricRow[] = compat === null ? METRICS : [...METRICS, ...COMPAT_METRICS];
  for (const row of rows) yield familyText(row, row.samples(node, idOf), format);
  if (format === "openmetrics") yield "# EOF\n";
}

/** The name that a query has for it. */
export function sampleName({ name, type }: Pick<Family, "name" | "type">): string {
  return type === "counter" ? `${name}_total` : type === "info" ? `${name}_info` : name;
}

/** Users choose ids, and a scraper refuses all of a text with one series twice: an id that several have gets the uid of its store. */
function seriesIds(jobs: readonly JobMetrics[]): (job: JobMetrics) => string {
  const count = new Map<string, number>();
  for (const { job: { spec } } of jobs) count.set(spec.id, (count.get(spec.id) ?? 0) + 1);
  return ({ job: { spec, storeUid = 0 } }) => count.get(spec.id) === 1 ? spec.id : `${spec.id}@${storeUid}`;
}

function familyText(family: Family, samples: Iterable<Sample>, format: Exposition): string {
  const name = sampleName(family);
  const lines: string[] = [];
  for (const { labels, value } of samples) {
    if (value === null || !Number.isFinite(value)) continue;
    lines.push(`${name}${labelText(labels)} ${Number(value.toFixed(6))}\n`);
  }
  return lines.length === 0 ? "" : headText(family, format) + lines.join("");
}

function headText({ name, type, help }: Family, format: Exposition): string {
  if (format === "openmetrics") {
    const unit = /_(seconds|bytes)$/.exec(name)?.[1];
    const unitLine = unit === undefined ? "" : `# UNIT ${name} ${unit}\n`;
    return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${help}\n`;
  }
  const sample = sampleName({ name, type });
  return `# HELP ${sample} ${help}\n# TYPE ${sample} ${type === "info" ? "gauge" : type}\n`;
}

function labelText(labels: Sample["labels"]): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
