/**
 * Alert rules for Prometheus, in YAML. Prometheus calls a scraped label `job` `exported_job` unless the scrape has `honor_labels`; the rules
 * work both ways. Pure.
 */

/** One alert. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  /** For how long it must be so. */
  readonly for: string;
  readonly severity: "critical" | "warning";
  readonly summary: string;
  readonly description: string;
}

const NAMED = "* on (instance, job, exported_job) group_left (name, user) corral_job_info";
const JOB =
  "{{ with $labels.exported_job }}{{ . }}{{ else }}{{ $labels.job }}{{ end }} ({{ $labels.name }}, {{ $labels.user }})";
const NODE = "{{ $labels.instance }}";

/** All of them. */
export const RULES: readonly Rule[] = [
  {
    alert: "CorralUnkillableJobs",
    expr: "corral_unkillable_jobs > 0",
    ...{ for: "5m", severity: "critical" },
    summary: `Processes on ${NODE} outlived KILL`,
    description: "See `corral ps --state unkillable`, and `corral show JOB` for what blocks them.",
  },
  {
    alert: "CorralSweepLate",
    expr: "time() - corral_sweep_last_run_time_seconds > 900",
    ...{ for: "5m", severity: "critical" },
    summary: `No sweep on ${NODE} for {{ humanizeDuration $value }}`,
    description:
      "Nothing ends what is overdue or abandoned. See `corral doctor`; `corral install` makes the timer.",
  },
  {
    alert: "CorralUsersUnanswered",
    expr: "corral_unanswered_users > 0",
    ...{ for: "15m", severity: "warning" },
    summary: `Stores of {{ $value }} users on ${NODE} do not answer`,
    description: "Their jobs are not in the metrics. `corral ps` names them.",
  },
  {
    alert: "CorralJobMemoryNearLimit",
    expr: `corral_job_memory_anon_bytes / corral_job_memory_limit_bytes > 0.9`,
    ...{ for: "5m", severity: "warning" },
    summary: "A job is at {{ $value | humanizePercentage }} of its memory limit",
    description: `At the limit the kernel kills it. \`corral set JOB --memory SIZE\` raises it.`,
  },
  {
    alert: "CorralJobDeadlineNear",
    expr: "corral_job_deadline_time_seconds - time() < 900 > 0",
    ...{ for: "0m", severity: "warning" },
    summary: "A job has {{ humanizeDuration $value }} left",
    description: "Then corral ends it. `corral set JOB --timeout +1h` gives it more.",
  },
  {
    alert: "CorralJobUnhealthy",
    expr: "corral_job_unhealthy > 0",
    ...{ for: "5m", severity: "warning" },
    summary: "A job fails its check {{ $labels.check }}",
    description: "See `corral show JOB`.",
  },
  {
    alert: "CorralJobOutOfMemory",
    expr: "increase(corral_job_oom_kills_total[15m]) > 0",
    ...{ for: "0m", severity: "warning" },
    summary: "The kernel kills processes of a job that lives on",
    description: "Its result may be wrong. See `corral show JOB`.",
  },
  {
    alert: "CorralJobStalled",
    expr: 'rate(corral_job_pressure_stalled_seconds_total{resource="memory",kind="full"}[10m]) > 0.5',
    ...{ for: "10m", severity: "warning" },
    summary: "All of a job waits for memory {{ $value | humanizePercentage }} of the time",
    description: "It thrashes at its limit. `corral set JOB --memory SIZE` raises it.",
  },
  {
    alert: "CorralQueueStuck",
    expr: "corral_queue_oldest_seconds > 21600",
    ...{ for: "15m", severity: "warning" },
    summary: `A job has waited on ${NODE} for {{ humanizeDuration $value }}`,
    description: "`corral queue` says for what.",
  },
];

/** Only what is of one job is given its name and user. */
function expression({ expr }: Rule): string {
  return /\bcorral_job_/.test(expr) ? `(${expr}) ${NAMED}` : expr;
}

function summary({ expr, summary }: Rule): string {
  return /\bcorral_job_/.test(expr) ? `${summary}: ${JOB} on ${NODE}` : summary;
}

/** For `rule_files`. A string of JSON is one of YAML too. */
export function rulesYaml(): string {
  const rules = RULES.map((rule) => {
    const lines = [
      `      - alert: ${rule.alert}`,
      `        expr: ${JSON.stringify(expression(rule))}`,
      `        for: ${rule.for}`,
      "        labels:",
      `          severity: ${rule.severity}`,
      "        annotations:",
      `          summary: ${JSON.stringify(summary(rule))}`,
      `          description: ${JSON.stringify(rule.description)}`,
    ];
    return lines.join("\n");
  });
  return `groups:\n  - name: corral\n    rules:\n${rules.join("\n")}\n`;
}
