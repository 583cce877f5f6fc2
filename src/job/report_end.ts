/** The last line of a node's `report --format jsonl`: without it the output was cut short, or the node never answered. Pure. */

/** What the line says. */
export interface ReportEnd {
  host: string;
  /** Lines of jobs of this host before it. */
  rows: number;
  /** False when jobs are missing that the node itself could not read. */
  whole: boolean;
}

/** As JSON. */
export function reportEndJson({ host, rows, whole }: ReportEnd): Record<string, unknown> {
  return { end: true, host, rows, whole };
}

/** Null for what is no such line. */
export function reportEndIn(value: Readonly<Record<string, unknown>>): ReportEnd | null {
  const { end, host, rows, whole } = value;
  const isEnd = end === true && typeof host === "string" && typeof whole === "boolean" &&
    Number.isSafeInteger(rows) && Number(rows) >= 0;
  return isEnd ? { host, rows: Number(rows), whole } : null;
}
