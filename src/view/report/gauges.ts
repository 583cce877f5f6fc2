/** What all jobs of a group come to, as one figure a column. Pure. */
import type { Metric, ReportColumn } from "./columns.ts";
import type { Value } from "../shown_column.ts";

/** One figure for each group. */
export interface Family {
  readonly metric: Pick<Metric, "name" | "help">;
  /** Label and figure of each group, by their labels; null where it is known of no job, which makes no sample. */
  readonly samples: readonly { readonly label: string; readonly value: number | null }[];
}

const COUNTS: readonly Metric[] = [
  { name: "", over: "sum", factor: 1, help: "Jobs" },
  { name: "failed", over: "sum", factor: 1, help: "Jobs that ended otherwise than by exiting with 0" },
];

/** Jobs, failed ones, and every column's metric. A row is the label, whether the job failed, and the values of `columns`. */
export function gaugesOf(columns: readonly ReportColumn[], rows: Iterable<readonly Value[]>): Family[] {
  const metrics = [...COUNTS, ...columns.flatMap(({ metric }) => metric ?? [])];
  const groups = new Map<string, (number | null)[]>();
  for (const [label, hasFailed, ...values] of rows) {
    const key = String(label);
    let figures = groups.get(key);
    if (figures === undefined) groups.set(key, figures = metrics.map(() => null));
    for (const [index, value] of [1, hasFailed!, ...values].entries()) {
      if (value !== null) figures[index] = merged(metrics[index]!.over, figures[index]!, Number(value));
    }
  }
  const labels = [...groups.keys()].sort();
  return metrics.map((metric, index) => ({
    metric,
    samples: labels.map((label) => ({ label, value: scaled(groups.get(label)![index]!, metric.factor) })),
  }));
}

function merged(over: Metric["over"], figure: number | null, value: number): number {
  if (figure === null) return value;
  return over === "sum" ? figure + value : Math.max(figure, value);
}

/** To the microsecond; a float would add digits of its own. */
function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : Number((value * factor).toFixed(6));
}
