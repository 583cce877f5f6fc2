/**
 * What there is none of, or what is called otherwise: a sentence that leads on, for commands and options of docker, slurm, systemd, pueue,
 * kubectl, timeout(1) and the like.
 */

/** Words that are no command of corral; those of one line have one answer. */
const COMMANDS: Readonly<Record<string, string>> = {
  attach: "corral has no attach: a job has no terminal; its output as it comes: corral logs --follow JOB",
  "exec enter":
    "corral has no exec: a job sees the same files and users as any shell; what it runs: corral show JOB",
  start: "a job runs once; to run a command: corral run [--detach] COMMAND",
  "restart requeue retry":
    "a job runs once (a reboot alone may start it again: --requeue); to run the command again: corral run COMMAND",
  "add submit sbatch enqueue create qsub bsub condor_submit nohup setsid disown bg enqueue-job spawn background":
    "corral run --detach COMMAND starts a job in the background",
  "srun launch": "corral run COMMAND runs a job",
  salloc: "corral run COMMAND runs a job; corral allocates nothing",
  timeout: "corral run --timeout DURATION COMMAND runs a command for that long at most",
  limit: "corral set JOB --memory SIZE --timeout DURATION changes the limits of a live job",
  extend: "corral set JOB --timeout +1h moves the deadline of a live job",
  renice: "corral set JOB --cpu-weight N changes the CPU weight of a live job",
  "edit set-property set-limits qalter bmod scale patch":
    "corral set JOB --memory SIZE changes the limits of a live job",
  "hold qhold bstop": "corral freeze JOB pauses a job",
  "release qrls bresume": "corral thaw JOB lets a frozen job go on",
  "get job": "corral ps lists jobs, corral show JOB shows one",
  container: "corral ps lists jobs, corral kill ends them",
  "list-units condor_q": "corral ps lists jobs",
  "is-active is-running is-failed": "corral show JOB shows the state of a job",
  scontrol: "corral show JOB shows a job, corral set JOB changes its limits",
  cat: "corral show JOB shows what a job was started with; to run it as a job: corral run cat",
  "tree systemd-cgls cgls pstree": "corral show JOB shows the processes of a job as a tree",
  events: "corral show JOB lists the events of a job",
  "history bhist bacct qacct": "corral report lists the ended jobs and what they used",
  usage: "corral report shows what jobs used; for the usage of a command: corral help COMMAND",
  accounting: "corral report shows what jobs used",
  follow: "corral logs --follow JOB prints the output of a detached job as it comes",
  tail:
    "corral logs --lines N JOB prints the end of a detached job's output; to run it as a job: corral run tail",
  watch: "corral top shows the jobs again and again; to run it as a job: corral run watch",
  "monitor systemd-cgtop cgtop htop btop": "corral top shows the jobs again and again",
  "killall pkill":
    "corral kill --name NAME ends the jobs of that name; of processes in no job: corral strays --match REGEX --kill",
  signal: "corral kill -s NAME JOB sends a signal to every process of a job",
  send: "a detached job has no stdin: give it a file, corral run COMMAND < FILE",
  "clean cleanup gc":
    "corral prune --older-than DURATION drops old records, corral sweep ends what nothing supervises",
  purge: "corral prune --older-than DURATION drops old records",
  system: "corral prune --older-than DURATION drops old records, corral doctor looks at the node",
  orphans: "corral strays --match REGEX --orphaned lists processes that nothing looks after",
  zombies:
    "corral sweep ends the jobs that nothing supervises; processes in no job: corral strays --match REGEX",
  rename: "the name of a job stays: corral run --name NAME gives it",
  "sinfo node nodes pbsnodes bhosts bqueues squeues": "corral works on this node only: corral doctor",
  "check selftest health": "corral doctor looks at what this node can enforce",
  test: "corral doctor looks at what this node can enforce; to run it as a job: corral run test",
  "init setup": "corral install sets up sweeps, manual pages and completions",
  enable: "corral install sets up the timer that sweeps",
  disable: "corral uninstall takes away the timer that sweeps",
  "config configure": "the configuration is a file: corral help toml",
  "daemon-reload reload": "corral has no daemon: each command reads the configuration",
  daemon: "corral has no daemon: corral install sets up the timer that sweeps",
  upgrade: "corral is one file, put the new one in its place: corral help migrating",
  "images pull build": "corral has no images: it runs the commands of this node, corral run COMMAND",
  sprio: "why each queued job waits: corral queue",
  sreport: "corral report shows what jobs used, --by user sums it up",
  sacctmgr: "corral has no accounts: corral report --by user sums up what each user's jobs used",
  systemctl: "corral ps lists jobs, corral show JOB shows one; to run it as a job: corral run systemctl",
  "journal journalctl": "corral logs JOB prints the output of a detached job",
  "parallel group switch stash":
    "to run it as a job: corral run COMMAND; to queue it: corral run --detach --pool POOL COMMAND",
  condor_rm: "corral kill JOB ends a job",
  "rollout port-forward apply explain cordon uncordon drain":
    "corral works on this node only: corral help lists its commands",
  "label tag annotate": "the tags of a job stay: corral run --tag KEY=VALUE gives them",
  "port diff commit push compose network volume secret login":
    "corral is no container: it runs the commands of this node, corral run COMMAND",
  "at atq atrm batch schedule cron":
    "corral has no timer: call corral run from cron, at(1) or a systemd timer",
  fg:
    "corral logs --follow JOB prints the output of a detached job as it comes, corral wait JOB waits for its end",
  "dashboard gui web ui":
    "corral top shows the jobs again and again; a page: corral report --format html --output FILE",
  "search find grep":
    "corral ps --name NAME, --ref REF or --tag KEY=VALUE finds jobs, with -a ended ones too",
  "debug strace": "corral show JOB lists the processes of a job and their pids",
  "limits ulimit":
    "corral run --memory, --cpus, --pids and --timeout limit a job; corral set JOB changes them",
};

