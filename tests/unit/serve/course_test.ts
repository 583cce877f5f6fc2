import assert from "node:assert/strict";
import { NodeCourse } from "../../../src/serve/course.ts";
import type { CourseLook } from "../../../src/serve/course_bins.ts";
import { CourseFile, MOST_BINS } from "../../../src/serve/course_file.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const MIB = 2 ** 20;
const START_MS = Date.UTC(2026, 10, 1);
const FACTS = { memoryTotalBytes: 1024 * MIB, cores: 8, whose: () => null };
const whose = (id: string) => ({ name: `name of ${id}`, user: "anna" });

const lookOf = (
  atMs: number,
  jobs: Record<string, number>,
  changes: Partial<CourseLook> = {},
): CourseLook => ({
  atMs,
  jobs: Object.entries(jobs).map(([jobId, mib]) => ({ jobId, memoryBytes: mib * MIB, cpuCores: mib / 100 })),
  outside: { memoryBytes: 10 * MIB, cpuCores: 0.5 },
  pressure: { cpu: 1, memory: null, io: 3 },
  ...changes,
});

/** A look each `stepMs`. */
function follow(
  course: NodeCourse,
  fromMs: number,
  toMs: number,
  jobs: Record<string, number>,
  stepMs = 10_000,
) {
  const ended = [];
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) {
    const bin = course.add(lookOf(atMs, jobs), whose);
    if (bin !== null) ended.push(bin);
  }
  return ended;
}

const seriesOf = (course: ReturnType<NodeCourse["range"]>) =>
  course.series.map((
    { kind, jobId, memoryBytes },
  ) => [kind, jobId, memoryBytes.map((b) => b === null ? null : b / MIB)]);

Deno.test("a fresh page has a plot of half minutes, and each bin has every job as it ends", () => {
  using dir = new TempDir();
  const course = new NodeCourse(new CourseFile(dir.path, () => assert.fail()));
  const ended = follow(course, START_MS, START_MS + 61_000, { a: 100, b: 50 });
  assert.deepEqual(ended.map(({ timeMs }) => timeMs - START_MS), [30_000, 60_000]);
  assert.deepEqual(ended[0]!.jobs, [
    { jobId: "a", memoryBytes: 100 * MIB, cpuCores: 1 },
    { jobId: "b", memoryBytes: 50 * MIB, cpuCores: 0.5 },
  ]);
  assert.deepEqual(ended[0]!.pressure, { cpu: 1, memory: null, io: 3 });
  const range = course.range(START_MS - 60_000, START_MS + 61_000, FACTS);
  assert.deepEqual(seriesOf(range), [
    ["job", "a", [100, 100]],
    ["job", "b", [50, 50]],
    ["other", null, [0, 0]],
    ["outside", null, [10, 10]],
  ]);
  assert.equal(range.series[0]!.name, "name of a");
});

Deno.test("a job that was there for half of a bin counts for half of it", () => {
  const course = new NodeCourse(new CourseFile(null, () => {}));
  course.add(lookOf(START_MS, { a: 100 }), whose);
  course.add(lookOf(START_MS + 10_000, {}), whose);
  const bin = course.add(lookOf(START_MS + 30_000, {}), whose);
  assert.equal(bin!.jobs[0]!.memoryBytes, 50 * MIB);
});

Deno.test("the course survives a restart, and the time between is a gap", () => {
  using dir = new TempDir();
  const file = () => new CourseFile(dir.path, (line) => assert.fail(line));
  follow(new NodeCourse(file()), START_MS, START_MS + 601_000, { a: 100 });
  const later = new NodeCourse(file());
  follow(later, START_MS + 3_600_000, START_MS + 3_901_000, { b: 50 });
  const range = later.range(START_MS - 86_400_000, START_MS + 4_000_000, FACTS);
  assert.deepEqual(range.timesMs.map((ms) => (ms - START_MS) / 60_000), [5, 10, 15, 65, 70]);
  assert.deepEqual(seriesOf(range).slice(0, 2), [
    ["job", "a", [100, 100, null, 0, 0]],
    ["job", "b", [0, 0, null, 50, 50]],
  ]);
  assert.deepEqual(range.pressure.cpu, [1, 1, null, 1, 1]);
  assert.deepEqual(range.series.map(({ name }) => name).slice(0, 2), ["name of a", "name of b"]);
  assert.equal(Deno.lstatSync(`${dir.path}/course.jsonl`).mode! & 0o777, 0o600);
});

