import assert from "node:assert/strict";
import { barChart, escapeHtml } from "../../../../src/view/report/html_chart.ts";
import { PAGE_SCRIPT } from "../../../../src/view/report/html_assets.ts";
import { htmlPage, type ReportPage } from "../../../../src/view/report/html.ts";
import { REPORT_COLUMNS } from "../../../../src/view/report/columns.ts";
import type { Stretch } from "../../../../src/view/report/time_course.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";
import { isInstalled } from "../../../kit/machine/command.ts";

const hasChromium = isInstalled("chromium");
const CHROMIUM_TIMEOUT_MS = 60_000;
const COLUMNS = ["id", "name", "mem-peak"].map((key) => REPORT_COLUMNS.find((column) => column.key === key)!);
const HOSTILE =
  `</td></tbody></script><script>document.title = "taken"</script><img src=x onerror="document.title='taken'">&amp;`;

function pageOf(changes: Partial<ReportPage> = {}): string {
  return [...htmlPage({
    host: "node1",
    madeAt: "2026-11-01 08:00:00",
    about: "all jobs on record",
    course: [stretch()],
    columns: COLUMNS,
    rows: [["7k2m9q", "fastsurfer", 2048], ["22abcd", "sh", null]],
    hasFailed: (row) => row[1] === "sh",
    ...changes,
  })].join("");
}

function stretch(changes: Partial<Stretch> = {}): Stretch {
  return {
    key: "2026-11-01",
    well: 3,
    failed: 1,
    live: 2,
    cpuUsageUsec: 90_000_000,
    cpuUnknown: 0,
    memoryPeakBytes: 2048,
    ...changes,
  };
}

Deno.test("htmlPage() needs nothing from anywhere else", () => {
  const page = pageOf();
  assert.doesNotMatch(page, /https?:|@import|url\(|<link|src=/);
  assert.match(
    page,
    /Content-Security-Policy" content="default-src 'none'; script-src 'sha256-[^"']+'; style-src 'sha256-/,
  );
});

Deno.test("htmlPage() shows each value as the table does, and carries what it sorts by", () => {
  const page = pageOf();
  assert.match(page, /<td class="left" data-t>7k2m9q<\/td><td class="left" data-t>fastsurfer<\/td>/);
  assert.match(page, /<td class="right" data-n="2048">2\.0K<\/td>/);
  assert.match(page, /<td class="right">-<\/td>/);
  assert.match(
    page,
    /<dt>jobs<\/dt><dd>6<\/dd>.*<dt>failed<\/dt><dd>1<\/dd>.*<dt>live<\/dt><dd>2<\/dd>.*<dd>1m30s<\/dd>/,
  );
});

