/** The report as one page for people: no network, no library, and nothing from outside ever in a script or a style. Pure. */
import { createHash } from "node:crypto";
import { printable } from "../../base/text.ts";
import { barChart, type Chart, escapeHtml } from "./html_chart.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./html_assets.ts";
import type { ShownColumn, Value } from "../shown_column.ts";
import { cpuTotal, type Totals, totalsOfCourse } from "./summary.ts";
import type { Stretch } from "./time_course.ts";
import { formatCpuTime, formatOptionalBytes, MISSING } from "../../value/units.ts";

/** Of a stretch that is an hour, `2026-11-01 08`. */
const HOUR_CHARACTERS = 13;

/** All that is on the page. */
export interface ReportPage {
  /** Name of the node. */
  readonly host: string;
  /** When it was made, as it is shown. */
  readonly madeAt: string;
  /** Which jobs these are, in words. */
  readonly about: string;
  readonly course: readonly Stretch[];
  readonly columns: readonly ShownColumn[];
  readonly rows: Iterable<readonly Value[]>;
  /** Whether the row tells of a failure. */
  readonly hasFailed: (row: readonly Value[]) => boolean;
}

/** The page, a piece at a time. */
export function* htmlPage(page: ReportPage): Generator<string> {
  const title = `corral report, ${page.host}`;
  yield `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<title>${shown(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header><h1>${shown(title)}</h1><p>${shown(page.about)}; made ${shown(page.madeAt)}</p></header>
${tiles(totalsOfCourse(page.course))}
${charts(page.course).map(barChart).join("\n")}
<p class="search" hidden><input type="search" aria-label="Rows with these words"
  placeholder="rows with these words"><output></output></p>
<table>
<thead><tr>${page.columns.map(titleCell).join("")}</tr></thead>
<tbody>
`;
  for (const row of page.rows) {
    const kind = page.hasFailed(row) ? ' class="failed"' : "";
    yield `<tr${kind}>${
      page.columns.map((column, index) => cell(column, row[index] ?? null)).join("")
    }</tr>\n`;
  }
  yield `</tbody>
</table>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** The page runs this script and nothing else, whatever a name may hold; it fetches and sends nothing. */
function policy(): string {
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return `default-src 'none'; script-src ${hash(PAGE_SCRIPT)}; style-src ${hash(PAGE_STYLE)}`;
}

function tiles(totals: Totals): string {
  const figures = [
    [totals.jobs, "jobs"],
    [totals.failed, "failed"],
    [totals.live, "live"],
    [cpuTotal(totals), "CPU time"],
  ];
  return `<dl>${
    figures.map(([figure, name]) => `<div><dt>${name}</dt><dd>${figure}</dd></div>`).join("")
  }</dl>`;
}

function charts(course: readonly Stretch[]): Chart[] {
  const labels = course.map(({ key }) => key.length === HOUR_CHARACTERS ? `${key}:00` : key);
  return [
    {
      title: "Jobs by their start",
      labels,
      series: [
        { name: "exited with 0", values: course.map(({ well }) => well) },
        { name: "live", values: course.map(({ live }) => live) },
        { name: "failed", values: course.map(({ failed }) => failed) },
      ],
      show: String,
    },
    {
      title: "CPU time",
      labels,
      series: [{ name: "CPU time", values: course.map(({ cpuUsageUsec }) => cpuUsageUsec) }],
      show: formatCpuTime,
    },
    {
      title: "Highest memory peak",
      labels,
      series: [{ name: "memory", values: course.map(({ memoryPeakBytes }) => memoryPeakBytes) }],
      show: formatOptionalBytes,
    },
  ];
}

function titleCell({ title, align }: ShownColumn): string {
  return `<th scope="col" class="${align}"><button type="button">${shown(title)}</button></th>`;
}

function cell({ align, show }: ShownColumn, value: Value): string {
  if (value === null) return `<td class="${align}">${MISSING}</td>`;
  // A script sorts by this: bytes and not their short form.
  const sortBy = typeof value === "number" ? ` data-n="${value}"` : " data-t";
  return `<td class="${align}"${sortBy}>${shown(show(value))}</td>`;
}

function shown(text: string): string {
  return escapeHtml(printable(text));
}
