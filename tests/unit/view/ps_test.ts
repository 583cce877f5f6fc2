import assert from "node:assert/strict";
import { NO_LIMITS } from "../../../src/job/job.ts";
import type { LiveJob } from "../../../src/job/live_job.ts";
import { chooseOrder } from "../../../src/view/choose_columns.ts";
import { inOrder, LIVE_COLUMNS, liveCells, liveHeader } from "../../../src/view/ps.ts";
import { jobIn, QUEUE_FACTS, runOf } from "../../kit/fakes/job.ts";

const RUN = runOf();
const NOW = { wallMs: RUN.startedAtMs + 100_000, bootMs: RUN.startedBootMs + 100_000 };
const UNKNOWN = { cpuPercent: null, memoryBytes: null, procs: null, frozen: false, gpus: [] };

/** A job of that id; of what is not said nothing is known. */
function live(id: string, figures: Partial<LiveJob> = {}, deadlineBootMs: number | null = null): LiveJob {
  const limits = { ...NO_LIMITS, memoryMaxBytes: 1000 };
  return {
    job: jobIn({ state: "running", run: { ...RUN, deadlineBootMs } }, { id, limits }),
    ...UNKNOWN,
    ...figures,
  };
}

const sorted = (jobs: readonly LiveJob[], sort: string) =>
  inOrder(jobs, chooseOrder(sort, LIVE_COLUMNS), NOW).map(({ job }) => job.spec.id);

Deno.test("inOrder() sorts figures by their values, whatever they look like", () => {
  const jobs = [
    live("a", { cpuPercent: 9.5, memoryBytes: 2 ** 30, procs: 10 }, NOW.bootMs + 5_000),
    live("b", { cpuPercent: 110, memoryBytes: 900, procs: 9 }, NOW.bootMs - 5_000),
    live("c", { cpuPercent: 20, memoryBytes: 2 ** 20, procs: 100 }, NOW.bootMs + 400_000),
  ];
  assert.deepEqual(sorted(jobs, "cpu%"), ["a", "c", "b"]);
  assert.deepEqual(sorted(jobs, "-mem"), ["a", "c", "b"]);
  assert.deepEqual(sorted(jobs, "-mem%"), ["a", "c", "b"]);
  assert.deepEqual(sorted(jobs, "procs"), ["b", "a", "c"]);
  assert.deepEqual(sorted(jobs, "left"), ["b", "a", "c"], "overdue is the least that can be left");
});

Deno.test("inOrder() puts what is not known last either way, and leaves equals as they are", () => {
  const jobs = [
    live("a"),
    live("b", { procs: 2 }),
    live("c"),
    live("d", { procs: 1 }),
    live("e", { procs: 2 }),
  ];
  assert.deepEqual(sorted(jobs, "procs"), ["d", "b", "e", "a", "c"]);
  assert.deepEqual(sorted(jobs, "-procs"), ["b", "e", "d", "a", "c"]);
  assert.deepEqual(sorted(jobs, "-name"), ["a", "b", "c", "d", "e"]);
});

Deno.test("inOrder() can sort by every column", () => {
  const jobs = [live("b", { cpuPercent: 1, memoryBytes: 1, procs: 1 }), live("a")];
  for (const { key } of LIVE_COLUMNS) {
    assert.deepEqual(sorted(jobs, key).toSorted(), ["a", "b"], key);
    assert.deepEqual(sorted(jobs, `-${key}`).toSorted(), ["a", "b"], key);
  }
});

Deno.test("liveCells() shows a dash for what is not known, and 0 for what is 0", () => {
  const titles = LIVE_COLUMNS.map(({ title }) => title);
  const [unknown, idle] = liveCells([live("a"), live("b", { cpuPercent: 0, memoryBytes: 0, procs: 0 })], NOW);
  const cell = (cells: string[] | undefined, title: string) => cells?.[titles.indexOf(title)];
  const figures = ["procs", "cpu%", "mem", "mem%"];
  assert.deepEqual(figures.map((title) => cell(unknown, title)), ["-", "-", "-", "-"]);
  assert.deepEqual(figures.map((title) => cell(idle, title)), ["0", "0%", "0B", "0%"]);
  assert.deepEqual([cell(idle, "left"), cell(idle, "age")], ["-", "1m40s"]);
});

const FACTS = { host: "node01", wallMs: NOW.wallMs, damaged: 0, order: chooseOrder("-mem", LIVE_COLUMNS) };
const partsOf = (jobs: readonly LiveJob[], facts = FACTS) => liveHeader(jobs, facts).split("  ");

Deno.test("liveHeader() has host, time, number of jobs, the order, and sums of what is known", () => {
  const jobs = [
    live("a", { cpuPercent: 12.5, memoryBytes: 2 ** 30 }),
    live("b"),
    live("c", { cpuPercent: 100 }),
  ];
  const [host, time, ...rest] = partsOf(jobs);
  assert.equal(host, "node01");
  assert.match(time!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.deepEqual(rest, ["3 jobs", "cpu 113%", "mem 1.0G", "by -mem"]);
});

Deno.test("liveHeader() tells nothing known from nothing there", () => {
  assert.deepEqual(partsOf([live("a")]).slice(2, 5), ["1 job", "cpu -", "mem -"]);
  assert.deepEqual(partsOf([]).slice(2, 5), ["0 jobs", "cpu 0%", "mem 0B"]);
});

Deno.test("liveHeader() counts what waits apart: it uses nothing", () => {
  const queued = { ...UNKNOWN, job: jobIn({ state: "queued", queue: QUEUE_FACTS }, { id: "c" }) };
  const jobs = [live("a", { cpuPercent: 20, memoryBytes: 2 ** 30 }), queued, queued];
  assert.deepEqual(partsOf(jobs).slice(2, 5), ["1 job, 2 queued", "cpu 20%", "mem 1.0G"]);
  assert.deepEqual(partsOf([queued]).slice(2, 5), ["0 jobs, 1 queued", "cpu 0%", "mem 0B"]);
});

Deno.test("liveHeader() tells of damaged rows, and lets no host name do harm", () => {
  assert.equal(partsOf([], { ...FACTS, damaged: 2 }).at(-1), "2 rows damaged");
  assert.equal(partsOf([], { ...FACTS, host: "a\x1b[2J\nb" })[0], "a\\x1b[2J\\nb");
});
