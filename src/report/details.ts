/** The text of `corral show`. Pure. */
import { formatCpus } from "../job/cpus.ts";
import { formatDuration, formatDurationExact } from "../job/duration.ts";
import { END_REASONS, type Job, type RunningFacts, runningFacts, type Usage } from "../job/job.ts";
import { signalName } from "../job/signal.ts";
import { formatBytes } from "../job/size.ts";
import type { StoredEvent } from "../store/records.ts";
import { printable, shortened } from "./escape.ts";
import { drawTree, type TreeNode } from "./tree.ts";
import {
  formatCount,
  formatCpuTime,
  formatLocalTime,
  formatOptionalBytes,
  formatOptionalDuration,
  formatPercent,
  MISSING,
  percentOf,
} from "./units.ts";

/** What a live job's cgroup says. */
export interface LiveDetails {
  usage: Usage;
  memoryBytes: number | null;
  processes: TreeNode[];
  frozen: boolean;
}

const VALUE_CHARACTERS = 2000;
const LABEL_COLUMNS = 12;

/** Sections of `label  value` lines; every value from outside is escaped. */
export function formatDetails(
  job: Job,
  events: readonly StoredEvent[],
  live: LiveDetails | null,
  { bootMs }: { bootMs: number },
): string {
  const usage = job.phase.state === "ended" ? job.phase.usage : live?.usage ?? null;
  const sections = [
    [`job ${job.spec.id}`, identityLines(job, live, bootMs)],
    ["limits and usage", usageLines(job, usage, live)],
    [
      live === null ? "" : `processes (${live.processes.length})`,
      live === null ? [] : drawTree(live.processes),
    ],
    ["survivors", survivorLines(job)],
    ["events", events.map(eventLine)],
  ] as const;
  return sections.filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}\n`).join("")}`).join("\n");
}

function line(label: string, value: string): string {
  return `${label.padEnd(LABEL_COLUMNS)} ${shortened(printable(value), VALUE_CHARACTERS)}`;
}

function identityLines(job: Job, live: LiveDetails | null, bootMs: number): string[] {
  const { spec } = job;
  const run = runningFacts(job);
  const tags = Object.entries(spec.tags).map(([key, value]) => `${key}=${value}`).join(" ");
  const left = run?.deadlineBootMs == null || job.phase.state === "ended"
    ? ""
    : `, ${formatDuration(run.deadlineBootMs - bootMs)} left`;
  return [
    line("name", spec.name),
    ...(spec.ref === null ? [] : [line("ref", spec.ref)]),
    ...(tags === "" ? [] : [line("tags", tags)]),
    line("state", stateWords(job, live)),
    line("command", spec.argv.map(quotedWord).join(" ")),
    line("directory", spec.cwd),
    line("user", `${spec.user} (${spec.uid})`),
    line("started", formatLocalTime(new Date(run?.startedAtMs ?? spec.createdAtMs))),
    ...(job.phase.state === "ended" ? [line("ended", formatLocalTime(new Date(job.phase.endedAtMs)))] : []),
    line("timeout", spec.timeoutMs === null ? MISSING : `${formatDurationExact(spec.timeoutMs)}${left}`),
    line("on timeout", `${spec.signal}, then KILL after ${formatDurationExact(spec.graceMs)}`),
    ...(run === null ? [] : [line("pid", pidWords(spec.adopted, run)), line("cgroup", run.cgroup.path)]),
    line("backend", spec.backend),
  ];
}

function pidWords(adopted: boolean, { pid, pgid }: RunningFacts): string {
  return adopted ? `${pid} (pgid ${pgid}), adopted while it ran` : `${pid} (pgid and sid ${pgid})`;
}

function stateWords(job: Job, live: LiveDetails | null): string {
  const { phase } = job;
  if (phase.state === "ended") {
    const { code, signal } = phase.exit;
    const exit = code !== null
      ? `exit ${code}`
      : signal !== null
      ? `died of ${signalName(signal)}`
      : "exit unknown";
    const trigger = phase.trigger === phase.reason ? "" : ` after ${phase.trigger}`;
    return `ended: ${phase.reason}${trigger}, ${exit}. This means: ${END_REASONS[phase.reason]}`;
  }
  if (phase.state === "ending") return `ending: ${phase.reason}`;
  return live?.frozen ? `${phase.state}, frozen` : phase.state;
}

