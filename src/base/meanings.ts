/**
 * What other tools, docker, slurm, systemd, pueue, kubectl, timeout(1), call the things that corral has, and what they have that corral
 * has not. Commands, options, values and columns are all here; near.ts, choices and the command line look words up in these tables only.
 */

/** Words that are taken for a command: they mean the same. */
const SAME_COMMANDS = {
  ps: "list ls status jobs squeue",
  kill: "stop cancel rm end scancel remove delete del terminate abort",
  show: "info inspect describe seff",
  freeze: "pause suspend",
  thaw: "resume unpause unfreeze continue cont",
  report: "stats sacct",
  set: "update",
  completion: "completions",
  logs: "log output",
};

/** Our words, each with the words that other tools have for it. An option stands without its dashes below `--`; the first of a kind that fits is meant. */
const MEANINGS = {
  // Options. One letter is a short option.
  "--timeout":
    "time time-limit timelimit walltime wall wall-time max-time maxtime max-runtime runtime-max runtime deadline duration limit",
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
  "--user": "uid username as run-as runas owner u",
  "--chdir": "workdir work-dir working-directory cwd wd dir directory cd w D C",
  "--detach": "background bg daemon daemonize no-block no-wait nowait async b",
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
  "cpu%": "pcpu cpu percent",
  "mem%": "pmem",
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

/** What there is none of, or what is called otherwise: a sentence that leads on. Options stand behind their command. */
const REMARKS: Readonly<Record<string, string>> = {
  // Commands.
  attach: "corral has no attach: a job has no terminal; its output as it comes: corral logs --follow JOB",
  exec: "corral has no exec: a job sees the same files and users as any shell; what it runs: corral show JOB",
  enter:
    "corral has no exec: a job sees the same files and users as any shell; what it runs: corral show JOB",
  start: "a job runs once; to run a command: corral run [--detach] COMMAND",
  restart: "a job runs once; to run the command again: corral run COMMAND",
  requeue: "a job runs once; to run the command again: corral run COMMAND",
  retry: "a job runs once; to run the command again: corral run COMMAND",
  add: "corral run --detach COMMAND starts a job in the background",
  submit: "corral run --detach COMMAND starts a job in the background",
  sbatch: "corral run --detach COMMAND starts a job in the background",
  enqueue: "corral run --detach COMMAND starts a job in the background",
  create: "corral run --detach COMMAND starts a job in the background",
  srun: "corral run COMMAND runs a job",
  salloc: "corral run COMMAND runs a job; corral allocates nothing",
  launch: "corral run COMMAND runs a job",
  timeout: "corral run --timeout DURATION COMMAND runs a command for that long at most",
  limit: "corral set JOB --memory SIZE --timeout DURATION changes the limits of a live job",
  extend: "corral set JOB --timeout +1h moves the deadline of a live job",
  renice: "corral set JOB --cpu-weight N changes the CPU weight of a live job",
  edit: "corral set JOB --memory SIZE changes the limits of a live job",
  "set-property": "corral set JOB --memory SIZE changes the limits of a live job",
  "set-limits": "corral set JOB --memory SIZE changes the limits of a live job",
  hold: "corral freeze JOB pauses a job",
  release: "corral thaw JOB lets a frozen job go on",
  get: "corral ps lists jobs, corral show JOB shows one",
  container: "corral ps lists jobs, corral kill ends them",
  job: "corral ps lists jobs, corral show JOB shows one",
  "list-units": "corral ps lists jobs",
  "is-active": "corral show JOB shows the state of a job",
  "is-running": "corral show JOB shows the state of a job",
  scontrol: "corral show JOB shows a job, corral set JOB changes its limits",
  cat: "corral show JOB shows what a job was started with; to run it as a job: corral run cat",
  tree: "corral show JOB shows the processes of a job as a tree",
  events: "corral show JOB lists the events of a job",
  history: "corral report lists the ended jobs and what they used",
  usage: "corral report shows what jobs used; for the usage of a command: corral help COMMAND",
  accounting: "corral report shows what jobs used",
  follow: "corral logs --follow JOB prints the output of a detached job as it comes",
  tail:
    "corral logs --lines N JOB prints the end of a detached job's output; to run it as a job: corral run tail",
  watch: "corral top shows the jobs again and again; to run it as a job: corral run watch",
  monitor: "corral top shows the jobs again and again",
  killall:
    "corral kill --name NAME ends the jobs of that name; of processes in no job: corral strays --match REGEX --kill",
  pkill:
    "corral kill --name NAME ends the jobs of that name; of processes in no job: corral strays --match REGEX --kill",
  signal: "corral kill -s NAME JOB sends a signal to every process of a job",
  send: "a detached job has no stdin: give it a file, corral run COMMAND < FILE",
  clean: "corral prune --older-than DURATION drops old records, corral sweep ends what nothing supervises",
  cleanup: "corral prune --older-than DURATION drops old records, corral sweep ends what nothing supervises",
  gc: "corral prune --older-than DURATION drops old records, corral sweep ends what nothing supervises",
  purge: "corral prune --older-than DURATION drops old records",
  system: "corral prune --older-than DURATION drops old records, corral doctor looks at the node",
  orphans: "corral strays --match REGEX --orphaned lists processes that nothing looks after",
  zombies:
    "corral sweep ends the jobs that nothing supervises; processes in no job: corral strays --match REGEX",
  rename: "the name of a job stays: corral run --name NAME gives it",
  sinfo: "corral works on this node only: corral doctor",
  node: "corral works on this node only: corral doctor",
  nodes: "corral works on this node only: corral doctor",
  check: "corral doctor looks at what this node can enforce",
  test: "corral doctor looks at what this node can enforce; to run it as a job: corral run test",
  selftest: "corral doctor looks at what this node can enforce",
  health: "corral doctor looks at what this node can enforce",
  init: "corral install sets up sweeps, manual pages and completions",
  setup: "corral install sets up sweeps, manual pages and completions",
  enable: "corral install sets up the timer that sweeps",
  disable: "corral uninstall takes away the timer that sweeps",
  config: "the configuration is a file: corral help toml",
  configure: "the configuration is a file: corral help toml",
  "daemon-reload": "corral has no daemon: each command reads the configuration",
  reload: "corral has no daemon: each command reads the configuration",
  daemon: "corral has no daemon: corral install sets up the timer that sweeps",
  upgrade: "corral is one file, put the new one in its place: corral help migrating",
  images: "corral has no images: it runs the commands of this node, corral run COMMAND",
  pull: "corral has no images: it runs the commands of this node, corral run COMMAND",
  build: "corral has no images: it runs the commands of this node, corral run COMMAND",
  // Options.
  "run -i": "run passes stdin on by itself",
  "run --interactive": "run passes stdin on by itself",
  "run --stdin": "run passes stdin on by itself",
  "run -it": "run passes the terminal on by itself",
  "run -ti": "run passes the terminal on by itself",
  "run --tty": "run passes the terminal on by itself",
  "run --pty": "run passes the terminal on by itself",
  "run --pipe": "run passes stdin and stdout on by itself",
  "run --foreground": "run stays in the foreground unless --detach is given",
  "run --wait": "run waits for the job unless --detach is given",
  "run --preserve-status": "run exits with the exit code of the command, and with 124 at the timeout",
  "run --rm": "records stay until corral prune --older-than DURATION drops them",
  "run --remove": "records stay until corral prune --older-than DURATION drops them",
  "run --collect": "records stay until corral prune --older-than DURATION drops them",
  "run --restart": "there is no restart: a job runs once",
  "run --requeue": "there is no restart: a job runs once",
  "run --scope": "each job has a cgroup of its own by itself",
  "run --slice": "each job has a cgroup of its own by itself",
  "run --property": "use --memory, --cpus, --pids, --timeout for limits",
  "run --on-calendar": "corral has no timer: call corral run from cron or a systemd timer",
  "run --on-active": "corral has no timer: call corral run from cron or a systemd timer",
  "run --begin": "corral has no timer: call corral run from cron, at(1) or a systemd timer",
  "run --wrap": "for a shell line: corral run sh -c 'LINE'",
  "run --shell": "for a shell line: corral run sh -c 'LINE'",
  "run --volume": "corral is no container: the job sees the files of this node",
  "run -v": "corral is no container: the job sees the files of this node",
  "run --mount": "corral is no container: the job sees the files of this node",
  "run --network": "corral is no container: the job has the network of this node",
  "run --net": "corral is no container: the job has the network of this node",
  "run --publish": "corral is no container: the job has the network of this node",
  "run --image": "corral is no container: it runs the commands of this node",
  "run --privileged": "corral is no container: the job has the rights of its caller, or of --user USER",
  "run --gres": "corral does not assign GPUs: set CUDA_VISIBLE_DEVICES by --env",
  "run --gpus": "corral does not assign GPUs: set CUDA_VISIBLE_DEVICES by --env",
  "run --gpu": "corral does not assign GPUs: set CUDA_VISIBLE_DEVICES by --env",
  "run --ntasks": "corral runs one command on one node; tasks of a job are limited by --pids",
  "run --nodes": "corral runs one command on one node",
  "run -N": "corral runs one command on one node",
  "run --partition": "corral has no queue and no partition: it runs the command at once",
  "run --queue": "corral has no queue and no partition: it runs the command at once",
  "run --account": "corral has no accounts: --tag account=NAME labels a job",
  "ps --filter": "use --name, --ref, --user or --tag",
  "ps -f": "use --name, --ref, --user or --tag",
  "ps -e": "ps lists all live jobs by itself, and with -a the ended ones too",
  "ps -A": "ps lists all live jobs by itself, and with -a the ended ones too",
  "ps -ef": "ps lists all live jobs by itself, and with -a the ended ones too",
  "ps -aux": "ps lists all live jobs by itself, and with -a the ended ones too",
  "ps aux": "ps lists all live jobs by itself, and with -a the ended ones too",
  "ps --no-trunc": "through a pipe nothing is cut; or use --json",
  "ps -w": "corral top shows the table again and again",
  "ps --watch": "corral top shows the table again and again",
  "ps --follow": "corral top shows the table again and again",
  "ps -l": "--columns A,B chooses the columns; or use --json",
  "ps -o": "--columns A,B chooses the columns; or use --json",
  "ps --output": "--columns A,B chooses the columns; or use --json",
  "ps --format": "--columns A,B chooses the columns; or use --json",
  "ps -n": "corral report --limit N lists so many jobs",
  "ps --last": "corral report --limit N lists so many jobs",
  "show -p": "use --json",
  "show --property": "use --json",
  "show -f": "use --json",
  "show --format": "use --json",
  "show -o": "use --json",
  "wait --all": "wait waits for every job that is named",
  "wait -a": "wait waits for every job that is named",
  "wait --for": "corral wait JOB waits for the end of a job, whatever its outcome",
  "logs --since": "use --lines N: the lines of a job's output bear no time",
  "logs --timestamps": "the lines of a job's output bear no time: what the job prints is kept as it is",
  "logs -t": "the lines of a job's output bear no time: what the job prints is kept as it is",
  "kill -a": "use --all",
  "kill -SIG": "-s NAME only sends a signal; without, corral kill JOB ends the job, and --now at once",
  "kill -t": "each job has a grace of its own (corral run --grace); --now skips it",
  "kill --time": "each job has a grace of its own (corral run --grace); --now skips it",
  "kill --timeout": "each job has a grace of its own (corral run --grace); --now skips it",
  "kill --grace": "each job has a grace of its own (corral run --grace); --now skips it",
  "kill -9": "--now ends jobs by KILL at once",
  "kill -KILL": "--now ends jobs by KILL at once",
  "kill -SIGKILL": "--now ends jobs by KILL at once",
  "report --csv": "use --format csv",
  "report --prometheus": "use --format openmetrics",
  "report --today": "use --since today",
  "report --yesterday": "use --since yesterday --until today",
  "top ARG": "The processes of one job: corral show JOB.",
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

/** A sentence about what corral has not, or calls otherwise; `key` is a command, or a command and an option. */
export function remarkOn(key: string): string | null {
  return Object.hasOwn(REMARKS, key) ? REMARKS[key]! : null;
}

function inverted(table: Readonly<Record<string, string>>): Map<string, string[]> {
  const byWord = new Map<string, string[]>();
  for (const [ours, words] of Object.entries(table)) {
    for (const word of words.split(" ")) byWord.set(word, [...byWord.get(word) ?? [], ours]);
  }
  return byWord;
}
