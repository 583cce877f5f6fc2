import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { localTime } from "../../../../src/value/local_time.ts";
import { REPORT_COLUMNS } from "../../../../src/view/report/columns.ts";
import { type EndedJob, insertEnded } from "../../../kit/fakes/ended_job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { readCsv, readCsvs, reportRows } from "../../../kit/fakes/table.ts";

const MIB = 2 ** 20;
const START_MS = new Date(2026, 10, 1, 9, 0).getTime();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A node with these jobs on record, one a minute, seen two hours later. */
function nodeWith(...jobs: EndedJob[]): FakeNode {
  const node = new FakeNode();
  const store = node.stores.open();
  for (const [index, job] of jobs.entries()) {
    const startedAtMs = job.startedAtMs ?? START_MS + index * MINUTE_MS;
    const id = `aaaaa${"abcdefghjk"[index]}`;
    const ending = { endedAtMs: startedAtMs + 10 * MINUTE_MS, ...job.ending };
    insertEnded(store, { ...job, startedAtMs, spec: { id, ...job.spec }, ending });
  }
  node.wallMs = START_MS + 2 * HOUR_MS;
  node.proc.write("stat", "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\ncpu2 1 2 3\ncpu3 1 2 3\nintr 5\n");
  return node;
}

async function report(node: FakeNode, ...args: string[]): Promise<string> {
  node.out = "";
  assert.equal(await node.corral("report", ...args), EXIT.DONE, node.said.join("\n"));
  return node.out;
}

/** The values of one column of the table, in its order. */
async function column(node: FakeNode, title: string, ...args: string[]): Promise<string[]> {
  return reportRows(await report(node, ...args)).rows.map((row) => row[title.toUpperCase()]!);
}

/** Every column has a value of its own. */
const DISTINCT: EndedJob = {
  spec: {
    id: "7k2m9q",
    name: "fastsurfer",
    ref: "task-9",
    user: "carol",
    uid: 1003,
    timeoutMs: 5_400_000,
    pool: { name: "brain", priority: 3, requeue: 0 },
    limits: { ...NO_LIMITS, memoryMaxBytes: 400 * MIB, cpuMaxCores: 2.5 },
  },
  watch: { backend: "systemd", queuedMs: 23_000 },
  startedAtMs: START_MS + 5_000,
  ending: {
    reason: "timeout",
    trigger: "timeout",
    exit: { code: null, signal: 15 },
    endedAtMs: START_MS + 105_000,
  },
  usage: {
    wallMs: 100_000,
    cpuUsageUsec: 40_000_000,
    cpuUserUsec: 31_000_000,
    cpuSystemUsec: 9_500_000,
    cpuPeriods: 1_000,
    cpuThrottledPeriods: 70,
    cpuThrottledUsec: 7_000_000,
    cpuPressureSomeUsec: 6_000_000,
    cpuPressureFullUsec: 5_000_000,
    memoryPeakBytes: 300 * MIB,
    memoryAnonPeakBytes: 210 * MIB,
    memoryFilePeakBytes: 90 * MIB,
    memoryShmemPeakBytes: 30 * MIB,
    memorySlabPeakBytes: 2 * MIB,
    memoryPressureSomeUsec: 4_000_000,
    memoryPressureFullUsec: 3_000_000,
    swapPeakBytes: 5 * MIB,
    oomKills: 3,
    ioReadBytes: 11 * MIB,
    ioWrittenBytes: 13 * MIB,
    ioReadOperations: 1_100,
    ioWriteOperations: 1_300,
    ioPressureSomeUsec: 2_000_000,
    ioPressureFullUsec: 1_000_000,
    pidsPeak: 17,
    pidsMaxEvents: 19,
  },
};

/** How each column shows that job to people, and how it writes it for programs. */
function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
}