Deno.test("a file that makes no sense costs what makes no sense, and is told", () => {
  const good = `{"t":${START_MS / 1000},"j":{"a":[1024,1]},"r":[0,0],"o":[1024,null],"p":[1,null,2]}`;
  const cases: [string, number][] = [
    ["\u0000\u0001garbage", 0],
    [`{"corralCourse":1}\n${good}\n{"t":17`, 1],
    [`{"corralCourse":99}\n`, 0],
    [`{"t":1,"j":{"a":["x",1]},"r":[0,0],"o":[0,0],"p":[1,1,1]}\n`, 0],
    [`null\n[]\n7\n${good}\n`, 1],
  ];
  for (const [text, bins] of cases) {
    using dir = new TempDir();
    dir.write("course.jsonl", text);
    const said: string[] = [];
    const file = new CourseFile(dir.path, (line) => said.push(line));
    assert.equal(file.load().bins.length, bins, text);
    assert.equal(said.length, 1, text);
    // It goes on behind what was kept.
    follow(new NodeCourse(file), START_MS + 600_000, START_MS + 910_000, { a: 1 });
    const again = new CourseFile(dir.path, (line) => assert.fail(line)).load();
    assert.equal(again.bins.length, bins + 1, text);
  }
});

Deno.test("what is in the way of the file is told once, and the course goes on in memory", () => {
  using dir = new TempDir();
  const said: string[] = [];
  const course = new NodeCourse(new CourseFile(`${dir.path}/missing`, (line) => said.push(line)));
  follow(course, START_MS, START_MS + 1_000_000, { a: 1 });
  assert.equal(said.length, 1);
  assert.match(said[0]!, /^warning: the node's course is not kept: .*missing/);
  assert.equal(course.range(START_MS - 86_400_000, START_MS + 1e9, FACTS).timesMs.length, 4);
});

Deno.test("eight days of a busy node are about a megabyte, on disk and in time", () => {
  using dir = new TempDir();
  const course = new NodeCourse(new CourseFile(dir.path, (line) => assert.fail(line)));
  const days = 20;
  for (let bin = 0; bin < days * 288; bin++) {
    const jobs = Object.fromEntries(
      Array.from(
        { length: 30 },
        (_, index) => [`job${Math.floor((bin + index) / 30) * 30 + index}`, 1000 + index],
      ),
    );
    course.add(lookOf(START_MS + bin * 300_000, jobs), whose);
  }
  const size = Deno.statSync(`${dir.path}/course.jsonl`).size;
  assert.ok(size < 4_000_000, `${size} bytes`);
  const { bins, names } = new CourseFile(dir.path, () => {}).load();
  assert.equal(bins.length, MOST_BINS);
  assert.ok(names.size < 20_000, `${names.size} names`);
  const range = course.range(0, START_MS + 1e12, FACTS);
  assert.deepEqual(range.series.map(({ kind }) => kind), [...Array(8).fill("job"), "other", "outside"]);
  const sum = range.series.filter(({ kind }) => kind !== "outside").reduce(
    (all, s) => all + s.memoryBytes.at(-2)!,
    0,
  );
  assert.equal(Math.round(sum / MIB), 30 * 1000 + 29 * 15);
});

Deno.test("a clock that was set back begins a new stretch", () => {
  const course = new NodeCourse(new CourseFile(null, () => {}));
  follow(course, START_MS, START_MS + 301_000, { a: 1 });
  follow(course, START_MS - 3_600_000, START_MS - 3_600_000 + 301_000, { a: 1 });
  const { timesMs } = course.range(0, START_MS * 2, FACTS);
  assert.deepEqual(timesMs, timesMs.toSorted((a, b) => a - b));
  assert.ok(timesMs.every((ms) => ms <= START_MS - 3_000_000));
});
