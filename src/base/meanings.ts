/**
 * What other tools, docker, slurm, systemd, pueue, kubectl, timeout(1), call the things that corral has: commands, options, values and
 * columns. near.ts, choices and the command line look words up here, and what corral has not in remarks.ts.
 */

/** Words that are taken for a command: they mean the same. */
const SAME_COMMANDS = {
  ps: "list ls status jobs squeue bjobs qstat",
  kill: "stop cancel rm end scancel remove delete del terminate abort bkill qdel",
  show: "info inspect describe seff sstat",
  freeze: "pause suspend",
  thaw: "resume unpause unfreeze continue cont",
  report: "stats sacct",
  set: "update",
  completion: "completions",
  logs: "log output",
  queue: "queued pending",
  pool: "pools partition partitions slots",
};

/** Our words, each with the words that other tools have for it. An option stands without its dashes below `--`; the first of a kind that fits is meant. */
const MEANINGS = {
  // Options. One letter is a short option.
  "--timeout":
    "time time-limit timelimit walltime wall wall-time max-time maxtime max-runtime runtime-max runtime deadline duration limit",
  "--cpu-time": "cputime cpu-time-limit max-cpu-time rlimit-cpu cpu-seconds ulimit-t",
  "--grace": "kill-after stop-timeout kill-timeout grace-period kill-delay wait k",
  "--signal": "stop-signal kill-signal sig s",
  "--memory":
    "mem ram memory-max memory-limit mem-limit max-memory max-mem mem-max mem-per-cpu mem-per-node rss M",
  "--memory-high": "memory-reservation mem-high memory-soft soft-memory",
  "--swap": "memory-swap swap-max memory-swap-max memswap",
  "--cpus": "cpu cores ncpus num-cpus max-cpus cpu-quota cpu-limit cpus-per-task processors threads j",
  "--cpu-weight": "cpu-shares cpu-priority nice weight",
  "--pids": "pids-limit max-pids tasks tasks-max max-tasks procs max-procs processes nproc",
  "--name": "job-name jobname unit description title J",
  "--tag": "label labels tags comment annotation l",
  "--ref": "id job-id jobid reference external-id",
  "--env": "setenv environment e E",
  "--pool": "partition queue q",
  "--priority": "prio",
  "--user": "uid username as run-as runas owner u",
  "--chdir": "workdir work-dir working-directory cwd wd dir directory cd w D C",
  "--detach": "background bg daemon daemonize no-block no-wait nowait async b",
  "--idle-after": "idle-timeout idle-time inactivity-timeout no-activity-timeout idle",
  "--heartbeat": "watchdog watchdog-sec keepalive",
  "--health-command": "health-cmd healthcheck health-check liveness probe",
  "--output": "log logfile log-file stdout out stderr error o",
  "--receipt": "result summary json-file",
  "--with-parent": "die-with-parent pdeathsig",
  "--keep-env": "preserve-env export",
  "--since": "start starttime start-time from after begin newer-than last S",
  "--until": "end endtime end-time to before E",
  "--reason": "state status outcome",
  "--state": "status reason",
  "--by": "group-by groupby group per",
  "--sort": "sort-by order order-by k",
  "--limit": "head max count rows lines n",
  "--columns": "fields field cols o O l",
  "--json": "format j",
  "--now": "force f immediately",
  "--all": "a everything",
  "--yes": "y no-confirm assume-yes force",
  "--dry-run": "dryrun noop simulate what-if",
  "--older-than": "age older days before keep until",
  "--lines": "tail last count",
  "--interval": "delay refresh seconds d n",
  "--count": "iterations n",
  "--match": "pattern regex name p",
  "--kill": "signal end",
  "--print": "dry-run show",
  "--log-level": "verbose debug verbosity loglevel",
  "--help": "? usage",
  "--version": "v",
  "--state-dir": "data-dir store db",
  // Values.
  oom: "oom-killed oomkilled oom_kill out-of-memory out_of_memory memory",
  timeout: "timed-out timedout timed_out time-limit",
  killed: "cancelled canceled revoked",
  exited: "completed complete done success succeeded finished",
  signaled: "signalled crashed segfault",
  lost: "node-fail node_fail rebooted vanished",
  running: "active up alive r",
  openmetrics: "prometheus prom metrics",
  jsonl: "ndjson jsonlines",
  table: "text plain",
  cgroupfs: "cgroup cgroups cgroup2 cgroupv2 cgroup-v2 fs",
  systemd: "systemctl systemd-run",
  warn: "warning",
  debug: "trace verbose",
  error: "err fatal quiet crit",
  // Columns.
  "cpu%": "%cpu pcpu cpu percent",
  "mem%": "%mem pmem",
  mem: "memory rss ram",
  "mem-peak": "memory maxrss max-rss peak",
  age: "uptime elapsed etime time runtime",
  wall: "elapsed etime time duration runtime",
  left: "remaining time-left timeleft",
  procs: "processes tasks nproc pids",
  pids: "procs tasks processes",
  started: "start begin since",
  exit: "exitcode exit-code code rc",
  state: "status st reason",
  reason: "state status outcome",
  user: "owner uid username",
  id: "jobid job-id job",
  name: "jobname job-name comm",
};