/** By command, and `corral` for what stands before it: options, or arguments, that it has not. `ARG` is one argument too many. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  run: {
    "-i --interactive --stdin": "run passes stdin on by itself",
    "-it -ti --tty --pty": "run passes the terminal on by itself",
    "--pipe": "run passes stdin and stdout on by itself",
    "--foreground": "run stays in the foreground unless --detach is given",
    "--wait": "run waits for the job unless --detach is given",
    "--preserve-status": "run exits with the exit code of the command, and with 124 at the timeout",
    "--rm --remove --collect": "records stay until corral prune --older-than DURATION drops them",
    "--restart --retries --retry --max-retries": "there is no restart: a job runs once",
    "--scope --slice --cgroup-parent --cgroupns": "each job has a cgroup of its own by itself",
    "--property": "use --memory, --cpus, --pids, --timeout for limits",
    "--on-calendar --on-active": "corral has no timer: call corral run from cron or a systemd timer",
    "--begin": "corral has no timer: call corral run from cron, at(1) or a systemd timer",
    "--wrap --shell": "for a shell line: corral run sh -c 'LINE'",
    "--volume -v --mount": "corral is no container: the job sees the files of this node",
    "--network --net --publish": "corral is no container: the job has the network of this node",
    "--image --read-only --init --entrypoint --cap-add --cap-drop --hostname --pull --shm-size --device --link":
      "corral is no container: it runs the commands of this node",
    "--privileged": "corral is no container: the job has the rights of its caller, or of --user USER",
    "--gres --gpus --gpu": "corral does not assign GPUs: set CUDA_VISIBLE_DEVICES by --env",
    "--ntasks": "corral runs one command on one node; tasks of a job are limited by --pids",
    "--nodes -N": "corral runs one command on one node",
    "--partition --queue --qos --constraint --nodelist --exclusive --reservation":
      "corral has pools in place of queues and partitions: --pool POOL, see: corral pool",
    "--account -A": "corral has no accounts: --tag account=NAME labels a job",
    "--cpuset-cpus --cpuset --cpu-bind":
      "corral pins nothing to a CPU: corral run taskset --cpu-list LIST COMMAND does",
    "--ulimit":
      "corral run prlimit --RESOURCE=LIMIT COMMAND sets it; limits of the whole job are --memory, --cpus, --pids and --timeout",
    "--oom-kill-disable": "--memory-high SIZE slows a job down instead of killing it",
    "--log-driver --log-opt": "--output FILE takes the output of a detached job, corral logs JOB prints it",
    "--env-file --environment-file":
      "corral run sh -c 'set -a; . FILE; exec COMMAND' reads variables from a file",
    "--array -a": "corral runs one command: a loop around corral run --detach starts several",
    "--dependency --after --afterok":
      "one job after another: a pool with jobs = 1 (corral run --pool), or corral wait JOB && corral run COMMAND",
    "--mail-user --mail-type --notify": "--on-end CMD runs a command when the job has ended",
    "--dry-run --test-only": "corral doctor tells what this node can enforce",
    "--parsable --print-id": "--detach prints the id alone",
    "--verbose": "corral --log-level debug run says more",
    "--timestamp --timestamps":
      "the lines of a job's output bear no time: what the job prints is kept as it is",
  },
  ps: {
    "--filter -f": "use --name, --ref, --user or --tag",
    "-e -A -ef -aux aux -x -ax -eaf -ely -eo axu auxf auxww axf ax faux":
      "ps lists all live jobs by itself, and with -a the ended ones too",
    "--no-trunc": "through a pipe nothing is cut; or use --json",
    "-w --watch --follow": "corral top shows the table again and again",
    "-l -o --output --format --full": "--columns A,B chooses the columns; or use --json",
    "-n --last --limit --head": "corral report --limit N lists so many jobs",
    "-j --job --jobs --id": "the jobs stand alone: corral ps JOB",
    "-t": "use --state STATE",
    "--me": "a user sees no other user's jobs; root's own: --mine",
    "--running -r":
      "ps lists the live jobs by itself; --state running those that are not frozen, starting or ending",
    "--failed": "corral report --failed lists the jobs that failed",
    "--ended --exited --finished": "use -a, or --state REASON",
    "--latest": "corral ps last shows the newest job",
    "--no-headers --no-header --noheader -H": "-q prints the ids alone, --json has no titles",
    "-p --pid": "/proc/PID/cgroup names the job of a process",
    "--tree --forest f": "corral show JOB shows the processes of a job as a tree",
    "--since --until --start": "corral report --since TIME lists the jobs since then",
    "--csv": "use --json; ended jobs as csv: corral report --format csv",
    "--count": "corral ps -q | wc -l counts the jobs",
    "-i --iterate --interval-seconds": "corral top --interval DURATION shows the table again and again",
  },
  show: {
    "-p --property -f --format -o": "use --json",
    ARG: "show takes one JOB; several: corral ps JOB...",
    "-j --job --id": "JOB stands alone: corral show JOB; for JSON use --json",
    "-l --tree --processes": "show has the processes as a tree by itself",
    "-p --pid": "/proc/PID/cgroup names the job of a process; for properties use --json",
    "--all -a": "show takes one JOB; all jobs: corral ps -a",
  },
  wait: {
    "--all -a": "wait waits for every job that is named",
    "--for": "corral wait JOB waits for the end of a job, whatever its outcome",
  },
  logs: {
    "--since": "use --lines N: the lines of a job's output bear no time",
    "--timestamps -t": "the lines of a job's output bear no time: what the job prints is kept as it is",
  },
  kill: {
    "-a": "use --all",
    "-SIG": "-s NAME only sends a signal; without, corral kill JOB ends the job, and --now at once",
    "-t --time --timeout --grace": "each job has a grace of its own (corral run --grace); --now skips it",
    "-9 -KILL -SIGKILL": "--now ends jobs by KILL at once",
    "-j --job --jobs --id": "the jobs stand alone: corral kill JOB...",
    "--me": "corral kill --user NAME ends the jobs of a user, --all every live job",
    "--state": "corral ps -q --state STATE | xargs -r corral kill ends jobs in a state",
    "--kill-who --kill-whom":
      "-s NAME sends a signal to every process of the job; without, the whole job ends",
    "--pid -p": "a job ends whole: corral kill JOB; processes in no job: corral strays --match REGEX --kill",
    "--regex --match --pattern":
      "corral kill --name NAME ends the jobs of that name; of processes in no job: corral strays --match REGEX --kill",
    "--older-than --age":
      "corral ps -q --sort -age lists jobs, the oldest first; a limit of their time: corral set JOB --timeout DURATION",
    "--wait -w": "kill waits by itself until nothing of the jobs is left",
    "--list -l": "-s takes the names and numbers of kill(1), such as TERM, SIGTERM, 15",
    "--quiet -q --verbose -v": "one line is printed for each job; --json for JSON",
  },
  report: {
    "--csv -p -P --parsable --parsable2": "use --format csv",
    "--prometheus": "use --format openmetrics",
    "--today": "use --since today",
    "--yesterday": "use --since yesterday --until today",
    "--no-stream": "report prints once by itself",
    ARG: "One job: corral show JOB.",
    "-j --job --jobs --id": "corral show JOB shows one job, corral ps JOB... some",
    "-s": "use --reason REASON, or --sort COLUMN for the order",
    "-X --allocations -D --duplicates": "each job is one row by itself",
    "-l --long -b --brief": "use --columns A,B, or --wide for all",
    "--html": "use --format html",
    "--week": "use --since 7d",
    "--days": "use --since 7d, for the last seven",
    "--between": "use --since and --until",
    "--top": "use --sort -COLUMN --limit N",
    "--noheader --no-header --no-headers -n":
      "use --format jsonl for rows without titles, --limit N for so many rows",
  },
  top: {
    ARG: "The processes of one job: corral show JOB.",
    "-p --pid -H": "The processes of one job: corral show JOB",
    "-o": "use --sort COLUMN",
    "-s": "use --interval DURATION, or --sort COLUMN",
    "--once -1 --no-stream": "use -n 1, or corral ps",
    "--json --format": "corral ps --json prints the same once",
    "-c": "press c for whole command lines",
    "-a --all": "top shows live jobs; ended ones too: corral ps -a",
  },
  set: {
    ARG: "Limits are options: corral set JOB --memory 2G.",
    "--name --ref --tag": "name, ref and tags of a job stay: corral run gives them",
  },
  freeze: {
    "--all -a": "corral ps -q | xargs -r -n 1 corral freeze pauses every live job",
  },
  thaw: {
    "--all -a": "corral ps -q --state frozen | xargs -r -n 1 corral thaw lets every frozen job go on",
  },
  sweep: {
    "--now --force -f --all -a": "sweep looks at every job by itself; one job at once: corral kill --now JOB",
    "-n": "use --dry-run",
    "-q": "use --quiet",
    "--daemon --interval": "corral has no daemon: corral install sets up the timer that sweeps",
  },
  doctor: {
    "--fix --repair": "doctor changes nothing: it says what to do",
    "-v --verbose": "doctor shows all it looked at by itself; for JSON use --json",
  },
  install: {
    "--dry-run": "use --print",
    "--systemd": "that is the default where systemd runs; elsewhere --cron",
  },
  corral: {
    "--json -j --quiet -q --user -u --all -a": "it goes behind the command, as in corral ps --json",
    "--no-color --no-colour --color --colour": "NO_COLOR=1 in the environment turns colours off",
    "--host -H -M --remote": "corral works on this node only: ssh HOST corral ps",
    "--system --session": "root sees everybody's jobs, a user their own",
  },
};

const REMARKS: ReadonlyMap<string, string> = new Map([
  ...spread(COMMANDS),
  ...Object.entries(OPTIONS).flatMap(([command, remarks]) =>
    spread(remarks).map(([word, remark]): [string, string] => [`${command} ${word}`, remark])
  ),
]);

/** A sentence about what corral has not, or calls otherwise; `key` is a command, or a command and an option. */
export function remarkOn(key: string): string | null {
  return REMARKS.get(key) ?? null;
}

function spread(remarks: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(remarks).flatMap(([words, remark]) =>
    words.split(" ").map((word): [string, string] => [word, remark])
  );
}
