/**
 * Every metric of a node: one row. The exposition, the manual, and what rules and dashboard may name derive from here. Names of jobs and
 * users stand in `corral_job_info` alone, and series of a job are there while it lives: what has ended makes none (5 million series at one
 * site, PrincetonUniversity/jobstats#3). Pure.
 */
import { COMMIT, VERSION } from "../../base/version.ts";
import { shortened } from "../../base/text.ts";
import { END_REASONS, runningFacts } from "../../job/job.ts";
import type { FigureKey } from "../../job/figures.ts";
import { FIGURE_UNITS, FIGURES } from "../../job/figures.ts";
import { type JobMetrics, LIVE_STATES, type NodeMetrics, type PoolMetrics } from "./node_metrics.ts";

/** One figure with its labels; a value of null makes no sample. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
}

/** What a scraper calls a metric family. `name` is without `_total` and `_info`, which formats add. */
export interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter" | "info";
  readonly labels: readonly string[];
  readonly help: string;
}

/** A family, and how its samples come out of a node. */
export interface MetricRow extends Family {
  readonly samples: (node: NodeMetrics, idOf: (job: JobMetrics) => string) => Iterable<Sample>;
}

/** Of a name or ref in a label: the store has all of it. */
const LABEL_CHARACTERS = 200;

type OfJob = (job: JobMetrics, node: NodeMetrics) => Iterable<Sample>;

/** A family with samples for each job that has been launched; the label `job` is added. */
function ofJobs(family: Family, samples: OfJob): MetricRow {
  return {
    ...family,
    labels: ["job", ...family.labels],
    *samples(node, idOf) {
      for (const job of node.jobs) {
        if (job.state === "queued") continue;
        const id = idOf(job);
        for (const { labels, value } of samples(job, node)) yield { labels: { job: id, ...labels }, value };
      }
    },
  };
}

/** One figure a job. */
function jobFigure(
  name: string,
  help: string,
  value: (job: JobMetrics, node: NodeMetrics) => number | null | undefined,
) {
  const family: Family = { name, type: "gauge", labels: [], help };
  return ofJobs(family, (job, node) => [{ labels: {}, value: value(job, node) ?? null }]);
}

/** A counter out of the table of figures. */
function jobCounter(name: string, help: string, key: FigureKey): MetricRow {
  const row = jobFigure(name, help, ({ now }) => scaled(now?.usage[key] ?? null, key));
  return { ...row, type: "counter" };
}

function scaled(value: number | null, key: FigureKey): number | null {
  const { unit } = FIGURES.find((figure) => figure.key === key)!;
  return value === null ? null : value * FIGURE_UNITS[unit].metricFactor;
}

const RESOURCES = [["cpu", "cpu"], ["memory", "memory"], ["io", "io"]] as const;
const KINDS = [["some", "Some"], ["full", "Full"]] as const;

function* stalled({ now }: JobMetrics): Generator<Sample> {
  for (const [resource, prefix] of RESOURCES) {
    for (const [kind, suffix] of KINDS) {
      const key = `${prefix}Pressure${suffix}Usec` as const;
      yield { labels: { resource, kind }, value: scaled(now?.usage[key] ?? null, key) };
    }
  }
}

function ofPools(name: string, help: string, value: (pool: PoolMetrics) => number | null): MetricRow {
  return {
    ...{ name, help, type: "gauge", labels: ["pool"] },
    samples: ({ pools }) => pools.map((pool) => ({ labels: { pool: pool.name }, value: value(pool) })),
  };
}

function ofNode(name: string, help: string, value: (node: NodeMetrics) => number | null): MetricRow {
  return {
    ...{ name, help, type: "gauge", labels: [] },
    samples: (node) => [{ labels: {}, value: value(node) }],
  };
}

const seconds = (ms: number | null | undefined) => ms === null || ms === undefined ? null : ms / 1_000;