/** Properties of systemd (systemd.resource-control(5)), which `systemd-run -p` takes, by our option. */
const PROPERTIES: Readonly<Record<string, string>> = {
  MemoryMax: "--memory",
  MemoryLimit: "--memory",
  MemoryHigh: "--memory-high",
  MemorySwapMax: "--swap",
  CPUQuota: "--cpus",
  CPUWeight: "--cpu-weight",
  CPUShares: "--cpu-weight",
  TasksMax: "--pids",
  RuntimeMaxSec: "--timeout",
  TimeoutStopSec: "--grace",
  KillSignal: "--signal",
  WorkingDirectory: "--chdir",
  User: "--user",
  Environment: "--env",
  Description: "--name",
};

/** `MemoryMax=1G`, where a number is expected: what it is here; null for anything else. */
export function propertyRemark(text: string): string | null {
  const [, name, value] = /^([A-Za-z]+)=(.*)$/s.exec(text) ?? [];
  const option = name === undefined || !Object.hasOwn(PROPERTIES, name) ? undefined : PROPERTIES[name];
  return option === undefined ? null : `that is ${option} ${value} here`;
}

const NO_LIMIT = /^(infinity|infinite|inf|never|none|unlimited|forever|max|all|no|off)$/i;

/** True for a word that asks for no limit. */
export function isNoLimit(text: string): boolean {
  return NO_LIMIT.test(text);
}

/** What to do instead, for a value that has no word for it; null for any other text. */
export function noLimitRemark(text: string): string | null {
  return isNoLimit(text) ? "for no limit leave the option out (corral set takes none)" : null;
}

const COMMAND_OF = inverted(SAME_COMMANDS);
const MEANT_BY = inverted(MEANINGS);

/** Our command for the same word of another tool; null when there is none. */
export function sameCommand(word: string): string | null {
  return COMMAND_OF.get(word)?.[0] ?? null;
}

/** The first of `known` that another tool calls `text`; an option is given and returned with its dashes. */
export function meantBy(text: string, known: readonly string[]): string | null {
  const isOption = text.startsWith("-");
  const word = /^--?.$/.test(text) ? text.replace(/^-+/, "") : text.replace(/^-+/, "").toLowerCase();
  const meant = MEANT_BY.get(word)?.filter((ours) => ours.startsWith("--") === isOption) ?? [];
  return meant.find((ours) => known.includes(ours)) ?? null;
}

function inverted(table: Readonly<Record<string, string>>): Map<string, string[]> {
  const byWord = new Map<string, string[]>();
  for (const [ours, words] of Object.entries(table)) {
    for (const word of words.split(" ")) byWord.set(word, [...byWord.get(word) ?? [], ours]);
  }
  return byWord;
}