const EXPECTED: Record<string, [shown: string, written: string]> = {
  "id": ["7k2m9q", "7k2m9q"],
  "name": ["fastsurfer", "fastsurfer"],
  "ref": ["task-9", "task-9"],
  "user": ["carol", "carol"],
  "started": ["2026-11-01 09:00:05", "2026-11-01 09:00:05"],
  "wall": ["1m40s", "100000"],
  "cpu": ["40s", "40000000"],
  "cpu%": ["16%", "16.0"],
  "mem-peak": ["300.0M", String(300 * MIB)],
  "mem%": ["75%", "75.0"],
  "anon": ["210.0M", String(210 * MIB)],
  "file": ["90.0M", String(90 * MIB)],
  "read": ["11.0M", String(11 * MIB)],
  "written": ["13.0M", String(13 * MIB)],
  "throttled": ["7s", "7000000"],
  "oom": ["3", "3"],
  "pids": ["17", "17"],
  "refused-forks": ["19", "19"],
  "reason": ["timeout", "timeout"],
  "exit": ["124", "124"],
  "ended": ["2026-11-01 09:01:45", "2026-11-01 09:01:45"],
  "signal": ["TERM", "TERM"],
  "timeout": ["1h30m", "5400000"],
  "memory": ["400.0M", String(400 * MIB)],
  "cpus": ["2.5", "2.5"],
  "cpu-user": ["31s", "31000000"],
  "cpu-system": ["9.5s", "9500000"],
  "swap-peak": ["5.0M", String(5 * MIB)],
  "shmem": ["30.0M", String(30 * MIB)],
  "slab": ["2.0M", String(2 * MIB)],
  "reads": ["1100", "1100"],
  "writes": ["1300", "1300"],
  "periods": ["1000", "1000"],
  "throttled-periods": ["70", "70"],
  "cpu-some": ["6s", "6000000"],
  "cpu-full": ["5s", "5000000"],
  "mem-some": ["4s", "4000000"],
  "mem-full": ["3s", "3000000"],
  "io-some": ["2s", "2000000"],
  "io-full": ["1s", "1000000"],
  "backend": ["systemd", "systemd"],
  "pool": ["brain", "brain"],
  "queued": ["23s", "23000"],
  "started-utc": [utc(START_MS + 5_000), utc(START_MS + 5_000)],
  "ended-utc": [utc(START_MS + 105_000), utc(START_MS + 105_000)],
  "host": ["this node", "this node"],
};
const EVERY_COLUMN = REPORT_COLUMNS.map(({ key }) => key).join(",");

Deno.test("corral report shows every column's own value", async () => {
  using node = nodeWith(DISTINCT);
  const { rows } = reportRows(await report(node, "--columns", EVERY_COLUMN));
  const shown = Object.entries(EXPECTED).map(([key, [text]]) => [key.toUpperCase(), text]);
  assert.deepEqual(rows, [Object.fromEntries(shown)]);
  const known = Object.values(EXPECTED).map(([text]) => text).filter((text) =>
    text !== "-" && text !== "timeout"
  );
  assert.equal(new Set(known).size, known.length, "no two columns show the same");
});

Deno.test("corral report --format csv writes every column's own value, alone or between others", async () => {
  using node = nodeWith(DISTINCT);
  const texts = [];
  for (const columns of [EVERY_COLUMN, ...REPORT_COLUMNS.map(({ key }) => key)]) {
    texts.push(await report(node, "--format", "csv", "--columns", columns));
  }
  const [[together] = [], ...others] = await readCsvs(texts);
  for (const [index, { key, jsonKey }] of REPORT_COLUMNS.entries()) {
    const [, written] = EXPECTED[key]!;
    assert.equal(together![jsonKey], written, key);
    assert.deepEqual(others[index], [{ [jsonKey]: written }], key);
  }
});

Deno.test("corral report shows the columns of the contract, and those that are asked for in their order", async () => {
  using node = nodeWith(DISTINCT);
  const titles = (text: string) => text.split("\n")[1]!.split(/ +/).join(" ").toLowerCase();
  assert.equal(
    titles(await report(node)),
    "id name ref user started reason exit wall cpu cpu% mem-peak mem% anon file read written throttled oom pids",
  );
  assert.equal(titles(await report(node, "--columns", "exit, ID,wall")), "exit id wall");
});

Deno.test("corral report shows - for what the kernel did not give, null in JSON, nothing in CSV, and never 0", async () => {
  using node = nodeWith({ usage: null, ending: { exit: { code: null, signal: null } } });
  const figures = REPORT_COLUMNS.filter(({ align }) => align === "right").map(({ key }) => key);
  const unknown = figures.join(",");
  const { rows } = reportRows(await report(node, "--columns", unknown));
  assert.deepEqual(new Set(Object.values(rows[0]!)), new Set(["-"]));
  const [line] = await readCsv(await report(node, "--columns", unknown, "--format", "csv"));
  assert.deepEqual(new Set(Object.values(line!)), new Set([""]));
  const [job] = JSON.parse(await report(node, "--json"));
  assert.deepEqual(new Set(Object.values(job.usage)), new Set([null]));
  assert.deepEqual([job.cpuPercent, job.memoryPercent, job.exitCode], [null, null, null]);
});

Deno.test("corral report tells a zero from what is not known, and no wall time gives no percentage", async () => {
  using node = nodeWith({ usage: { wallMs: 0, cpuUsageUsec: 0, oomKills: 0, ioReadBytes: 0 } });
  const { rows } = reportRows(await report(node, "--columns", "wall,cpu,cpu%,oom,read"));
  assert.deepEqual(rows, [{ WALL: "0s", CPU: "0s", "CPU%": "-", OOM: "0", READ: "0B" }]);
});

Deno.test("corral report reckons cpu% of the quota, else of the CPUs of the node, else not at all", async () => {
  const usage = { wallMs: 10_000, cpuUsageUsec: 10_000_000 };
  using node = nodeWith({ usage, spec: { limits: { ...NO_LIMITS, cpuMaxCores: 2 } } }, { usage });
  assert.deepEqual(await column(node, "cpu%"), ["50%", "25%"]);
  node.proc.write("stat", "");
  assert.deepEqual(await column(node, "cpu%"), ["50%", "-"]);
});

