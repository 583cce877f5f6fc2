/** A dashboard for Grafana, as JSON. Pure. */

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  readonly type?: "stat";
}

const NODE = 'instance=~"$instance"';
const NAMES = "* on (instance, job, exported_job) group_left (name, user) corral_job_info";
const LEGEND = "{{name}} {{user}} {{exported_job}}";
const byJob = (expr: string): readonly [string, string] => [`topk(15, (${expr}) ${NAMES})`, LEGEND];

const PANELS: readonly Panel[] = [
  {
    ...{ title: "Live jobs", unit: "none", type: "stat" },
    queries: [[`sum by (state) (corral_live_jobs{${NODE}})`, "{{state}}"]],
  },
  {
    ...{ title: "Unkillable", unit: "none", type: "stat" },
    queries: [[`sum(corral_unkillable_jobs{${NODE}})`, "unkillable"]],
  },
  {
    ...{ title: "Since the last sweep", unit: "s", type: "stat" },
    queries: [[`time() - corral_sweep_last_run_time_seconds{${NODE}}`, "{{instance}}"]],
  },
  {
    ...{ title: "Users without an answer", unit: "none", type: "stat" },
    queries: [[`sum(corral_unanswered_users{${NODE}})`, "users"]],
  },
  {
    ...{ title: "Versions", unit: "none", type: "stat" },
    queries: [[`count by (version) (corral_build_info{${NODE}})`, "{{version}}"]],
  },
  {
    ...{ title: "CPU in use, by job", unit: "none" },
    queries: [byJob(`rate(corral_job_cpu_usage_seconds_total{${NODE}}[5m])`)],
  },
  {
    ...{ title: "Memory, by job", unit: "bytes" },
    queries: [byJob(`corral_job_memory_current_bytes{${NODE}}`)],
  },
  {
    ...{ title: "Memory of their own, share of the limit", unit: "percentunit" },
    queries: [byJob(`corral_job_memory_anon_bytes{${NODE}} / corral_job_memory_limit_bytes{${NODE}}`)],
  },
  {
    ...{ title: "Page cache and peak, by job", unit: "bytes" },
    queries: [
      byJob(`corral_job_memory_file_bytes{${NODE}}`),
      byJob(`corral_job_memory_peak_bytes{${NODE}}`),
    ],
  },
  {
    ...{ title: "Waiting for memory, by job", unit: "percentunit" },
    queries: [byJob(
      `rate(corral_job_pressure_stalled_seconds_total{${NODE},resource="memory",kind="some"}[5m])`,
    )],
  },
  {
    ...{ title: "Reading and writing, by job", unit: "Bps" },
    queries: [
      byJob(`rate(corral_job_io_read_bytes_total{${NODE}}[5m])`),
      byJob(`rate(corral_job_io_written_bytes_total{${NODE}}[5m])`),
    ],
  },
  {
    ...{ title: "Processes, by job", unit: "none" },
    queries: [byJob(`corral_job_processes{${NODE}}`)],
  },
  {
    ...{ title: "Time left, by job", unit: "s" },
    queries: [[`bottomk(15, (corral_job_deadline_time_seconds{${NODE}} - time()) ${NAMES})`, LEGEND]],
  },
  {
    ...{ title: "Running for, by job", unit: "s" },
    queries: [byJob(`time() - corral_job_start_time_seconds{${NODE}}`)],
  },
  {
    ...{ title: "Ends, by reason", unit: "none" },
    queries: [[`sum by (reason) (increase(corral_ended_jobs_total{${NODE}}[15m]))`, "{{reason}}"]],
  },
  {
    ...{ title: "Processes killed for memory, by job", unit: "none" },
    queries: [byJob(`increase(corral_job_oom_kills_total{${NODE}}[15m])`)],
  },
  {
    ...{ title: "Unhealthy", unit: "none" },
    queries: [byJob(`corral_job_unhealthy{${NODE}}`)],
  },
  {
    ...{ title: "Memory of pools", unit: "bytes" },
    queries: [
      [`sum by (pool) (corral_pool_memory_limit_bytes{${NODE}})`, "{{pool}} limit"],
      [`sum by (pool) (corral_pool_memory_reserved_bytes{${NODE}})`, "{{pool}} reserved"],
      [`sum by (pool) (corral_pool_memory_measured_bytes{${NODE}})`, "{{pool}} measured"],
    ],
  },
  {
    ...{ title: "Jobs of pools", unit: "none" },
    queries: [[`sum by (pool, state) (corral_pool_jobs{${NODE}})`, "{{pool}} {{state}}"]],
  },
  {
    ...{ title: "Longest wait in the queue", unit: "s" },
    queries: [[`corral_queue_oldest_seconds{${NODE}}`, "{{instance}}"]],
  },
];

const DATASOURCE = { type: "prometheus", uid: "${datasource}" };
/** Grafana's grid has 24 columns. */
const [STATS, STAT_COLUMNS, STAT_ROWS] = [PANELS.filter(({ type }) => type === "stat").length, 4, 4];
const [COLUMNS, ROWS] = [12, 8];

function place(index: number) {
  if (index < STATS) return { x: index * STAT_COLUMNS, y: 0, w: STAT_COLUMNS, h: STAT_ROWS };
  const at = index - STATS;
  return { x: (at % 2) * COLUMNS, y: STAT_ROWS + Math.floor(at / 2) * ROWS, w: COLUMNS, h: ROWS };
}

/** The model that Grafana imports; it asks for the data source. */
export function dashboard() {
  return {
    uid: "corral",
    title: "corral",
    tags: ["corral"],
    schemaVersion: 38,
    editable: true,
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
        {
          ...{ name: "instance", type: "query", label: "Node", datasource: DATASOURCE, refresh: 2 },
          ...{ query: "label_values(corral_build_info, instance)", multi: true, includeAll: true },
        },
      ],
    },
    panels: PANELS.map(({ title, unit, queries, type = "timeseries" }, index) => ({
      ...{ id: index + 1, title, type, datasource: DATASOURCE, gridPos: place(index) },
      fieldConfig: { defaults: { unit }, overrides: [] },
      targets: queries.map(([expr, legendFormat], number) => ({
        ...{ refId: String.fromCharCode("A".charCodeAt(0) + number), datasource: DATASOURCE },
        ...{ expr, legendFormat },
      })),
    })),
  };
}
