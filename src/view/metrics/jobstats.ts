/**
 * The names of Princeton's cgroup_exporter, so that the dashboards and the command of Jobstats work on corral's jobs: its fork of
 * treydock/cgroup_exporter has the labels `jobid`, `step` and `task`, the last two empty for a whole job, all as gauges
 * (github.com/plazonic/cgroup_exporter, cgroup_exporter.go; jobstats.py asks for cgroup_memory_total_bytes, cgroup_memory_rss_bytes,
 * cgroup_cpu_total_seconds and cgroup_cpus). A job without a limit has the node's memory and cores. Not here: cgroup_memsw_*, for cgroup v2
 * has no sum of memory and swap, and cgroup_memory_fail_count, a name that OpenMetrics keeps for histograms.
 */
import type { JobMetrics, JobNow, NodeMetrics } from "./node_metrics.ts";
import type { MetricRow } from "./table.ts";

function row(
  name: string,
  help: string,
  value: (now: JobNow, job: JobMetrics["job"], node: NodeMetrics) => number | null,
): MetricRow {
  return {
    ...{ name, help, type: "gauge", labels: ["jobid", "step", "task"] },
    *samples(node, idOf) {
      for (const job of node.jobs) {
        if (job.now === null) continue;
        yield { labels: { jobid: idOf(job), step: "", task: "" }, value: value(job.now, job.job, node) };
      }
    },
  };
}

const seconds = (usec: number | null) => usec === null ? null : usec * 1e-6;

/** In the order of that exporter. */
export const COMPAT_METRICS: readonly MetricRow[] = [
  row("cgroup_uid", "Uid of the user who runs the job", (_, { spec }) => spec.uid),
  row("cgroup_cpu_user_seconds", "CPU time in user mode", ({ usage }) => seconds(usage.cpuUserUsec)),
  row("cgroup_cpu_system_seconds", "CPU time in the kernel", ({ usage }) => seconds(usage.cpuSystemUsec)),
  row("cgroup_cpu_total_seconds", "CPU time", ({ usage }) => seconds(usage.cpuUsageUsec)),
  row(
    "cgroup_cpus",
    "CPUs that the job may use",
    (_, { spec }, { cores }) => spec.limits.cpuMaxCores ?? cores,
  ),
  row("cgroup_memory_rss_bytes", "Memory of its own", ({ split }) => split.anonBytes),
  row("cgroup_memory_cache_bytes", "Page cache", ({ split }) => split.fileBytes),
  row("cgroup_memory_used_bytes", "Memory that the job holds", ({ memoryBytes }) => memoryBytes),
  row(
    "cgroup_memory_total_bytes",
    "Memory that the job may have",
    (_, { spec }, { memoryTotalBytes }) => spec.limits.memoryMaxBytes ?? memoryTotalBytes,
  ),
];