Deno.test("corral report of a live job has its state for a reason, its time so far, and nothing else that is not known", async () => {
  using node = nodeWith();
  node.start({ spec: { createdAtMs: START_MS }, run: { startedAtMs: START_MS } });
  node.startStarting({ id: "bbbbbb", createdAtMs: START_MS + HOUR_MS });
  const { rows, total } = reportRows(await report(node));
  assert.deepEqual(rows.map(({ ID, WALL, REASON, CPU, EXIT: exit }) => [ID, WALL, REASON, CPU, exit]), [
    ["7k2m9q", "2h", "running", "-", "-"],
    ["bbbbbb", "1h", "starting", "-", "-"],
  ]);
  assert.equal(total, "total: 2 jobs (2 live), 0 failed, CPU time -");
  assert.deepEqual(await column(node, "id", "--reason", "running"), ["7k2m9q"]);
  node.wallMs = START_MS - HOUR_MS;
  assert.deepEqual(await column(node, "wall"), ["0s", "0s"]);
});

Deno.test("corral report ends with what all rows come to", async () => {
  using node = nodeWith(
    { usage: { cpuUsageUsec: 60_000_000 } },
    { usage: { cpuUsageUsec: 90_000_000 }, ending: { exit: { code: 1, signal: null } } },
    { usage: { cpuUsageUsec: null }, ending: { reason: "oom" } },
  );
  const total = async (...args: string[]) => reportRows(await report(node, ...args)).total;
  assert.equal(await total(), "total: 3 jobs, 2 failed, CPU time 2m30s (not known of 1)");
  assert.equal(await total("--by", "reason"), "total: 3 jobs, 2 failed, CPU time 2m30s (not known of 1)");
  assert.equal(await total("--limit", "1", "--columns", "id"), "total: 1 job, 0 failed, CPU time 1m");
  assert.equal(await total("--name", "none"), "total: 0 jobs, 0 failed, CPU time -");
});

Deno.test("corral report is oldest first, --sort smallest or largest first, and what is not known comes last", async () => {
  const peaks = [3 * MIB, null, MIB, 20 * MIB];
  using node = nodeWith(...peaks.map((memoryPeakBytes) => ({ usage: { memoryPeakBytes } })));
  const shown = (...args: string[]) => column(node, "mem-peak", ...args);
  assert.deepEqual(await shown(), ["3.0M", "-", "1.0M", "20.0M"]);
  assert.deepEqual(await shown("--sort", "mem-peak"), ["1.0M", "3.0M", "20.0M", "-"]);
  assert.deepEqual(await shown("--sort", "-mem-peak"), ["20.0M", "3.0M", "1.0M", "-"]);
  assert.deepEqual(await shown("--sort", "-mem-peak", "--limit", "2"), ["20.0M", "3.0M"]);
  assert.deepEqual(await shown("--sort", "-started", "--limit", "1"), ["20.0M"]);
});

Deno.test("corral report sorts by every column, also by one that is not shown", async () => {
  using node = nodeWith(DISTINCT, { spec: { name: "other" } });
  for (const { key } of REPORT_COLUMNS) {
    for (const sort of [key, `-${key}`]) {
      assert.equal((await column(node, "id", "--sort", sort, "--columns", "id")).length, 2, sort);
    }
  }
});

Deno.test("corral report filters, and all filters have to fit", async () => {
  using node = nodeWith(
    { spec: { name: "fastsurfer", ref: "a", user: "alice", uid: 1000, tags: { study: "x", "a.b": "1" } } },
    { spec: { name: "fmriprep", ref: "b", user: "bob", uid: 1001, tags: { study: "y" } } },
    { spec: { name: "fast*er", user: "root", uid: 0 }, ending: { reason: "oom" } },
  );
  const ids = async (...args: string[]) =>
    (await column(node, "id", ...args)).map((id) => id.at(-1)).join("");
  assert.equal(await ids("--name", "fast*"), "ac");
  assert.equal(await ids("--name", "fast\\*er"), "c");
  assert.equal(await ids("--name", "[!f]*"), "");
  assert.equal(await ids("--name", "fmriprep"), "b");
  // A word that is no pattern is a name.
  for (const name of ["[", "f[", "[!", "f\\"]) assert.equal(await ids("--name", name), "");
  assert.equal(await ids("--ref", "b"), "b");
  assert.equal(await ids("--user", "alice"), "a");
  assert.equal(await ids("--user", "1001"), "b");
  assert.equal(await ids("--user", "0"), "c");
  assert.equal(await ids("--reason", "oom"), "c");
  assert.equal(await ids("--tag", "study=x"), "a");
  assert.equal(await ids("--tag", "a.b=1"), "a");
  assert.equal(await ids("--tag", "study=x", "--tag", "a.b=2"), "");
  assert.equal(await ids("--tag", "study=x", "--tag", "a.b=1"), "a");
  assert.equal(await ids("--name", "f*", "--user", "bob"), "b");
  assert.equal(await ids("--name", "x' OR 1=1 --"), "");
});