/** A word as a POSIX shell would need it, so that a command line can be copied. */
function quotedWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function usageLines(job: Job, usage: Usage | null, live: LiveDetails | null): string[] {
  const { limits } = job.spec;
  const of = (value: string, limit: string | null, percent: number | null) =>
    limit === null ? value : `${value} of ${limit}${percent === null ? "" : ` (${formatPercent(percent)})`}`;
  const bytes = (value: number | null) => value === null ? null : formatBytes(value);
  const wallMs = usage?.wallMs ?? null;
  const cpuPercent = usage?.cpuUsageUsec == null || !wallMs ? null : usage.cpuUsageUsec / 10 / wallMs;
  const quotaPercent = limits.cpuMaxCores === null ? null : limits.cpuMaxCores * 100;
  const peak = usage?.memoryPeakBytes ?? null;
  return [
    line("wall", formatOptionalDuration(wallMs)),
    line(
      "cpu",
      `${formatCpuTime(usage?.cpuUsageUsec ?? null)} (user ${
        formatCpuTime(usage?.cpuUserUsec ?? null)
      }, system ${formatCpuTime(usage?.cpuSystemUsec ?? null)}), ${
        of(
          formatPercent(cpuPercent),
          limits.cpuMaxCores === null
            ? null
            : `${formatCpus(limits.cpuMaxCores)} ${limits.cpuMaxCores === 1 ? "core" : "cores"}`,
          percentOf(cpuPercent, quotaPercent),
        )
      }`,
    ),
    ...(limits.cpuWeight === null ? [] : [line("cpu weight", String(limits.cpuWeight))]),
    line(
      "throttled",
      `${formatCpuTime(usage?.cpuThrottledUsec ?? null)} in ${
        formatCount(usage?.cpuThrottledPeriods ?? null)
      } of ${formatCount(usage?.cpuPeriods ?? null)} periods`,
    ),
    ...(live === null ? [] : [
      line(
        "memory now",
        of(
          formatOptionalBytes(live.memoryBytes),
          bytes(limits.memoryMaxBytes),
          percentOf(live.memoryBytes, limits.memoryMaxBytes),
        ),
      ),
    ]),
    line(
      "memory peak",
      of(formatOptionalBytes(peak), bytes(limits.memoryMaxBytes), percentOf(peak, limits.memoryMaxBytes)),
    ),
    ...(limits.memoryHighBytes === null ? [] : [line("memory high", formatBytes(limits.memoryHighBytes))]),
    line(
      "swap peak",
      of(formatOptionalBytes(usage?.swapPeakBytes ?? null), bytes(limits.swapMaxBytes), null),
    ),
    line("oom kills", formatCount(usage?.oomKills ?? null)),
    line("read", formatOptionalBytes(usage?.ioReadBytes ?? null)),
    line("written", formatOptionalBytes(usage?.ioWrittenBytes ?? null)),
    line(
      "tasks peak",
      of(
        formatCount(usage?.pidsPeak ?? null),
        limits.pidsMax === null ? null : String(limits.pidsMax),
        percentOf(usage?.pidsPeak ?? null, limits.pidsMax),
      ),
    ),
  ];
}

function survivorLines(job: Job): string[] {
  if (job.phase.state !== "ended") return [];
  return job.phase.survivors.map(({ pid, name, state, wchan, because }) =>
    printable(`${pid} ${name}: state ${state}, wchan ${wchan ?? MISSING}: ${because}`)
  );
}

function eventLine(event: StoredEvent): string {
  const detail = Object.entries(event.detail).map(([key, value]) => `${key}=${String(value)}`).join(" ");
  return printable(
    `${formatLocalTime(new Date(event.atMs))}.${
      String(event.atMs % 1000).padStart(3, "0")
    } ${event.actor}: ${event.kind} ${detail}`.trimEnd(),
  );
}
