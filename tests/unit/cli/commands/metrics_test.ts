import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { MetricsCollector } from "../../../../src/cli/collect_metrics.ts";
import { makePlainSource } from "../../../../src/cli/serve_plain.ts";
import { insertEnded } from "../../../kit/fakes/ended_job.ts";
import { JOB_ID, momentAt } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";

const FILES = {
  "cpu.stat": "usage_usec 50000000\nuser_usec 30000000\nsystem_usec 20000000\n",
  "memory.current": "800\n",
  "memory.stat": "anon 500\nfile 300\n",
  "memory.peak": "900\n",
  "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 3\n",
  "cgroup.procs": "11\n12\n",
};
const POOL = { jobs: 2, memoryBytes: 4096, cpus: null, defaultMemoryBytes: null };

function node(): FakeNode {
  const node = new FakeNode();
  node.pools = new Map([["gpu", { name: "gpu", ...POOL }]]);
  node.start({ spec: { name: "segment", ref: "task-9" }, files: FILES });
  insertEnded(node.stores.open(), { spec: { id: "aaaaaa" }, ending: { reason: "oom" } });
  return node;
}

Deno.test("corral metrics prints the live jobs, the ended ones by reason, and the pools", async () => {
  using on = node();
  assert.equal(await on.corral("metrics"), EXIT.DONE, on.said.join("\n"));
  for (
    const line of [
      `corral_job_info{job="${JOB_ID}",name="segment",ref="task-9",user="alice",pool=""} 1`,
      `corral_job_cpu_usage_seconds_total{job="${JOB_ID}"} 50`,
      `corral_job_memory_current_bytes{job="${JOB_ID}"} 800`,
      `corral_job_memory_anon_bytes{job="${JOB_ID}"} 500`,
      `corral_job_processes{job="${JOB_ID}"} 2`,
      `corral_job_oom_kills_total{job="${JOB_ID}"} 3`,
      'corral_live_jobs{state="running"} 1',
      'corral_ended_jobs_total{reason="oom"} 1',
      'corral_pool_memory_limit_bytes{pool="gpu"} 4096',
      'corral_pool_jobs{pool="gpu",state="running"} 0',
      "corral_queue_oldest_seconds 0",
      "corral_unanswered_users 0",
    ]
  ) assert.ok(on.out.includes(`\n${line}\n`), line);
  assert.doesNotMatch(on.out, /aaaaaa|# EOF|corral_sweep_last_run/);
});

Deno.test("corral metrics knows frozen and unkillable jobs by their states", async () => {
  using on = new FakeNode();
  on.start({ files: { "cgroup.events": "populated 1\nfrozen 1\n" } });
  insertEnded(on.stores.open(), {
    spec: { id: "aaaaaa" },
    ending: {
      reason: "unkillable",
      survivors: [{ pid: 7, name: "dd", state: "D", wchan: null, because: "it waits for a disk" }],
    },
  });
  assert.equal(await on.corral("metrics"), EXIT.DONE);
  assert.match(on.out, /^corral_live_jobs\{state="frozen"\} 1$/m);
  assert.match(on.out, /^corral_unkillable_jobs 1$/m);
});

Deno.test("corral metrics --format openmetrics ends as OpenMetrics does; --compat adds the other names", async () => {
  using on = node();
  assert.equal(await on.corral("metrics", "--format", "openmetrics", "--compat", "jobstats"), EXIT.DONE);
  assert.match(on.out, /\n# EOF\n$/);
  assert.ok(on.out.includes(`cgroup_memory_rss_bytes{jobid="${JOB_ID}",step="",task=""} 500\n`));
});

Deno.test("corral metrics --output replaces the file, and nothing is left beside it", async () => {
  using on = node();
  const path = `${on.stores.path}/corral.prom`;
  await Deno.writeTextFile(path, "old");
  assert.equal(await on.corral("metrics", "--output", path), EXIT.DONE);
  assert.equal(on.out, "");
  assert.match(await Deno.readTextFile(path), /^corral_build_info/m);
  assert.deepEqual([...Deno.readDirSync(on.stores.path)].filter(({ name }) => name.includes(".part")), []);
});

for (
  const [args, words] of [
    [["--rules", "--dashboard"], /one at a time/],
    [["--rules", "--format", "openmetrics"], /--format is for the metrics/],
    [["--dashboard", "--compat", "jobstats"], /--compat is for the metrics/],
    [["--format", "xml"], /--format/],
  ] as const
) {
  Deno.test(`corral metrics refuses ${args.join(" ")}`, async () => {
    using on = new FakeNode();
    assert.equal(await on.corral("metrics", ...args), EXIT.USAGE);
    assert.match(on.said.join("\n"), words);
  });
}

Deno.test("corral metrics --rules and --dashboard need no store", async () => {
  using on = new FakeNode();
  on.openStore = () => assert.fail("no store is needed");
  assert.equal(await on.corral("metrics", "--rules"), EXIT.DONE);
  assert.match(on.out, /^groups:\n/);
  on.out = "";
  assert.equal(await on.corral("metrics", "--dashboard"), EXIT.DONE);
  assert.equal((on.takeJson() as { uid: string }).uid, "corral");
});

Deno.test("the metrics do not grow with ten thousand ended jobs of a thousand names", async () => {
  using on = node();
  const source = makePlainSource(on.context);
  const lines = async () => (await source.metrics(null)).body.split("\n").length;
  const before = await lines();
  const store = on.stores.open();
  store.endedCounts();
  const raw = on.stores.raw();
  raw.exec(
    `INSERT INTO jobs (id, name, tags, argv, user, uid, cwd, limits, grace_ms, first_signal, created_at_ms, state)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
    SELECT 'x' || i, 'name ' || (i % 1000), '{}', '["true"]', 'alice', 1000, '/', '{}', 2000, 'TERM', 1793520000000, 'running' FROM n`,
  );
  raw.exec(
    "UPDATE jobs SET state = 'ended', reason = 'exited', ended_at_ms = 1793520001000 WHERE name GLOB 'name *'",
  );
  assert.equal(await lines(), before);
  const { body } = await source.metrics(null);
  assert.match(body, /^corral_ended_jobs_total\{reason="exited"\} 10000$/m);
  assert.doesNotMatch(body, /name \d/);
});

// The sweep listens to signals.
const LISTENS = { sanitizeOps: false, sanitizeResources: false };

Deno.test("a sweep leaves its time for the metrics, a dry run does not", LISTENS, async () => {
  using on = node();
  await on.corral("sweep", "--dry-run");
  // The lock's file is made by the first sweep or dry run.
  await on.corral("sweep");
  on.out = "";
  const sweptMs = on.wallMs;
  on.passTime(60_000);
  await on.corral("sweep", "--dry-run");
  on.out = "";
  assert.equal(await on.corral("metrics"), EXIT.DONE);
  const seconds = Number(/^corral_sweep_last_run_time_seconds (.*)$/m.exec(on.out)?.[1]);
  assert.ok(Math.abs(seconds - sweptMs / 1000) < 1, `${seconds}`);
});

Deno.test("metrics() answers in the format that the scraper accepts, and an error in one line", async () => {
  using on = node();
  const source = makePlainSource(on.context);
  const open = await source.metrics("application/openmetrics-text;version=1.0.0");
  assert.match(open.contentType, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(open.body, /# EOF\n$/);
  assert.match((await source.metrics(null)).contentType, /^text\/plain; version=0\.0\.4/);
  on.openStore = () => {
    throw new Error("broken");
  };
  const failing = await makePlainSource(on.context).metrics(null);
  assert.equal(failing.status, 500);
  assert.equal(JSON.parse(failing.body).error.includes("broken"), true);
});

Deno.test("metrics() opens the store once for many scrapes, and scrapes at one time share a look", async () => {
  using on = node();
  let opened = 0;
  const { openStore } = on;
  on.openStore = (actor) => {
    opened++;
    return openStore(actor);
  };
  const source = makePlainSource(on.context);
  const all = await Promise.all([source.metrics(null), source.metrics(null), source.metrics(null)]);
  await source.metrics(null);
  assert.equal(new Set(all.map(({ body }) => body)).size, 1);
  assert.equal(opened, 1);
});

Deno.test("metrics() has a job that ends between two scrapes as an end, and not as a job", async () => {
  using on = node();
  const source = makePlainSource(on.context);
  assert.match((await source.metrics(null)).body, /corral_job_processes/);
  const store = on.stores.open();
  store.claimEnding(JOB_ID, "timeout", momentAt(on.wallMs));
  insertEnd(on);
  const { body } = await source.metrics(null);
  assert.doesNotMatch(body, /corral_job_processes/);
  assert.match(body, /^corral_ended_jobs_total\{reason="timeout"\} 1$/m);
});

function insertEnd(on: FakeNode): void {
  on.stores.open().markEnded(JOB_ID, {
    ...{ reason: "timeout", trigger: "timeout", exit: { code: null, signal: 15 } },
    ...{ endedAtMs: on.wallMs, survivors: [], usage: null },
  }, []);
}

Deno.test("corral metrics and the metrics of a report tell the same of a name that both have", async () => {
  using on = node();
  const heads = async (...args: string[]) => {
    on.out = "";
    assert.equal(await on.corral(...args), EXIT.DONE);
    const lines = on.out.split("\n").filter((line) => /^# (HELP|TYPE) /.test(line));
    return new Map(lines.map((line) => [line.split(" ").slice(1, 3).join(" "), line]));
  };
  const ofReport = await heads("report", "--format", "openmetrics");
  const ofNode = await heads("metrics");
  const both = [...ofNode.keys()].filter((key) => ofReport.has(key));
  assert.ok(both.includes("HELP corral_job_memory_peak_bytes"));
  for (const key of both) assert.equal(ofReport.get(key), ofNode.get(key));
});

Deno.test({
  name: "metrics for root do not wait for a user who never answers, and a later scrape does not wait at all",
  // A directory of a user's is believed only where it is that user's.
  ignore: Deno.uid() !== 0,
  async fn() {
    using on = node();
    const usersDir = `${on.stores.path}/users`;
    Deno.mkdirSync(`${usersDir}/4242`, { recursive: true });
    Deno.chownSync(`${usersDir}/4242`, 4242, 4242);
    let asked = 0;
    on.uid = 0;
    // The name services, which are asked first, hang.
    on.run = () => {
      asked++;
      return new Promise(() => {});
    };
    const { context } = on;
    const settings = { ...context.settings, isStateDirNamed: false, userStateDir: usersDir };
    const collector = new MetricsCollector({ ...context, settings });
    const first = await collector.collect(20);
    assert.equal(asked, 1);
    assert.deepEqual(first.jobs.map(({ job }) => job.spec.id), [JOB_ID]);
    assert.deepEqual((await collector.collect(60_000)).jobs.length, 1);
    assert.equal(first.unanswered, 1);
  },
});