Deno.test("corral report --since and --until take jobs that ran at some time between", async () => {
  const ran = (fromMs: number, toMs: number) => ({
    startedAtMs: START_MS + fromMs * MINUTE_MS,
    ending: { endedAtMs: START_MS + toMs * MINUTE_MS },
  });
  // Before, into, within, over, out of, after.
  using node = nodeWith(ran(0, 10), ran(10, 30), ran(31, 35), ran(5, 90), ran(38, 60), ran(50, 60));
  node.start({ spec: { id: "zzzzzz", createdAtMs: START_MS }, run: { startedAtMs: START_MS } });
  const ids = async (...args: string[]) =>
    (await column(node, "id", "--sort", "id", ...args)).map((id) => id.at(-1)).join("");
  const at = (minutes: number) => localTime(START_MS + minutes * MINUTE_MS).slice(0, 16).replace(" ", "T");
  assert.equal(await ids("--since", at(20), "--until", at(40)), "bcdez");
  assert.equal(await ids("--since", at(30)), "bcdefz");
  assert.equal(await ids("--since", at(31)), "cdefz");
  assert.equal(await ids("--until", at(38)), "abcdz");
  assert.equal(await ids("--until", at(39)), "abcdez");
  assert.equal(await ids("--since", "65m"), "defz");
  assert.equal(await ids("--since", at(20), "--until", at(40), "--reason", "exited"), "bcde");
  assert.deepEqual(await column(node, "started", "--since", at(35)), [
    ...[0, 5, 31, 38, 50].map((minutes) => localTime(START_MS + minutes * MINUTE_MS)),
  ]);
});

Deno.test("corral report --by makes a row for each name, user, reason or day", async () => {
  const next = new Date(2026, 10, 2).getTime();
  using node = nodeWith(
    { spec: { name: "a", user: "u" } },
    { spec: { name: "b", user: "u" }, startedAtMs: next - 1 },
    { spec: { name: "a", user: "v" }, startedAtMs: next, ending: { reason: "killed" } },
  );
  const groups = async (by: string) => {
    const { rows } = reportRows(await report(node, "--by", by));
    return rows.map((row) => [row[by.toUpperCase()], row["COUNT"], row["FAILED"]].join(" "));
  };
  assert.deepEqual(await groups("name"), ["a 2 1", "b 1 0"]);
  assert.deepEqual(await groups("user"), ["u 2 0", "v 1 1"]);
  assert.deepEqual(await groups("reason"), ["exited 2 0", "killed 1 1"]);
  assert.deepEqual(await groups("day"), ["2026-11-01 2 0", "2026-11-02 1 1"]);
});

/** Twenty jobs of one name: the tenth and the nineteenth in the order of each figure are its p50 and p95. */
function twenty(): EndedJob[] {
  return Array.from({ length: 20 }, (_, index) => ({
    startedAtMs: START_MS + index,
    spec: { id: `bbbbb${"abcdefghjkmnpqrstvwx"[index]}` },
    usage: {
      wallMs: (index + 1) * 1_000,
      cpuUsageUsec: (index + 1) * 2_000_000,
      memoryPeakBytes: (index + 1) * MIB,
      cpuThrottledPeriods: 0,
    },
  }));
}

Deno.test("corral report --by tag:KEY and host, and sums when they are asked for", async () => {
  using node = nodeWith(
    { spec: { tags: { "pro.ject": "brain" } }, usage: { wallMs: 3_600_000, memoryPeakBytes: 2 * MIB } },
    { spec: { tags: { "pro.ject": "brain" } }, usage: { wallMs: 1_800_000, memoryPeakBytes: 4 * MIB } },
    { spec: { tags: {} }, usage: null },
  );
  const columns = "wall-sum,memory-sum,count";
  const rows = await readCsv(
    await report(node, "--by", "tag:pro.ject", "--format", "csv", "--columns", `tag:pro.ject,${columns}`),
  );
  assert.deepEqual(rows, [
    { "tag:pro.ject": "-", wallTotalMs: "", memoryByteHours: "", count: "1" },
    { "tag:pro.ject": "brain", wallTotalMs: "5400000", memoryByteHours: String(4 * MIB), count: "2" },
  ]);
  const [group] = JSON.parse(await report(node, "--by", "host", "--json"));
  assert.deepEqual([group.host, group.count], ["this node", 3]);
  assert.match(
    await report(node, "--by", "tag:pro.ject", "--format", "openmetrics"),
    /corral_jobs\{tag_pro_ject="brain"\} 2/,
  );
});

Deno.test("corral report --format csv has the host and times in UTC in each row", async () => {
  using node = nodeWith(DISTINCT);
  const [row] = await readCsv(await report(node, "--format", "csv"));
  assert.deepEqual([row!["startedUtc"], row!["endedUtc"], row!["host"]], [
    utc(START_MS + 5_000),
    utc(START_MS + 105_000),
    "this node",
  ]);
});

