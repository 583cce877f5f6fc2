/** The table of commands. */
import { QUEUE_KEEP } from "../act/queue/names.ts";
import { SHARED_ROWS } from "../base/called_by_itself.ts";
import { runVerb } from "./commands/run.ts";
import { SLURM_HEALTH } from "./called_as.ts";
import type { CommandStreams, DescribeProgram, Invoke } from "./verb.ts";

const GUARD_END = "guard-end";
/** What corral calls itself by; they stand in no help. */
export const UNSHOWN: readonly string[] = [GUARD_END, QUEUE_KEEP, SHARED_ROWS];

type MakeVerb = (invoke: Invoke, describeProgram: DescribeProgram, terminal: CommandStreams) => unknown;

/**
 * The commands in the order of the help text. A verb's module is loaded only when it is called: that is 4 ms of every start. Only `run` is
 * there from the beginning: to find its modules one by one costs it 3 ms, and all others together 0.3.
 */
export const VERBS: readonly { name: string; summary: string; load: () => Promise<MakeVerb> }[] = [
  {
    name: "run",
    summary: "run a command in a cgroup it cannot leave",
    load: () => Promise.resolve(runVerb),
  },
  {
    name: "ps",
    summary: "jobs that are not ended",
    load: async () => (await import("./commands/ps.ts")).psVerb,
  },
  {
    name: "top",
    summary: "the same as a live table",
    load: async () => (await import("./commands/top.ts")).topVerb,
  },
  {
    name: "show",
    summary: "everything about one job",
    load: async () => (await import("./commands/show.ts")).showVerb,
  },
  {
    name: "wait",
    summary: "wait for the end of jobs",
    load: async () => (await import("./commands/wait.ts")).waitVerb,
  },
  {
    name: "logs",
    summary: "the output of a detached job",
    load: async () => (await import("./commands/logs.ts")).logsVerb,
  },
  {
    name: "kill",
    summary: "end jobs and everything they started",
    load: async () => (await import("./commands/kill.ts")).killVerb,
  },
  {
    name: "queue",
    summary: "jobs that wait for room in a pool, and for what",
    load: async () => (await import("./commands/queue.ts")).queueVerb,
  },
  {
    name: "pool",
    summary: "pools, what is in them, and how many jobs each takes",
    load: async () => (await import("./commands/pool.ts")).poolVerb,
  },
  {
    name: "serve",
    summary: "the node live in a browser, as JSON and as metrics; sweeps meanwhile",
    load: async () => (await import("./commands/serve.ts")).serveVerb,
  },
  {
    name: "adopt",
    summary: "take running processes into a job",
    load: async () => (await import("./commands/adopt.ts")).adoptVerb,
  },
  {
    name: "set",
    summary: "change limits of a live job",
    load: async () => (await import("./commands/set.ts")).setVerb,
  },
  {
    name: "freeze",
    summary: "pause a job",
    load: async () => (await import("./commands/freeze.ts")).freezeVerb,
  },
  {
    name: "thaw",
    summary: "let a frozen job go on",
    load: async () => (await import("./commands/freeze.ts")).thawVerb,
  },
  {
    name: "sweep",
    summary: "one pass over all jobs: end the overdue and the abandoned, record what is over",
    load: async () => (await import("./commands/sweep.ts")).sweepVerb,
  },
  {
    name: GUARD_END,
    summary: "end a job without a supervisor (for its guard)",
    load: async () => (await import("./commands/guard_end.ts")).guardEndVerb,
  },
  {
    name: QUEUE_KEEP,
    summary: "look after a queue (for corral itself)",
    load: async () => (await import("./commands/queue_keep.ts")).queueKeepVerb,
  },
  {
    name: SHARED_ROWS,
    summary: "rows of the store (for root)",
    load: async () => (await import("./commands/shared_rows.ts")).sharedRowsVerb,
  },
  {
    name: "slurm-epilog",
    summary: "for Slurm's Epilog: end what a Slurm job has left on this node",
    load: async () => (await import("./commands/slurm_epilog.ts")).slurmEpilogVerb,
  },
  {
    name: SLURM_HEALTH,
    summary: "for Slurm's HealthCheckProgram: drain a node on which nothing can be ended",
    load: async () => (await import("./commands/slurm_health.ts")).slurmHealthVerb,
  },
  {
    name: "prune",
    summary: "drop the records of jobs that ended long ago",
    load: async () => (await import("./commands/prune.ts")).pruneVerb,
  },
  {
    name: "strays",
    summary: "processes that match a pattern and belong to no job",
    load: async () => (await import("./commands/strays.ts")).straysVerb,
  },
  {
    name: "report",
    summary: "what jobs used",
    load: async () => (await import("./commands/report.ts")).reportVerb,
  },
  {
    name: "metrics",
    summary: "the node's metrics for Prometheus; alert rules and a dashboard",
    load: async () => (await import("./commands/metrics.ts")).metricsVerb,
  },
  {
    name: "doctor",
    summary: "what this node can enforce, and the remedy for what it cannot",
    load: async () => (await import("./commands/doctor.ts")).doctorVerb,
  },
  {
    name: "install",
    summary: "have a timer or cron sweep this node; manual, completions",
    load: async () => (await import("./commands/install.ts")).installVerb,
  },
  {
    name: "uninstall",
    summary: "take away what install made",
    load: async () => (await import("./commands/uninstall.ts")).uninstallVerb,
  },
  {
    name: "completion",
    summary: "print the completions for a shell",
    load: async () => (await import("./commands/completion.ts")).completionVerb,
  },
  {
    name: "help",
    summary: "the help of a command, or a page of the manual",
    load: async () => (await import("./commands/help.ts")).helpVerb,
  },
  {
    name: "man",
    summary: "print a page of the manual for man(1)",
    load: async () => (await import("./commands/man.ts")).manVerb,
  },
  {
    name: "version",
    summary: "print version, commit and runtime",
    load: async () => (await import("./commands/version.ts")).versionVerb,
  },
];
