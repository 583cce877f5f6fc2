import assert from "node:assert/strict";
import { exposedAs } from "../../../../src/view/metrics/accept.ts";
import { dashboard } from "../../../../src/view/metrics/dashboard.ts";
import { exposition, sampleName } from "../../../../src/view/metrics/exposition.ts";
import { COMPAT_METRICS } from "../../../../src/view/metrics/jobstats.ts";
import type { JobMetrics, NodeMetrics } from "../../../../src/view/metrics/node_metrics.ts";
import { RULES, rulesYaml } from "../../../../src/view/metrics/rules.ts";
import { METRICS } from "../../../../src/view/metrics/table.ts";
import { NO_SPLIT, NO_USAGE } from "../../../../src/job/usage.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { runOf, specOf, watchOf } from "../../../kit/fakes/job.ts";
import { PROMTOOL, promtool } from "../../../kit/machine/promtool.ts";

const NOW_MS = 1_793_520_100_000;

function jobMetrics(changes: Partial<JobMetrics> = {}): JobMetrics {
  return {
    job: {
      spec: specOf({
        name: "segment",
        ref: "task-9",
        pool: { name: "gpu", priority: 0, requeue: 0 },
        limits: { ...NO_LIMITS, memoryMaxBytes: 1024 },
      }),
      watch: watchOf(),
      phase: { state: "running", run: runOf({ deadlineBootMs: 9_160_000 }) },
    },
    state: "running",
    now: {
      usage: {
        ...NO_USAGE,
        cpuUsageUsec: 1_500_000,
        cpuUserUsec: 1_000_000,
        memoryPeakBytes: 900,
        oomKills: 2,
        ioReadBytes: 10,
        ioWrittenBytes: 20,
        cpuPressureSomeUsec: 250_000,
      },
      memoryBytes: 800,
      split: { ...NO_SPLIT, anonBytes: 500, fileBytes: 300 },
      processes: 3,
    },
    checks: [{ name: "cpu", isUnhealthy: true }],
    ...changes,
  };
}

function nodeMetrics(changes: Partial<NodeMetrics> = {}): NodeMetrics {
  return {
    wallMs: NOW_MS,
    bootMs: 9_100_000,
    cores: 8,
    memoryTotalBytes: 4096,
    jobs: [jobMetrics()],
    endedByReason: new Map([["exited", 5], ["oom", 1]]),
    pools: [{
      name: "gpu",
      limitBytes: 4096,
      reservedBytes: 1024,
      measuredBytes: 800,
      running: 1,
      queued: 2,
    }],
    oldestQueuedMs: NOW_MS - 90_500,
    lastSweepMs: NOW_MS - 60_000,
    unanswered: 1,
    ...changes,
  };
}

const text = (node: NodeMetrics, format: "openmetrics" | "prometheus", compat: "jobstats" | null = null) =>
  [...exposition(node, { format, compat })].join("");

