/** `corral report --from`: the reports of many nodes as one. */
import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { type EndedJob, insertEnded } from "../../../kit/fakes/ended_job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { readCsv, reportRows } from "../../../kit/fakes/table.ts";

const START_MS = new Date(2026, 10, 1, 9, 0).getTime();
const MINUTE_MS = 60_000;

/** What `corral report --format jsonl` prints on a node of that name with these jobs. */
async function rowsOf(host: string, jobs: readonly EndedJob[], ...args: string[]): Promise<string> {
  using node = new FakeNode();
  node.proc.write("sys/kernel/hostname", `${host}\n`);
  node.proc.write("stat", "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\n");
  const store = node.stores.open();
  for (const [index, job] of jobs.entries()) {
    const startedAtMs = job.startedAtMs ?? START_MS + index * MINUTE_MS;
    const id = `aaaaa${"abcdefghjk"[index]}`;
    const ending = { endedAtMs: startedAtMs + 10 * MINUTE_MS, ...job.ending };
    insertEnded(store, { ...job, startedAtMs, spec: { id, ...job.spec }, ending });
  }
  assert.equal(await node.corral("report", "--format", "jsonl", ...args), EXIT.DONE, node.said.join("\n"));
  return node.out;
}

/** What merging prints and says. */
async function merge(input: string | Uint8Array, ...args: string[]) {
  using node = new FakeNode();
  node.wallMs = START_MS + 120 * MINUTE_MS;
  node.input = input;
  const code = await node.corral("report", "--from", "-", ...args);
  return { code, out: node.out, said: node.said };
}

async function merged(input: string, ...args: string[]): Promise<string> {
  const { code, out, said } = await merge(input, ...args);
  assert.deepEqual([code, said], [EXIT.DONE, []]);
  return out;
}

const lines = (text: string) => text.trimEnd().split("\n");
const jsonOf = (text: string) => lines(text).map((line) => JSON.parse(line));
const rowsAlone = (text: string) => lines(text).filter((line) => !line.startsWith('{"end"')).join("\n");

const RICH: EndedJob = {
  spec: {
    name: "two\nlines \u202e\x1b[31m",
    ref: "task-9",
    tags: { "project.a": "x y", __proto__x: "1" },
    limits: { ...NO_LIMITS, memoryMaxBytes: 2 ** 29, cpuMaxCores: 2.5 },
    timeoutMs: 5_400_000,
  },
  ending: { reason: "timeout", trigger: "timeout", exit: { code: null, signal: 15 } },
};

Deno.test("corral report --from has the rows of a node as they were", async () => {
  const rows = await rowsOf("node7", [RICH, { usage: null }, {
    ending: { exit: { code: 3, signal: null } },
  }]);
  assert.deepEqual(jsonOf(await merged(rows, "--format", "jsonl")), jsonOf(rows));
  assert.deepEqual(JSON.parse(await merged(rows, "--json")), jsonOf(rows).slice(0, -1));
});