Deno.test("htmlPage() lets no name be more than text", () => {
  const page = pageOf({ host: HOSTILE, about: HOSTILE, rows: [["a", `${HOSTILE}\x1b[31m\u202e`, 1]] });
  assert.equal(page.match(/<script/g)?.length, 1);
  assert.equal(page.match(/<img|onerror="/g), null);
  assert.equal(page.split(escapeHtml(HOSTILE)).length, 5);
  assert.match(page, /\\x1b\[31m\\u202e/);
});

Deno.test("htmlPage() names an hour by its first minute, and has no chart without jobs", () => {
  assert.match(pageOf({ course: [stretch({ key: "2026-11-01 08" })] }), />2026-11-01 08:00<\/text>/);
  assert.doesNotMatch(pageOf({ course: [], rows: [] }), /<svg/);
});

/** x, y, width and height of the bars, in their order. */
function bars(svg: string): { kind: string; x: number; y: number; width: number; height: number }[] {
  const pattern = /<rect class="(s\d)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g;
  return [...svg.matchAll(pattern)].map(([, kind, ...numbers]) => {
    const [x, y, width, height] = numbers.map(Number);
    return { kind: kind!, x: x!, y: y!, width: width!, height: height! };
  });
}

Deno.test("barChart() draws heights in proportion, stacked from the base, and nothing for what is not known", () => {
  const svg = barChart({
    title: "Jobs",
    labels: ["a", "b", "c"],
    series: [{ name: "well", values: [6, 3, null] }, { name: "failed", values: [2, 0, null] }],
    show: String,
  });
  const [well, failed, next, ...others] = bars(svg);
  assert.deepEqual(others, []);
  assert.deepEqual([well!.kind, failed!.kind, next!.kind], ["s0", "s1", "s0"]);
  assert.ok(
    Math.abs(well!.height - 3 * failed!.height) < 0.1 && Math.abs(well!.height - 2 * next!.height) < 0.1,
  );
  assert.ok(Math.abs(failed!.y + failed!.height - well!.y) < 0.02);
  assert.equal(well!.y + well!.height, next!.y + next!.height);
  assert.ok(well!.x === failed!.x && well!.x + well!.width <= next!.x);
  assert.match(svg, /<title>a: 6 well, 2 failed<\/title>/);
  assert.match(svg, /<title>c: - well, - failed<\/title>/);
  assert.match(svg, />8<\/text>/);
});

Deno.test("barChart() has no NaN and no infinity, whatever it is given", () => {
  for (const values of [[], [0], [null], [0, 0], Array(500).fill(1)]) {
    const labels = values.map((_, index) => `<${index}>`);
    const svg = barChart({ title: "<b>", labels, series: [{ name: "x", values }], show: String });
    assert.doesNotMatch(svg, /NaN|Infinity|undefined|<b>|<0>/);
  }
});

/** As much of a document as the page's script touches. */
class FakeCell {
  readonly attributes = new Map<string, string>();
  onClick = () => {};
  constructor(readonly textContent: string, readonly dataset: Record<string, string> = {}) {}
  get ariaSort() {
    return this.attributes.get("aria-sort") ?? null;
  }
  addEventListener(_: string, listener: () => void) {
    this.onClick = listener;
  }
  setAttribute(name: string, value: string) {
    this.attributes.set(name, value);
  }
  removeAttribute(name: string) {
    this.attributes.delete(name);
  }
}

Deno.test("htmlPage() marks the rows that failed", () => {
  const page = pageOf();
  assert.match(page, /<tr class="failed"><td class="left" data-t>22abcd<\/td>/);
  assert.match(page, /<tr><td class="left" data-t>7k2m9q<\/td>/);
});

function pageRow(name: string, bytes: number | null) {
  const cells = [
    new FakeCell(name, { t: "" }),
    new FakeCell("?", bytes === null ? {} : { n: String(bytes) }),
  ];
  return { cells, hidden: false };
}

/** A page with these rows, whose script has run. */
function runPage(...rows: ReturnType<typeof pageRow>[]) {
  const titles = [new FakeCell("name"), new FakeCell("mem-peak")];
  const body = {
    rows,
    parentElement: { classList: { add: () => {} } },
    append(moved: ReturnType<typeof pageRow>) {
      this.rows = [...this.rows.filter((other) => other !== moved), moved];
    },
  };
  const box = Object.assign(new FakeCell(""), { value: "" });
  const count = { textContent: "" };
  const search = { children: [box, count], hidden: true };
  new Function("document", PAGE_SCRIPT)({
    querySelector: (selector: string) => selector === "tbody" ? body : search,
    querySelectorAll: () => titles,
  });
  const names = () => body.rows.filter(({ hidden }) => !hidden).map(({ cells }) => cells[0]!.textContent);
  const type = (words: string) => {
    box.value = words;
    box.onClick();
  };
  return { titles, names, type, count, search };
}

Deno.test("the page's script sorts by the title that is clicked, then the other way, unknown ones last", () => {
  const { titles, names } = runPage(
    pageRow("b", 900),
    pageRow("a", null),
    pageRow("c", 10_000),
    pageRow("d", 1024),
  );
  titles[1]!.onClick();
  assert.deepEqual([names().join(""), titles[1]!.ariaSort], ["bdca", "ascending"]);
  titles[1]!.onClick();
  assert.deepEqual([names().join(""), titles[1]!.ariaSort], ["cdba", "descending"]);
  titles[0]!.onClick();
  assert.deepEqual([names().join(""), titles[0]!.ariaSort, titles[1]!.ariaSort], ["abcd", "ascending", null]);
});

Deno.test("the page's script shows the search box, and of the rows those that hold every word", () => {
  const { names, type, count, search } = runPage(
    pageRow("train big", 1),
    pageRow("Train", 2),
    pageRow("sh", 3),
  );
  assert.equal(search.hidden, false);
  type("train");
  assert.deepEqual([names(), count.textContent], [["train big", "Train"], "2 of 3 rows"]);
  type("BIG  tr");
  assert.deepEqual([names(), count.textContent], [["train big"], "1 of 3 rows"]);
  type("");
  assert.deepEqual([names().length, count.textContent], [3, "3 of 3 rows"]);
});

Deno.test({
  name: `a browser runs the page's own script and nothing that a name brings${
    hasChromium ? "" : " (chromium is missing)"
  }`,
  ignore: !hasChromium,
  async fn() {
    using temp = new TempDir();
    const path = temp.write("report.html", pageOf({ rows: [["a", HOSTILE, 1]], about: HOSTILE }));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"];
    const { stdout } = await new Deno.Command("chromium", {
      args: [...flags, `--user-data-dir=${temp.path}/profile`, "--dump-dom", `file://${path}`],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(CHROMIUM_TIMEOUT_MS),
    }).output();
    const dom = new TextDecoder().decode(stdout);
    assert.match(dom, /<table class="sortable">/);
    assert.match(dom, /<title>corral report, node1<\/title>/);
    assert.equal(dom.match(/<tr>/g)?.length, 2);
    assert.match(dom, /<p class="search">/);
  },
});