Deno.test("corral report --truncate counts what falls into the window, in each format", async () => {
  using node = nodeWith(DISTINCT);
  const window = ["--since", utc(START_MS + 30_000), "--until", utc(START_MS + 80_000), "--truncate"];
  const [row] = await readCsv(await report(node, ...window, "--format", "csv"));
  assert.deepEqual(
    [row!["wallMs"], row!["cpuUsageUsec"], row!["cpuPercent"], row!["startedUtc"]],
    ["50000", "20000000", "16.0", utc(START_MS + 30_000)],
  );
  const [job] = JSON.parse(await report(node, ...window, "--json"));
  assert.deepEqual([job.usage.wallMs, job.usage.cpuUsageUsec], [50_000, 20_000_000]);
  assert.deepEqual([job.startedAt, job.endedAt].map(Date.parse), [START_MS + 30_000, START_MS + 80_000]);
  const [group] = JSON.parse(await report(node, ...window, "--json", "--by", "name"));
  assert.deepEqual([group.wallTotalMs, group.cpuTotalUsec], [50_000, 20_000_000]);
  const [whole] = JSON.parse(await report(node, "--since", utc(START_MS), "--truncate", "--json"));
  assert.deepEqual([whole.usage.wallMs, whole.usage.cpuUsageUsec], [100_000, 40_000_000]);
});

Deno.test("corral report --truncate takes the CPU time from the samples, where there are some", async () => {
  using node = nodeWith(DISTINCT);
  const raw = node.stores.raw();
  // 1 s in the first 30, 35 s in the next 20: of 40 s in 100.
  for (const [offsetMs, cpuUsec] of [[30_000, 1_000_000], [40_000, null], [50_000, 36_000_000]]) {
    raw.prepare("INSERT INTO samples (job_id, offset_ms, cpu_usage_usec) VALUES ('7k2m9q', ?, ?)").run(
      offsetMs!,
      cpuUsec!,
    );
  }
  const started = START_MS + 5_000;
  const used = async (fromMs: number, toMs: number) => {
    const window = ["--since", utc(started + fromMs), "--until", utc(started + toMs), "--truncate"];
    const [job] = JSON.parse(await report(node, ...window, "--json"));
    const [row] = await readCsv(
      await report(node, ...window, "--format", "csv", "--columns", "cpu,cpu-user,cpu-system"),
    );
    const { cpuUsageUsec, cpuUserUsec, cpuSystemUsec } = job.usage;
    assert.deepEqual(Object.values(row!).map(Number), [cpuUsageUsec, cpuUserUsec, cpuSystemUsec]);
    return cpuUsageUsec;
  };
  assert.equal(await used(0, 30_000), 1_000_000);
  assert.equal(await used(30_000, 50_000), 35_000_000);
  assert.equal(await used(40_000, 50_000), 17_500_000);
  assert.equal(await used(50_000, 75_000), 2_000_000);
  assert.equal(await used(0, 100_000), 40_000_000);
});

Deno.test("corral report has what live jobs have used so far, in each format", async () => {
  using node = new FakeNode();
  node.start({
    files: { "cpu.stat": "usage_usec 500000\nuser_usec 1\nsystem_usec 1\n", "memory.peak": "7340032\n" },
  });
  const [job] = JSON.parse(await report(node, "--json"));
  assert.deepEqual([job.usage.cpuUsageUsec, job.usage.memoryPeakBytes], [500_000, 7 * MIB]);
  const [row] = await readCsv(await report(node, "--format", "csv", "--sort", "-cpu"));
  assert.deepEqual([row!["cpuUsageUsec"], row!["memoryPeakBytes"]], ["500000", String(7 * MIB)]);
  const metrics = await report(node, "--format", "openmetrics");
  assert.match(metrics, /^corral_job_cpu_seconds\{id="7k2m9q",name="fastsurfer"\} 0\.5$/m);
  assert.match(metrics, /^corral_job_memory_peak_bytes\{.*\} 7340032$/m);
  assert.match(metrics, /^corral_jobs_cpu_seconds\{reason="running"\} 0\.5$/m);
});

Deno.test("corral report --by counts what live jobs have used so far into the sums", async () => {
  using node = nodeWith({ usage: { cpuUsageUsec: 2_000_000, wallMs: 600_000 } });
  node.start({
    files: { "cpu.stat": "usage_usec 500000\nuser_usec 1\nsystem_usec 1\n", "memory.peak": "7340032\n" },
  });
  const [group] = JSON.parse(await report(node, "--all", "--by", "name", "--json"));
  assert.deepEqual([group.count, group.live, group.cpuTotalUsec], [2, 1, 2_500_000]);
  assert.deepEqual(group.cpuUsageUsec, { p50: 2_000_000, p95: 2_000_000, max: 2_000_000 });
});