Deno.test("corral report --from has what live jobs had used when their node reported", async () => {
  using node = new FakeNode();
  node.proc.write("sys/kernel/hostname", "node7\n");
  node.start({ files: { "cpu.stat": "usage_usec 5000000\nuser_usec 4000000\nsystem_usec 1000000\n" } });
  node.startStarting({ id: "aaaaab" });
  assert.equal(await node.corral("report", "--format", "jsonl"), EXIT.DONE);
  const [first] = jsonOf(node.out);
  assert.equal(first.usage.cpuUsageUsec, 5_000_000);
  const read = await merge(node.out, "--format", "jsonl");
  assert.equal(read.code, EXIT.DONE, read.said.join());
  assert.deepEqual(jsonOf(read.out), jsonOf(node.out));
  const sums = await readCsv(
    await merged(node.out, "--by", "user", "--format", "csv", "--columns", "count,cpu-sum"),
  );
  assert.deepEqual(sums.map((row) => Object.values(row)), [["2", "5000000"]]);
  const metrics = await merged(node.out, "--format", "openmetrics");
  assert.match(metrics, /^corral_job_cpu_seconds\{host="node7",id="[a-z0-9]{6}",name="[^"]*"\} 5$/m);
});

Deno.test("corral report --from tells jobs of one id on two nodes apart", async () => {
  const all = await rowsOf("node7", [{}, {}]) + await rowsOf("node8", [{}]);
  const { rows } = reportRows(await merged(all, "--columns", "host,id"));
  assert.deepEqual(rows.map(({ HOST, ID }) => `${HOST} ${ID}`).toSorted(), [
    "node7 aaaaaa",
    "node7 aaaaab",
    "node8 aaaaaa",
  ]);
  const groups = reportRows(await merged(all, "--by", "host", "--columns", "host,count")).rows;
  assert.deepEqual(groups.map(({ HOST, COUNT }) => [HOST, COUNT]), [["node7", "2"], ["node8", "1"]]);
});

Deno.test("corral report --from shows the host where jobs are listed, and how many nodes there are", async () => {
  const all = await rowsOf("node7", [{}]) + await rowsOf("node8", []);
  const table = await merged(all);
  assert.match(table, /^all jobs on record, of 2 nodes\n/);
  assert.equal(reportRows(table).rows[0]!["HOST"], "node7");
  assert.match(await merged(all, "--format", "html"), /node7/);
});

Deno.test("corral report --from understands the prefix of clush, which goes before the row's own word", async () => {
  const rows = await rowsOf("node7.example.org", [{}]);
  const prefixed = (prefix: string) => lines(rows).map((line) => `${prefix}: ${line}\n`).join("");
  const host = async (prefix: string) =>
    jsonOf(await merged(prefixed(prefix), "--format", "jsonl")).map(({ host }) => host);
  assert.deepEqual(await host("node7"), ["node7.example.org", "node7.example.org"]);
  assert.deepEqual(await host("node8"), ["node8", "node8"]);
  assert.deepEqual(await host("10.0.0.8"), ["10.0.0.8", "10.0.0.8"]);
});

Deno.test("corral report --from counts a row that comes twice once, and what has ended stays ended", async () => {
  using node = new FakeNode();
  node.proc.write("sys/kernel/hostname", "node7\n");
  node.start();
  await node.corral("report", "--format", "jsonl");
  const live = node.out;
  node.out = "";
  const store = node.stores.open();
  const [job] = store.live();
  store.markEnded(job!.spec.id, {
    reason: "exited",
    trigger: "exited",
    exit: { code: 0, signal: null },
    endedAtMs: job!.spec.createdAtMs + 5_000,
    usage: null,
    survivors: [],
  }, []);
  await node.corral("report", "--format", "jsonl");
  for (const input of [live + node.out, node.out + live, node.out + node.out]) {
    const { rows } = reportRows(await merged(input, "--columns", "reason"));
    assert.deepEqual(rows.map(({ REASON }) => REASON), ["exited"]);
  }
});

const FILTERS: [args: string[], names: string[]][] = [
  [["--name", "b*"], ["bee"]],
  [["--ref", "r1"], ["ant"]],
  [["--user", "carol"], ["cat"]],
  [["--user", "1003"], ["cat"]],
  [["--reason", "timeout"], ["bee"]],
  [["--failed"], ["bee"]],
  [["--tag", "k=v"], ["cat"]],
  [["--since", "2026-11-01T09:11:30"], ["cat"]],
  [["--until", "2026-11-01T09:00:30"], ["ant"]],
  [["--sort", "-mem-peak", "--limit", "2"], ["bee", "cat"]],
  [["--last", "1"], ["cat"]],
];

for (const [args, names] of FILTERS) {
  Deno.test(`corral report --from works with ${args.join(" ")}`, async () => {
    const all = await rowsOf("node7", [
      { spec: { name: "ant", ref: "r1" }, usage: { memoryPeakBytes: 1 } },
      {
        spec: { name: "bee", ref: null },
        ending: { reason: "timeout", exit: { code: null, signal: 15 } },
        usage: { memoryPeakBytes: 3 },
      },
    ]) + await rowsOf("node8", [{
      spec: { name: "cat", ref: null, user: "carol", uid: 1003, tags: { k: "v" } },
      startedAtMs: START_MS + 2 * MINUTE_MS,
      usage: { memoryPeakBytes: 2 },
    }]);
    const { rows } = reportRows(await merged(all, ...args));
    assert.deepEqual(rows.map(({ NAME }) => NAME), names);
  });
}

Deno.test("corral report --from --truncate counts what falls into the window", async () => {
  const all = await rowsOf("node7", [{ usage: { wallMs: 600_000, cpuUsageUsec: 100_000_000 } }]);
  const csv = await readCsv(
    await merged(
      all,
      "--since",
      "2026-11-01T09:05",
      "--truncate",
      "--by",
      "host",
      "--format",
      "csv",
      "--columns",
      "host,wall-sum,cpu-sum",
    ),
  );
  assert.deepEqual(csv.map((row) => Object.values(row)), [["node7", "300000", "50000000"]]);
});

Deno.test("corral report --from names the nodes that did not say all, exit 1", async () => {
  const [whole, none] = [await rowsOf("node1", [{}]), await rowsOf("node2", [])];
  const cut = rowsAlone(await rowsOf("node3", [{}, {}])) + "\n";
  const [first, , end] = lines(await rowsOf("node4", [{}, {}]));
  const ill = (await rowsOf("node5", [])).replace('"whole":true', '"whole":false');
  const { code, out, said } = await merge(
    `${whole}${none}${cut}${first}\n${end}\n${ill}`,
    "--by",
    "host",
    "--columns",
    "host,count",
  );
  assert.equal(code, EXIT.NEGATIVE);
  assert.deepEqual(said, [
    "corral: 3 nodes without all rows: node3 (cut short), node4 (1 of 2 rows), node5 (it could not read all of its jobs)"
      .replace("corral: ", ""),
  ]);
  assert.deepEqual(reportRows(out).rows.map(({ HOST, COUNT }) => `${HOST} ${COUNT}`), [
    "node1 1",
    "node3 2",
    "node4 1",
  ]);
  const nodes = await merge(whole + cut, "--format", "jsonl");
  assert.deepEqual(jsonOf(nodes.out).slice(-2), [
    { end: true, host: "node1", rows: 1, whole: true },
    { end: true, host: "node3", rows: 2, whole: false },
  ]);
});

Deno.test("corral report --from bounds the list of such nodes", async () => {
  const row = lines(await rowsOf("node1", [{}]))[0]!;
  const many = Array.from({ length: 500 }, (_, index) => row.replace("node1", `node${index}`)).join("\n");
  const { said } = await merge(many);
  assert.match(said.join("\n"), /^500 nodes without all rows: node0 \(cut short\), .* and 492 more$/);
});

Deno.test("corral report --from of nothing at all says so, exit 1", async () => {
  for (const nothing of ["", "\n\n"]) {
    const { code, said } = await merge(nothing);
    assert.deepEqual([code, said], [EXIT.NEGATIVE, [
      "no node has reported: neither a row nor an end was read",
    ]]);
  }
});

Deno.test("corral report --from skips and counts other lines", async () => {
  const rows = await rowsOf("node1", [{}]);
  const others = [
    "node9: bash: line 1: corral: command not found",
    "---------------",
    '{"a":',
    "[1]",
    "{}",
    "null",
  ];
  const { code, said } = await merge(`${others.join("\n")}\n${rows}\x00\n`, "--format", "csv");
  assert.deepEqual([code, said], [EXIT.DONE, [
    '7 other lines skipped, the first: "node9: bash: line 1: corral: command not found"',
  ]]);
});

Deno.test("corral report --from reads no line of 10 MB, and shows no control character of another", async () => {
  const rows = await rowsOf("node1", [{}]);
  const long = await merge(`${"x".repeat(10_000_000)}\n${rows}`, "--format", "csv");
  assert.deepEqual([long.code, long.said], [EXIT.DONE, [
    "1 other line skipped, a line that is longer than any job's",
  ]]);
  const forged = await merge(`\x1b]0;owned\x07\u202e\r\n${rows}`, "--format", "csv");
  assert.deepEqual(forged.said, ['1 other line skipped, "\\x1b]0;owned\\x07\\u202e\\r"']);
  const bytes = new Uint8Array([0xff, 0xfe, 0x0a, ...new TextEncoder().encode(rows)]);
  assert.match((await merge(bytes)).said.join(), /^1 other line skipped/);
});

const LIES: Record<string, unknown>[] = [
  { id: "../../x" },
  { id: 7 },
  { name: null },
  { user: 5 },
  { uid: -1 },
  { uid: 1.5 },
  { uid: 2 ** 40 },
  { state: "owned" },
  { reason: "because" },
  { exitCode: 1e300 },
  { signal: "NOPE" },
  { command: [] },
  { command: "x" },
  { tags: [1] },
  { tags: { a: 1 } },
  { limits: [] },
  { limits: { memoryMaxBytes: "1" } },
  { limits: { memoryMaxBytes: -1 } },
  { usage: { cpuUsageUsec: 1e19 } },
  { usage: { cpuUsageUsec: -5 } },
  { usage: { memoryPeakBytes: 0.5 } },
  { usage: { cpuUsageUsec: 1, ioDevices: [1] } },
  { cpuPercent: 1e300 },
  { createdAt: null },
  { createdAt: "yesterday" },
  { createdAt: "+275760-09-13T00:00:00.000Z" },
  { endedAt: "1970-01-01T00:00:00.000Z" },
  { endedAt: null },
  { survivors: [{}] },
  { backend: "docker" },
  { outputFile: "relative" },
];

for (const lie of LIES) {
  Deno.test(`corral report --from leaves out a row with ${JSON.stringify(lie).slice(0, 60)}, exit 1`, async () => {
    const [row, end] = lines(await rowsOf("node1", [{}]));
    const forged = JSON.stringify({ ...JSON.parse(row!), ...lie });
    const { code, out, said } = await merge(
      `${forged}\n${end}\n${await rowsOf("node2", [{}])}`,
      "--columns",
      "host",
    );
    assert.equal(code, EXIT.NEGATIVE);
    assert.match(said[0]!, /^1 row left out: it makes no sense, node1: /);
    assert.equal(said[1], "1 node without all rows: node1 (0 of 1 rows)");
    assert.deepEqual(reportRows(out).rows.map(({ HOST }) => HOST), ["node2"]);
  });
}

for (const host of ["", "a b", "\x1b[31mred", "../x", "x".repeat(300), "-rf"]) {
  Deno.test(`corral report --from takes no row of a host named ${JSON.stringify(host).slice(0, 20)}`, async () => {
    const [row] = lines(await rowsOf("node1", [{}]));
    const { said } = await merge(
      `${JSON.stringify({ ...JSON.parse(row!), host })}\n${await rowsOf("node2", [])}`,
    );
    assert.match(said.join("\n"), /^1 other line skipped/);
  });
}

Deno.test("corral report --from FILE reads a file, and says what it cannot read", async () => {
  using node = new FakeNode();
  const file = `${node.stores.path}/rows`;
  Deno.writeTextFileSync(file, await rowsOf("node1", [{}]));
  assert.equal(await node.corral("report", "--from", file, "--columns", "host"), EXIT.DONE, node.said.join());
  assert.match(node.out, /^node1/m);
  assert.equal(await node.corral("report", "--from", `${file}.none`), EXIT.NEGATIVE);
  assert.match(node.said.join(), /rows\.none: cannot read: No such file/);
  assert.equal(await node.corral("report", "--from", "-", "--mine"), EXIT.USAGE);
});

Deno.test("corral report --from names a node whose last report of several was cut short", async () => {
  const [yesterday, today] = [await rowsOf("node1", [{}]), await rowsOf("node1", [{}, {}])];
  assert.deepEqual((await merge(yesterday + today)).said, []);
  const { code, said } = await merge(`${yesterday}${rowsAlone(today)}\n`);
  assert.deepEqual([code, said], [EXIT.NEGATIVE, ["1 node without all rows: node1 (cut short)"]]);
});