/** Complete, in the order of the exposition. */
export const METRICS: readonly MetricRow[] = [
  {
    ...{ name: "corral_build", type: "info", labels: ["version", "commit"], help: "What runs here" },
    samples: () => [{ labels: { version: VERSION, commit: COMMIT }, value: 1 }],
  },
  {
    ...{ name: "corral_live_jobs", type: "gauge", labels: ["state"] },
    help: "Jobs that have not ended, and ended ones of which processes are left, by state",
    samples: ({ jobs }) =>
      LIVE_STATES.map((state) => ({
        labels: { state },
        value: jobs.filter((job) => job.state === state).length,
      })),
  },
  ofNode(
    "corral_unkillable_jobs",
    "Jobs of which processes outlived KILL",
    ({ jobs }) => jobs.filter(({ state }) => state === "unkillable").length,
  ),
  {
    ...{ name: "corral_ended_jobs", type: "counter", labels: ["reason"] },
    help: "Jobs that ended, by reason; of the caller's own store, records that were dropped since included",
    samples: ({ endedByReason }) =>
      Object.keys(END_REASONS).map((reason) => ({
        labels: { reason },
        value: endedByReason.get(reason) ?? 0,
      })),
  },
  ofNode(
    "corral_queue_oldest_seconds",
    "For how long the job has waited that has waited longest; 0 where none waits",
    ({ wallMs, oldestQueuedMs }) =>
      oldestQueuedMs === null ? 0 : Math.max(0, wallMs - oldestQueuedMs) / 1_000,
  ),
  ofNode(
    "corral_sweep_last_run_time_seconds",
    "When the last sweep of the store was done, since the epoch",
    ({ lastSweepMs }) => seconds(lastSweepMs),
  ),
  ofNode(
    "corral_unanswered_users",
    "Users whose stores did not answer in time or made no sense: their jobs are not all here",
    ({ unanswered }) => unanswered,
  ),
  ofPools("corral_pool_memory_limit_bytes", "Memory limit of the pool", ({ limitBytes }) => limitBytes),
  ofPools(
    "corral_pool_memory_reserved_bytes",
    "Memory limits of the jobs that run in the pool, summed up",
    ({ reservedBytes }) => reservedBytes,
  ),
  ofPools(
    "corral_pool_memory_measured_bytes",
    "Memory that the jobs of the pool hold",
    ({ measuredBytes }) => measuredBytes,
  ),
  {
    ...{ name: "corral_pool_jobs", type: "gauge", labels: ["pool", "state"] },
    help: "Jobs of the pool, by state: running or queued",
    *samples({ pools }) {
      for (const { name, running, queued } of pools) {
        yield { labels: { pool: name, state: "running" }, value: running };
        yield { labels: { pool: name, state: "queued" }, value: queued };
      }
    },
  },
  ofJobs(
    {
      ...{ name: "corral_job", type: "info", labels: ["name", "ref", "user", "pool"] },
      help: "A live job; its other series have its id alone",
    },
    ({ job: { spec } }) => [{
      labels: {
        name: shortened(spec.name, LABEL_CHARACTERS),
        ref: shortened(spec.ref ?? "", LABEL_CHARACTERS),
        user: shortened(spec.user, LABEL_CHARACTERS),
        pool: spec.pool?.name ?? "",
      },
      value: 1,
    }],
  ),
  jobFigure(
    "corral_job_start_time_seconds",
    "When the job was started, since the epoch",
    ({ job }) => seconds(runningFacts(job)?.startedAtMs),
  ),
  jobFigure(
    "corral_job_deadline_time_seconds",
    "When its wall-clock limit ends it, since the epoch",
    ({ job }, { wallMs, bootMs }) => {
      const deadlineBootMs = runningFacts(job)?.deadlineBootMs ?? null;
      return deadlineBootMs === null ? null : Math.round(wallMs + deadlineBootMs - bootMs) / 1_000;
    },
  ),
  jobCounter("corral_job_cpu_usage_seconds", "CPU time of all its processes", "cpuUsageUsec"),
  jobFigure(
    "corral_job_memory_current_bytes",
    "Memory that the job holds, page cache included",
    ({ now }) => now?.memoryBytes,
  ),
  jobFigure("corral_job_memory_anon_bytes", "Memory of its own", ({ now }) => now?.split.anonBytes),
  jobFigure(
    "corral_job_memory_file_bytes",
    "Page cache, which the kernel takes back",
    ({ now }) => now?.split.fileBytes,
  ),
  jobFigure(
    "corral_job_memory_peak_bytes",
    // As in a report: one directory of a textfile collector may hold both, and must not have two helps of one name.
    "Memory peak of a live job so far",
    ({ now }) => now?.usage.memoryPeakBytes,
  ),
  jobFigure(
    "corral_job_memory_limit_bytes",
    "Memory at which the kernel kills it",
    ({ job }) => job.spec.limits.memoryMaxBytes,
  ),
  jobCounter("corral_job_io_read_bytes", "Bytes read from block devices", "ioReadBytes"),
  jobCounter("corral_job_io_written_bytes", "Bytes written to block devices", "ioWrittenBytes"),
  {
    ...ofJobs(
      {
        ...{ name: "corral_job_pressure_stalled_seconds", type: "counter", labels: ["resource", "kind"] },
        help: "For how long some, or all, of its tasks waited for cpu, memory or io",
      },
      stalled,
    ),
  },
  jobFigure("corral_job_processes", "Processes of the job", ({ now }) => now?.processes),
  jobCounter("corral_job_oom_kills", "Its processes that the kernel killed for memory", "oomKills"),
  ofJobs(
    {
      ...{ name: "corral_job_unhealthy", type: "gauge", labels: ["check"] },
      help: "1 while a health check of the job fails",
    },
    ({ checks }) =>
      checks.map(({ name, isUnhealthy }) => ({ labels: { check: name }, value: Number(isUnhealthy) })),
  ),
];