Deno.test("corral report --format html has the outcome before figures, limits beside peaks, and marks failures", async () => {
  using node = nodeWith(DISTINCT, {
    spec: { id: "bbbbbb" },
    ending: { reason: "exited", trigger: "exited", exit: { code: 0, signal: null } },
  });
  const page = await report(node, "--format", "html");
  const titles = [...page.matchAll(/<th [^>]*><button type="button">([^<]*)</g)].map(([, title]) => title);
  assert.deepEqual(titles.slice(0, 14), [
    ...["id", "name", "ref", "user", "started", "reason", "exit", "wall", "timeout", "cpu", "cpus", "cpu%"],
    ...["mem-peak", "memory"],
  ]);
  const marked = [...page.matchAll(/<tr( class="failed")?><td[^>]*>([^<]*)</g)].map((
    [, mark, id],
  ) => [id, mark !== undefined]);
  assert.deepEqual(marked, [["7k2m9q", true], ["bbbbbb", false]]);
});

Deno.test("corral report --by shows every column's own value", async () => {
  using node = nodeWith(...twenty(), {
    spec: { id: "cccccc" },
    ending: { reason: "killed" },
    usage: { wallMs: 30_000, cpuUsageUsec: 70_000_000, memoryPeakBytes: 50 * MIB },
  });
  const { rows } = reportRows(await report(node, "--by", "name", "--advise"));
  assert.deepEqual(rows, [{
    "NAME": "fastsurfer",
    "COUNT": "21",
    "FAILED": "1",
    "WALL-P50": "11s",
    "WALL-P95": "20s",
    "WALL-MAX": "30s",
    "CPU-P50": "22s",
    "CPU-P95": "40s",
    "CPU-MAX": "1m10s",
    "MEM-PEAK-P50": "11.0M",
    "MEM-PEAK-P95": "20.0M",
    "MEM-PEAK-MAX": "50.0M",
    "FIT-MEMORY": "23M",
    "FIT-TIMEOUT": "23s",
    "FIT-CPUS": "2.4",
  }]);
  const [line] = await readCsv(await report(node, "--by", "name", "--advise", "--format", "csv"));
  assert.deepEqual(line, {
    name: "fastsurfer",
    count: "21",
    failed: "1",
    wallMsP50: "11000",
    wallMsP95: "20000",
    wallMsMax: "30000",
    cpuUsageUsecP50: "22000000",
    cpuUsageUsecP95: "40000000",
    cpuUsageUsecMax: "70000000",
    memoryPeakBytesP50: String(11 * MIB),
    memoryPeakBytesP95: String(20 * MIB),
    memoryPeakBytesMax: String(50 * MIB),
    adviceMemoryMaxBytes: String(Math.ceil(19 * MIB * 1.2)),
    adviceTimeoutMs: "22800",
    adviceCpuMaxCores: "2.4",
  });
  const [group] = JSON.parse(await report(node, "--by", "name", "--advise", "--json"));
  assert.deepEqual(group, {
    name: "fastsurfer",
    count: 21,
    live: 0,
    failed: 1,
    neverStarted: 0,
    wallMs: { p50: 11_000, p95: 20_000, max: 30_000 },
    cpuUsageUsec: { p50: 22_000_000, p95: 40_000_000, max: 70_000_000 },
    memoryPeakBytes: { p50: 11 * MIB, p95: 20 * MIB, max: 50 * MIB },
    cpuTotalUsec: 420_000_000 + 70_000_000,
    wallTotalMs: 240_000,
    memoryByteHours: 1_272_855,
    advice: { memoryMaxBytes: Math.ceil(19 * MIB * 1.2), timeoutMs: 22_800, cpuMaxCores: 2.4 },
  });
});

Deno.test("corral report --by sorts, limits and chooses columns as without", async () => {
  using node = nodeWith(
    { spec: { name: "a" }, usage: { wallMs: 2_000 } },
    { spec: { name: "b" }, usage: { wallMs: 3_000 } },
    { spec: { name: "b" }, usage: { wallMs: 1_000 } },
    { spec: { name: "c" }, usage: null },
  );
  const names = (...args: string[]) => column(node, "name", "--by", "name", ...args);
  assert.deepEqual(await names("--sort", "-count"), ["b", "a", "c"]);
  assert.deepEqual(await names("--sort", "wall-max"), ["a", "b", "c"]);
  assert.deepEqual(await names("--sort", "-wall-max"), ["b", "a", "c"]);
  assert.deepEqual(await names("--sort", "-wall-max", "--limit", "1", "--columns", "name,count"), ["b"]);
});