/** Names and labels of each sample, with its figure. */
function samples(exposed: string): Map<string, number> {
  const lines = exposed.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

Deno.test("exposition() has each figure of the node and of its live jobs", () => {
  const { job } = jobMetrics();
  const id = job.spec.id;
  const found = samples(text(nodeMetrics(), "openmetrics"));
  for (
    const [name, value] of [
      ['corral_live_jobs{state="running"}', 1],
      ['corral_live_jobs{state="queued"}', 0],
      ["corral_unkillable_jobs", 0],
      ['corral_ended_jobs_total{reason="oom"}', 1],
      ['corral_ended_jobs_total{reason="lost"}', 0],
      ["corral_queue_oldest_seconds", 90.5],
      ["corral_sweep_last_run_time_seconds", (NOW_MS - 60_000) / 1000],
      ["corral_unanswered_users", 1],
      ['corral_pool_memory_limit_bytes{pool="gpu"}', 4096],
      ['corral_pool_memory_reserved_bytes{pool="gpu"}', 1024],
      ['corral_pool_memory_measured_bytes{pool="gpu"}', 800],
      ['corral_pool_jobs{pool="gpu",state="queued"}', 2],
      [`corral_job_info{job="${id}",name="segment",ref="task-9",user="alice",pool="gpu"}`, 1],
      [`corral_job_cpu_usage_seconds_total{job="${id}"}`, 1.5],
      [`corral_job_memory_current_bytes{job="${id}"}`, 800],
      [`corral_job_memory_anon_bytes{job="${id}"}`, 500],
      [`corral_job_memory_file_bytes{job="${id}"}`, 300],
      [`corral_job_memory_peak_bytes{job="${id}"}`, 900],
      [`corral_job_memory_limit_bytes{job="${id}"}`, 1024],
      [`corral_job_io_read_bytes_total{job="${id}"}`, 10],
      [`corral_job_io_written_bytes_total{job="${id}"}`, 20],
      [`corral_job_pressure_stalled_seconds_total{job="${id}",resource="cpu",kind="some"}`, 0.25],
      [`corral_job_processes{job="${id}"}`, 3],
      [`corral_job_oom_kills_total{job="${id}"}`, 2],
      [`corral_job_deadline_time_seconds{job="${id}"}`, (NOW_MS + 60_000) / 1000],
      [`corral_job_unhealthy{job="${id}",check="cpu"}`, 1],
    ] as const
  ) assert.equal(found.get(name), value, name);
  assert.ok(found.has(`corral_job_start_time_seconds{job="${id}"}`));
});

Deno.test("exposition() leaves out what the kernel does not give, and queued jobs' series", () => {
  const queued = jobMetrics({ state: "queued", now: null });
  const found = samples(text(nodeMetrics({ jobs: [queued], lastSweepMs: null }), "openmetrics"));
  assert.deepEqual([...found.keys()].filter((key) => key.startsWith("corral_job_")), []);
  assert.equal(found.get('corral_live_jobs{state="queued"}'), 1);
  assert.ok(!found.has("corral_sweep_last_run_time_seconds"));
  const unread = samples(text(nodeMetrics({ jobs: [jobMetrics({ now: null })] }), "prometheus"));
  assert.ok(![...unread.keys()].some((key) => key.startsWith("corral_job_cpu")));
  assert.ok([...unread.keys()].some((key) => key.startsWith("corral_job_info{")));
});

Deno.test("exposition() spells counters, info and units as each format wants them", () => {
  const open = text(nodeMetrics(), "openmetrics");
  assert.match(
    open,
    /# TYPE corral_job_cpu_usage_seconds counter\n# UNIT corral_job_cpu_usage_seconds seconds\n/,
  );
  assert.match(open, /# TYPE corral_job info\n/);
  assert.match(open, /\n# EOF\n$/);
  const old = text(nodeMetrics(), "prometheus");
  assert.match(old, /# TYPE corral_job_cpu_usage_seconds_total counter\n/);
  assert.match(old, /# TYPE corral_job_info gauge\n/);
  assert.doesNotMatch(old, /# UNIT|# EOF/);
});

Deno.test("exposition() gives each series once, also when two users' jobs have one id", () => {
  const [mine, theirs] = [jobMetrics(), jobMetrics()];
  const jobs = [mine, { ...theirs, job: { ...theirs.job, storeUid: 1001 } }];
  const lines = text(nodeMetrics({ jobs }), "prometheus").split("\n").filter((line) => !line.startsWith("#"));
  const names = lines.filter((line) => line !== "").map((line) => line.slice(0, line.lastIndexOf(" ")));
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.some((name) => name.includes(`job="${mine.job.spec.id}@1001"`)));
  assert.ok(names.some((name) => name.includes(`job="${mine.job.spec.id}@0"`)));
});

const HOSTILE = 'x"} 1\ncorral_unkillable_jobs 7\r\n# EOF\n\0\\\u202e\ud800</script>' + "y".repeat(10_000);

function hostileNode(): NodeMetrics {
  const { job, ...rest } = jobMetrics();
  const spec = { ...job.spec, name: HOSTILE, ref: HOSTILE, user: HOSTILE };
  return nodeMetrics({ jobs: [{ ...rest, job: { ...job, spec } }] });
}

for (const format of ["openmetrics", "prometheus"] as const) {
  Deno.test(`exposition() lets no name end its line or grow without end: ${format}`, () => {
    const exposed = text(hostileNode(), format);
    assert.equal(samples(exposed).get("corral_unkillable_jobs"), 0);
    assert.equal(exposed.match(/^# EOF$/gm)?.length ?? 0, format === "openmetrics" ? 1 : 0);
    assert.ok(exposed.length < 12_000);
    assert.doesNotMatch(exposed, /[\0\r\u202e]/);
    assert.ok(exposed.isWellFormed());
  });
}

Deno.test("exposition() has one series for each live job and metric, and none for a name alone", () => {
  const jobs = Array.from({ length: 100 }, (_, index) => {
    const one = jobMetrics();
    return {
      ...one,
      job: { ...one.job, spec: { ...one.job.spec, id: `id${index}`, name: `name ${index}` } },
    };
  });
  const found = [...samples(text(nodeMetrics({ jobs }), "openmetrics")).keys()];
  assert.deepEqual(
    found.filter((key) => key.includes("name ")).filter((key) => !key.startsWith("corral_job_info{")),
    [],
  );
  const one = samples(text(nodeMetrics(), "openmetrics")).size;
  const none = samples(text(nodeMetrics({ jobs: [] }), "openmetrics")).size;
  assert.equal(found.length, none + 100 * (one - none));
});

Deno.test("exposition() with jobstats has the exporter's names by jobid, with the node's where there is no limit", () => {
  const { job } = jobMetrics();
  const labels = `{jobid="${job.spec.id}",step="",task=""}`;
  const found = samples(text(nodeMetrics(), "prometheus", "jobstats"));
  assert.equal(found.get(`cgroup_cpu_total_seconds${labels}`), 1.5);
  assert.equal(found.get(`cgroup_memory_rss_bytes${labels}`), 500);
  assert.equal(found.get(`cgroup_memory_total_bytes${labels}`), 1024);
  assert.equal(found.get(`cgroup_cpus${labels}`), 8);
  assert.equal(found.get(`cgroup_uid${labels}`), job.spec.uid);
  assert.equal(new Set(COMPAT_METRICS.map(({ name }) => name)).size, COMPAT_METRICS.length);
});

for (
  const [accept, format] of [
    [null, "prometheus"],
    ["*/*", "prometheus"],
    ["application/openmetrics-text", "openmetrics"],
    ["application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics"],
    [
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      "openmetrics",
    ],
    ["application/openmetrics-text;version=0.0.1", "prometheus"],
    ["application/openmetrics-text;q=0.3, text/plain;q=0.9", "prometheus"],
    ["application/openmetrics-text;q=0, */*", "prometheus"],
    ["application/openmetrics-text;q=0.5, text/plain;q=0.2, */*;q=0.9", "openmetrics"],
    ["text/html, ;;q=x,,", "prometheus"],
  ] as const
) {
  Deno.test(`exposedAs(${accept}) is ${format}`, () => assert.equal(exposedAs(accept), format));
}

const NAMES = new Set(METRICS.map(sampleName));

function namesIn(expression: string): string[] {
  return expression.match(/\bcorral_\w+/g) ?? [];
}

Deno.test("every alert rule names metrics that there are", () => {
  const names = namesIn(rulesYaml());
  assert.ok(names.length >= RULES.length);
  assert.deepEqual(names.filter((name) => !NAMES.has(name)), []);
});

Deno.test("every expression of the dashboard names metrics that there are, and no panel covers another", () => {
  const { panels, templating } = dashboard();
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.deepEqual(expressions.filter((expr) => namesIn(expr).length === 0), []);
  const all = [...expressions, JSON.stringify(templating)].flatMap(namesIn);
  assert.deepEqual(all.filter((name) => !NAMES.has(name)), []);
  // What is on no panel nobody sees.
  assert.deepEqual([...NAMES].filter((name) => !all.includes(name)), []);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    assert.ok(x + w <= 24);
    return Array.from({ length: w * h }, (_, index) => `${x + index % w},${y + Math.floor(index / w)}`);
  });
  assert.equal(new Set(cells).size, cells.length);
});

const needsPromtool = { ignore: !PROMTOOL.isThere, name: (words: string) => `${words}${PROMTOOL.note}` };

Deno.test({
  name: needsPromtool.name("promtool finds nothing to say about the text format, hostile names included"),
  ignore: needsPromtool.ignore,
  async fn() {
    for (const node of [nodeMetrics(), hostileNode(), nodeMetrics({ jobs: [], pools: [] })]) {
      const { code, said } = await promtool(["check", "metrics"], text(node, "prometheus"));
      assert.equal(said, "");
      assert.equal(code, 0);
    }
  },
});

Deno.test({
  name: needsPromtool.name("promtool finds nothing to say about the alert rules, and they fire"),
  ignore: needsPromtool.ignore,
  async fn() {
    const dir = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${dir}/rules.yml`, rulesYaml());
      await Deno.writeTextFile(`${dir}/test.yml`, JSON.stringify(ruleTest()));
      const checked = await promtool(["check", "rules", `${dir}/rules.yml`]);
      assert.match(checked.said, new RegExp(`SUCCESS: ${RULES.length} rules found`));
      const tested = await promtool(["test", "rules", `${dir}/test.yml`]);
      assert.equal(tested.code, 0, tested.said);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

/** One node on which everything is wrong for an hour, one on which nothing is. */
function ruleTest() {
  const series = (name: string, labels: string, bad: string, good: string) => [
    { series: `${name}{instance="bad"${labels}}`, values: bad },
    { series: `${name}{instance="good"${labels}}`, values: good },
  ];
  const job = ',job="abc123"';
  const input = [
    ...series("corral_job_info", `${job},name="segment",user="alice"`, "1+0x60", "1+0x60"),
    ...series("corral_unkillable_jobs", "", "1+0x60", "0+0x60"),
    ...series("corral_sweep_last_run_time_seconds", "", "0+0x60", "0+60x60"),
    ...series("corral_unanswered_users", "", "2+0x60", "0+0x60"),
    ...series("corral_job_memory_anon_bytes", job, "95+0x60", "50+0x60"),
    ...series("corral_job_memory_limit_bytes", job, "100+0x60", "100+0x60"),
    ...series("corral_job_deadline_time_seconds", job, "3900+0x60", "36000+0x60"),
    ...series("corral_job_unhealthy", `${job},check="cpu"`, "1+0x60", "0+0x60"),
    ...series("corral_job_oom_kills_total", job, "0+1x60", "7+0x60"),
    ...series(
      "corral_job_pressure_stalled_seconds_total",
      `${job},resource="memory",kind="full"`,
      "0+45x60",
      "0+1x60",
    ),
    ...series("corral_queue_oldest_seconds", "", "30000+60x60", "60+0x60"),
  ];
  return {
    rule_files: ["rules.yml"],
    evaluation_interval: "1m",
    tests: [{
      interval: "1m",
      input_series: input,
      promql_expr_test: [{
        expr: "count by (alertname, instance) (ALERTS{alertstate='firing'})",
        eval_time: "1h",
        exp_samples: RULES.map(({ alert }) => ({
          labels: `{alertname="${alert}", instance="bad"}`,
          value: 1,
        })),
      }],
    }],
  };
}
