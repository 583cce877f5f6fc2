import assert from "node:assert/strict";
import { gaugesOf } from "../../../../src/view/report/gauges.ts";
import { openMetrics } from "../../../../src/view/report/openmetrics.ts";
import { REPORT_COLUMNS } from "../../../../src/view/report/columns.ts";
import { insertEnded } from "../../../kit/fakes/ended_job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { isInstalled } from "../../../kit/machine/command.ts";

const hasPromtool = isInstalled("promtool");
const METERED = REPORT_COLUMNS.filter(({ metric }) => metric !== undefined);

/** Each sample as it is written: `name{label="value"}` and the figure. */
function samples(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]),
  );
}

Deno.test("gaugesOf() sums or takes the largest, by label, and leaves out what is not known", () => {
  const [wall, peak] = ["wall", "mem-peak"].map((key) => METERED.find((column) => column.key === key)!);
  const families = gaugesOf([wall!, peak!], [
    ["a", 0, 1_500, 7],
    ["b", 1, 2_000, null],
    ["a", 1, 500, 9],
    ["b", 0, null, null],
  ]);
  assert.deepEqual(families.map(({ metric, samples }) => [metric.name, samples.map(({ value }) => value)]), [
    ["", [2, 2]],
    ["failed", [1, 1]],
    ["wall_seconds", [2, 2]],
    ["memory_peak_bytes", [9, null]],
  ]);
  assert.deepEqual(families[0]!.samples.map(({ label }) => label), ["a", "b"]);
});

Deno.test("gaugesOf() has a figure of each column's own", () => {
  const values = METERED.map((_, index) => 10_000_000 * (index + 1));
  const families = gaugesOf(METERED, [["a", 0, ...values]]).slice(2);
  assert.deepEqual(
    families.map(({ metric, samples: [sample] }) => [metric.name, sample!.value]),
    METERED.map(({ metric }, index) => [metric!.name, Number((values[index]! * metric!.factor).toFixed(6))]),
  );
  assert.equal(new Set(METERED.map(({ metric }) => metric!.name)).size, METERED.length);
});

Deno.test("openMetrics() writes type, unit and help of each gauge, and an end", () => {
  const text = openMetrics("user", [
    {
      metric: { name: "cpu_seconds", help: "CPU time" },
      samples: [{ label: "alice", value: 1.5 }, { label: "bob", value: null }],
    },
    { metric: { name: "", help: "Jobs" }, samples: [{ label: "alice", value: 2 }] },
    { metric: { name: "none", help: "None" }, samples: [{ label: "alice", value: null }] },
  ]);
  assert.equal(
    text,
    `# TYPE corral_jobs_cpu_seconds gauge
# UNIT corral_jobs_cpu_seconds seconds
# HELP corral_jobs_cpu_seconds CPU time
corral_jobs_cpu_seconds{user="alice"} 1.5
# TYPE corral_jobs gauge
# HELP corral_jobs Jobs
corral_jobs{user="alice"} 2
# EOF
`,
  );
});

Deno.test("openMetrics() lets no label end its line or its quotes", () => {
  const label = 'a"} 1\ncorral_jobs{name="\\';
  const text = openMetrics("name", [{ metric: { name: "", help: "Jobs" }, samples: [{ label, value: 1 }] }]);
  assert.equal(samples(text).size, 1);
  const [key] = samples(text).keys();
  const written = /^corral_jobs\{name="((?:[^"\\\n]|\\["\\n])*)"\}$/.exec(key!)?.[1];
  assert.equal(written?.replace(/\\(.)/g, (_, character) => character === "n" ? "\n" : character), label);
});

async function metricsOf(...args: string[]): Promise<string> {
  using node = new FakeNode();
  const store = node.stores.open();
  insertEnded(store, { spec: { id: "aaaaaa", user: "alice" }, usage: { wallMs: 1_500, memoryPeakBytes: 9 } });
  insertEnded(store, {
    spec: { id: "bbbbbb", name: 'odd "name"\n\\' },
    ending: { reason: "oom" },
    usage: null,
  });
  node.start();
  assert.equal(await node.corral("report", "--format", "openmetrics", ...args), 0, node.said.join("\n"));
  return node.out;
}

Deno.test("corral report --format openmetrics makes series of reasons, names or users, never of jobs", async () => {
  const byReason = samples(await metricsOf());
  assert.equal(byReason.get('corral_jobs{reason="running"}'), "1");
  assert.equal(byReason.get('corral_jobs_failed{reason="oom"}'), "1");
  assert.equal(byReason.get('corral_jobs_wall_seconds{reason="exited"}'), "1.5");
  assert.equal(byReason.get('corral_jobs_memory_peak_bytes{reason="exited"}'), "9");
  assert.ok(!byReason.has('corral_jobs_memory_peak_bytes{reason="oom"}'));
  const byUser = samples(await metricsOf("--by", "user"));
  assert.deepEqual([...byUser.keys()].filter((key) => key.startsWith("corral_jobs{")), [
    'corral_jobs{user="alice"}',
  ]);
  assert.doesNotMatch(await metricsOf("--by", "name"), /aaaaaa|bbbbbb/);
});

Deno.test("corral report --format openmetrics of nothing is an empty exposition", async () => {
  assert.equal(await metricsOf("--ref", "none"), "# EOF\n");
});

for (const args of [[], ["--by", "name"], ["--by", "user"]]) {
  Deno.test({
    name: `corral report --format openmetrics ${args.join(" ")} passes promtool${
      hasPromtool ? "" : " (promtool of the package prometheus is missing)"
    }`,
    ignore: !hasPromtool,
    async fn() {
      const child = new Deno.Command("promtool", {
        args: ["check", "metrics"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(await metricsOf(...args)));
      await writer.close();
      const { code, stdout, stderr } = await child.output();
      const words = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.deepEqual([code, words], [0, ""]);
    },
  });
}