Deno.test("corral report --format json and jsonl are the jobs as corral show has them", async () => {
  using node = nodeWith(DISTINCT, { spec: { ref: null } });
  const jobs = JSON.parse(await report(node, "--format", "json"));
  const lines = (await report(node, "--format", "jsonl")).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.deepEqual(lines.pop(), { end: true, host: "this node", rows: 2, whole: true });
  assert.deepEqual(lines, jobs);
  assert.deepEqual(jobs.map(({ id }: { id: string }) => id), ["7k2m9q", "aaaaab"]);
  assert.deepEqual([jobs[0].cpuPercent, jobs[0].memoryPercent], [16, 75]);
  for (const { cpuPercent: _cpu, memoryPercent: _memory, host, ...job } of jobs) {
    assert.equal(host, "this node");
    node.out = "";
    await node.corral("show", job.id, "--json");
    const { events: _events, samples: _samples, ...shown } = node.takeJson() as Record<string, unknown>;
    assert.deepEqual(job, shown);
  }
  assert.deepEqual(JSON.parse(await report(node, "--json", "--limit", "1")), [jobs[0]]);
  assert.equal(await report(node, "--json", "--name", "none"), "[]\n");
  assert.deepEqual(JSON.parse(await report(node, "--format", "jsonl", "--name", "none")), {
    end: true,
    host: "this node",
    rows: 0,
    whole: true,
  });
});

Deno.test("corral report --format jsonl --by is a line for each group", async () => {
  using node = nodeWith({ spec: { name: "a" } }, { spec: { name: "b" } });
  const lines = (await report(node, "--by", "name", "--format", "jsonl")).trimEnd().split("\n");
  const groups = lines.map((line) => JSON.parse(line));
  assert.deepEqual(groups.map(({ name, host }) => `${name} on ${host}`), [
    "a on this node",
    "b on this node",
  ]);
});

const HOSTILE = [
  '=cmd|"/C calc"!A0',
  "two\nlines,\r\nand three",
  "\u202egnp\x1b[31m",
  "+1",
  "-1",
  "@x",
  " spaces ",
];

Deno.test("corral report --format csv is exact for names of all kinds", async () => {
  using node = nodeWith(...HOSTILE.map((name) => ({ spec: { name, ref: name } })));
  const rows = await readCsv(await report(node, "--format", "csv"));
  assert.deepEqual(rows.map(({ name, ref }) => [name, ref]), HOSTILE.map((name) => [name, name]));
});

Deno.test("corral report on a terminal lets no name reach it as it is", async () => {
  using node = nodeWith(...HOSTILE.map((name) => ({ spec: { name } })));
  node.widthColumns = 300;
  for (const format of ["table", "csv", "json", "jsonl", "html"]) {
    const text = await report(node, "--format", format);
    assert.match(text.replaceAll("\r\n", "").replaceAll("\n", ""), /^[^\p{C}]*$/u, format);
  }
  assert.match(await report(node, "--format", "csv"), /\\u202egnp\\x1b\[31m/);
});

Deno.test("corral report fits the terminal, and in a pipe is as wide as it needs to be", async () => {
  using node = nodeWith({ spec: { name: "n".repeat(200), ref: "r".repeat(200) } });
  node.widthColumns = 220;
  const widths = (text: string) => text.split("\n").slice(0, 2).map((line) => line.length);
  assert.ok(widths(await report(node)).every((width) => width <= 220));
  node.widthColumns = null;
  assert.ok(widths(await report(node))[1]! > 400);
});

Deno.test("corral report has enough when its reader has", async () => {
  using node = nodeWith(...twenty());
  node.outputEnds = true;
  const text = await report(node, "--format", "csv");
  assert.ok(text.length > 0);
});

Deno.test("corral report --schema needs no store", async () => {
  using node = new FakeNode();
  const schema = JSON.parse(await report(node, "--schema"));
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.ok(!Array.from(Deno.readDirSync(node.stores.path)).some(({ name }) => name.endsWith(".db")));
});

/** Command lines that make no sense, and what is said of them. */
const REFUSED: readonly (readonly [string[], RegExp])[] = [
  [
    ["--columns", "id,wal"],
    /^corral: --columns: there is no column "wal", did you mean wall\? \(columns: id, .*\)$/,
  ],
  [["--columns", ""], /--columns: there is no column ""/],
  [["--columns", "id,,wall"], /--columns: there is no column ""/],
  [["--columns", "count"], /--columns: there is no column "count"/],
  [["--sort", "mem"], /--sort: there is no column "mem", did you mean mem%\?/],
  [["--sort", "-"], /--sort: there is no column ""/],
  [["--by", "name", "--sort", "pids"], /there is no column "pids"/],
  [["--by", "name", "--columns", "fit-memory"], /there is no column "fit-memory"/],
  [["--by", "week"], /--by: "week" is none of name, user, reason, day/],
  [["--reason", "exit"], /--reason: "exit" is none of .*, did you mean exited\?/],
  [["--format", "xml"], /--format: "xml" is none of table, json, jsonl, csv, openmetrics, html/],
  [["--since", "soon"], /--since: cannot read "soon" as a point in time/],
  [["--since", "2099-01-01"], /--since 2099-01-01 00:00:00 is in the future/],
  [
    ["--since", "1h", "--until", "2h"],
    /--since 2026-11-01 10:00:00 is not before --until 2026-11-01 09:00:00/,
  ],
  [["--since", "2026-11-01", "--until", "2026-11-01"], /is not before/],
  [["--name", ""], /--name: cannot read "" as a pattern/],
  [["--tag", "study"], /--tag: cannot read "study" as a tag/],
  [["--limit", "0"], /--limit: cannot read "0" as a number of rows/],
  [["--limit", "-1"], /--limit: cannot read "-1"/],
  [["--advise"], /--advise is about groups of jobs \(add --by name\)/],
  [["--json", "--format", "csv"], /--json is --format json, and not csv/],
  [["--json", "--columns", "id"], /--columns is for tables and CSV, json has every field/],
  [["--format", "openmetrics", "--by", "day"], /--by day makes a new series every day/],
  [["--format", "openmetrics", "--limit", "5"], /--limit has no meaning for openmetrics/],
  [["unexpected"], /too many arguments/],
];

for (const [args, expected] of REFUSED) {
  Deno.test(`corral report ${args.join(" ")} is refused in one line, exit 2`, async () => {
    using node = nodeWith({});
    assert.equal(await node.corral("report", ...args), EXIT.USAGE);
    assert.match(node.said[0]!, expected);
    assert.equal(node.out, "");
  });
}

const DAY_MS = 24 * HOUR_MS;

Deno.test("corral report is about the jobs since midnight of yesterday, and its heading says so", async () => {
  const old = { startedAtMs: START_MS - 3 * DAY_MS };
  const yesterday = { startedAtMs: START_MS - DAY_MS };
  using node = nodeWith(old, yesterday, {});
  const named = async (...args: string[]) => {
    const { heading, rows } = reportRows(await report(node, ...args));
    return [heading, ...rows.map((row) => row["ID"])];
  };
  assert.deepEqual(await named(), [
    "jobs since 2026-10-31 00:00:00 (--all: all on record)",
    "aaaaab",
    "aaaaac",
  ]);
  assert.deepEqual(await named("--all"), ["all jobs on record", "aaaaaa", "aaaaab", "aaaaac"]);
  assert.deepEqual(await named("--until", "2026-10-30"), ["jobs until 2026-10-30 00:00:00", "aaaaaa"]);
  assert.deepEqual(await named("--last", "2"), ["all jobs on record, the last 2", "aaaaac", "aaaaab"]);
  // A program that reads the rows misses none unasked.
  assert.equal(JSON.parse(await report(node, "--json")).length, 3);
  assert.equal((await readCsv(await report(node, "--format", "csv"))).length, 3);
});

Deno.test("corral report --failed has all that did not exit with 0, and counts no command that never started", async () => {
  const failedToStart = {
    reason: "failed-to-start",
    trigger: "failed-to-start",
    exit: { code: 127, signal: null },
  } as const;
  using node = nodeWith(
    { ending: { reason: "exited", trigger: "exited", exit: { code: 0, signal: null } } },
    { ending: { reason: "exited", trigger: "exited", exit: { code: 3, signal: null } } },
    { ending: { reason: "oom", trigger: "oom", exit: { code: null, signal: 9 } } },
    { ending: failedToStart },
  );
  const { heading, rows, total } = reportRows(await report(node, "--failed"));
  assert.match(heading, /^failed jobs since /);
  assert.deepEqual(rows.map(({ REASON, EXIT: exit }) => [REASON, exit]), [
    ["exited", "3"],
    ["oom", "137"],
    ["failed-to-start", "127"],
  ]);
  assert.match(total, /^total: 2 jobs, 2 failed, .*; never started: 1$/);
});

Deno.test("corral report refuses what contradicts itself", async () => {
  using node = nodeWith({});
  const refused = async (...args: string[]) => {
    assert.equal(await node.corral("report", ...args), EXIT.USAGE, args.join(" "));
    return node.said.pop()!;
  };
  assert.match(await refused("--all", "--since", "1h"), /--all and a window contradict each other/);
  assert.match(await refused("--last", "2", "--sort", "wall"), /does not go with --sort/);
  assert.match(await refused("--last", "24h"), /--since 24h looks back in time/);
});

Deno.test("corral report --output replaces a file when all is written, and writes into what is no file", async () => {
  using node = nodeWith({});
  const path = `${node.stores.path}/jobs.csv`;
  Deno.writeTextFileSync(path, "before\n");
  assert.equal(await report(node, "--format", "csv", "--output", path), "");
  assert.match(Deno.readTextFileSync(path), /^id,/);
  assert.deepEqual([...Deno.readDirSync(node.stores.path)].filter(({ name }) => name.includes("part")), []);
  assert.equal(await report(node, "--output", "/dev/null"), "");
  assert.ok(Deno.statSync("/dev/null").isCharDevice);
  assert.equal(await node.corral("report", "--output", `${node.stores.path}/none/x`), EXIT.NEGATIVE);
  assert.match(node.said.pop()!, /none\/x: cannot write/);
});
