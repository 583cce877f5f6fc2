/**
 * What users of other tools type. Each line either does what was meant, or one line of its refusal names the command or option that does.
 * The tables are by the tool that a user knows; `corral` stands before each line.
 */
import assert from "node:assert/strict";
import { parseCommandLine } from "../../../src/cli/program.ts";
import type { Invoke } from "../../../src/cli/verb.ts";
import { EXIT, renderError } from "../../../src/base/errors.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

/** The verb that is called, with at least these options, and these arguments. */
interface Does {
  verb: string;
  options?: Record<string, unknown>;
  args?: readonly string[];
}

/** A verb alone, a verb with its options and arguments, a refusal that leads on, or what is printed without any job. */
type Meant = string | Does | RegExp | { prints: RegExp };
type Row = readonly [line: string, meant: Meant];

const HOUR_MS = 3_600_000;
const GIB = 2 ** 30;

const run = (options: Record<string, unknown> = {}, args?: string[]): Does => ({
  verb: "run",
  options,
  ...(args === undefined ? {} : { args }),
});
const on = (verb: string, args: string[], options: Record<string, unknown> = {}): Does => ({
  verb,
  args,
  options,
});

const HELP: readonly Row[] = [
  ["", /^Usage: corral /],
  ["help", { prints: /^Usage: corral [\s\S]*Topics/ }],
  ["help run", { prints: /^Usage: corral run / }],
  ["help ls", { prints: /^Usage: corral ps / }],
  ["help stop", { prints: /^Usage: corral kill / }],
  ["help durations", { prints: /D-HH:MM:SS/ }],
  ["help sizes", { prints: /24GiB/ }],
  ["help times", { prints: /yesterday/ }],
  ["help values", { prints: /500ms/ }],
  ["help selectors", { prints: /last/ }],
  ["help signals", { prints: /--signal/ }],
  ["help celry", /did you mean celery\?/],
  ["--help", { prints: /^Usage: corral / }],
  ["-h", { prints: /^Usage: corral / }],
  ["-?", /--help/],
  ["version", { prints: /^corral \d/ }],
  ["--version", { prints: /^corral \d/ }],
  ["-V", { prints: /^corral \d/ }],
  ["-v", /--version/],
  ["--verbose", /--log-level/],
  ["--debug", /--log-level/],
  ["usage", /corral help/],
  ["man", { prints: /^\.TH/m }],
  ["run --help", { prints: /^Usage: corral run / }],
  ["completions bash", "completion"],
  ["completion powershell", /bash, zsh, fish/],
  ["ps --state-dir /tmp", /--state-dir goes before the command/],
  ["config", /corral help toml/],
  ["init", /corral install/],
  ["setup", /corral install/],
  ["check", /corral doctor/],
  ["selftest", /corral doctor/],
  ["upgrade", /corral help/],
  ["--json ps", /behind the command/],
  ["--no-color ps", /NO_COLOR=1/],
  ["--host node1 ps", /ssh HOST corral/],
  ["doctor --fix", /says what to do/],
  ["doctor --verbose", /shows all/],
  ["install --dry-run", /--print/],
  ["ui", /corral top/],
];

const SHORT_SLIPS: readonly Row[] = [
  ["swep", /did you mean sweep\?/],
  ["shwo 7k2m9q", /did you mean show\?/],
  ["kil 7k2m9q", /did you mean kill\?/],
  ["docter", /did you mean doctor\?/],
  ["reprot --since 24h", /did you mean report\?/],
  ["rnu sleep 5", /did you mean run\?/],
  ["sleep 5", /unknown command "sleep".*corral run sleep/],
  ["python3 train.py --epochs 5", /unknown command "python3".*corral run python3/],
  ["./job.sh", /corral run/],
  ["fly me to the moon", /unknown command "fly"/],
  ["kill7k2m9q", /did you mean kill\?|unknown command/],
  ["PS", /did you mean ps\?/],
  ["run --timeot 1h true", /did you mean --timeout\?/],
  ["run --recipt f true", /did you mean --receipt\?/],
  ["report --sinse 24h", /did you mean --since\?/],
];

const DOCKER: readonly Row[] = [
  ["run -d --name web nginx", run({ detach: true, name: "web" }, ["nginx"])],
  ["run --detach sleep 60", run({ detach: true }, ["sleep", "60"])],
  ["run -it bash", /terminal/],
  ["run -i cat", /stdin/],
  ["run --tty bash", /terminal/],
  ["run --rm true", /prune/],
  ["run --memory 2g true", run({ memory: 2 * GIB })],
  ["run -m 512m true", run({ memory: 512 * 2 ** 20 })],
  ["run --cpus .5 true", run({ cpus: 0.5 })],
  ["run --cpus=1.5 true", run({ cpus: 1.5 })],
  ["run --pids-limit 100 true", /--pids/],
  ["run -e A=1 true", /--env/],
  ["run --env A=1 true", run({ env: [{ key: "A", value: "1" }] })],
  ["run -w /tmp true", /--chdir/],
  ["run --workdir /tmp true", /--chdir/],
  ["run -u alice true", /--user/],
  ["run --label a=b true", /--tag/],
  ["run -l a=b true", /--tag/],
  ["run --memory-swap 2g true", /--swap/],
  ["run --memory-reservation 1g true", /--memory-high/],
  ["run --cpu-shares 512 true", /--cpu-weight/],
  ["run --stop-timeout 10 true", /--grace/],
  ["run --stop-signal INT true", /--signal/],
  ["run --restart always true", /no restart/],
  ["run -v /a:/b true", /container/],
  ["run --network none true", /container/],
  ["run --background true", /--detach/],
  ["run --bg true", /--detach/],
  ["ps -a", { verb: "ps", options: { all: true } }],
  ["ps --all", { verb: "ps", options: { all: true } }],
  ["ps -q", { verb: "ps", options: { quiet: true } }],
  ["ps --quiet", { verb: "ps", options: { quiet: true } }],
  ["ps -aq", { verb: "ps", options: { all: true, quiet: true } }],
  ["ps --filter name=x", /--name/],
  ["ps -f", /--name/],
  ["ps --no-trunc", /pipe|--json/],
  ["ps --format json", /--json/],
  ["ps -n 5", /report/],
  ["container ls", /corral ps/],
  ["images", /no images/],
  ["pull nginx", /no images/],
  ["build .", /no images/],
  ["logs 7k2m9q", on("logs", ["7k2m9q"])],
  ["logs -f 7k2m9q", on("logs", ["7k2m9q"], { follow: true })],
  ["logs --follow --tail 100 7k2m9q", on("logs", ["7k2m9q"], { follow: true, tail: 100 })],
  ["logs -n 100 7k2m9q", on("logs", ["7k2m9q"], { lines: 100 })],
  ["stop 7k2m9q", on("kill", ["7k2m9q"])],
  ["stop -t 10 7k2m9q", /--now/],
  ["rm 7k2m9q", on("kill", ["7k2m9q"])],
  ["rm -f 7k2m9q", /--now/],
  ["remove 7k2m9q", on("kill", ["7k2m9q"])],
  ["kill -s HUP 7k2m9q", on("kill", ["7k2m9q"], { signal: { name: "HUP", number: 1 } })],
  ["kill --signal=USR1 7k2m9q", on("kill", ["7k2m9q"], { signal: { name: "USR1", number: 10 } })],
  ["inspect 7k2m9q", on("show", ["7k2m9q"])],
  ["pause 7k2m9q", on("freeze", ["7k2m9q"])],
  ["unpause 7k2m9q", on("thaw", ["7k2m9q"])],
  ["wait 7k2m9q", on("wait", ["7k2m9q"])],
  ["wait 7k2m9q abc234", on("wait", ["7k2m9q", "abc234"])],
  ["stats", "report"],
  ["top 7k2m9q", /corral show/],
  ["exec -it 7k2m9q bash", /no exec/],
  ["attach 7k2m9q", /no attach.*corral logs/],
  ["update --memory 2g 7k2m9q", on("set", ["7k2m9q"], {})],
  ["restart 7k2m9q", /corral run/],
  ["start 7k2m9q", /corral run/],
  ["rename 7k2m9q x", /--name/],
  ["events", /corral show/],
  ["system prune", /corral prune/],
  ["prune", /--older-than/],
  ["cp a b", /unknown command "cp"/],
  ["info 7k2m9q", on("show", ["7k2m9q"])],
  ["run --cpuset-cpus 0-3 true", /taskset/],
  ["run --ulimit nofile=1024 true", /prlimit/],
  ["run --oom-kill-disable true", /--memory-high/],
  ["run --env-file .env true", /sh -c/],
  ["run --entrypoint sh true", /no container/],
  ["run --log-driver none true", /--output/],
  ["run --cgroup-parent x true", /by itself/],
  ["ps --latest", /corral ps last/],
  ["ps --no-headers", /--json/],
  ["stats --no-stream", /prints once/],
  ["stats 7k2m9q", /corral show JOB/],
  ["compose up", /corral run COMMAND/],
  ["kill -l", /kill\(1\)/],
  ["kill --wait 7k2m9q", /waits by itself/],
  ["kill --quiet 7k2m9q", /--json/],
  ["pause --all", /corral ps -q .*corral freeze/],
];

const SLURM: readonly Row[] = [
  ["run --time 1:00:00 true", /did you mean --timeout\?/],
  ["run --time=1:00:00 --mem=4G true", /--timeout/],
  ["run -t 1:00:00 true", run({ timeout: HOUR_MS })],
  ["run -t 1-00 true", run({ timeout: 24 * HOUR_MS })],
  ["run -t 30:00 true", run({ timeout: HOUR_MS / 2 })],
  ["run --mem 4G true", /did you mean --memory\?/],
  ["run --mem-per-cpu 4G true", /--memory/],
  ["run --cpus-per-task 4 true", /--cpus/],
  ["run --cpu 4 true", /did you mean --cpus\?/],
  ["run -c 4 true", run({ cpus: 4 })],
  ["run -J train true", /--name/],
  ["run --job-name train true", /--name/],
  ["run -o out.log true", /--output/],
  ["run -D /tmp true", /--chdir/],
  ["run --comment x true", /--tag/],
  ["run -m 1024 true", /1024M/],
  ["run --memory 4096 true", /4096M/],
  ["run --ntasks 4 true", /one node/],
  ["run --gres gpu:1 true", /GPU/],
  ["run --partition long true", /--pool/],
  ["run --wrap 'a b'", /sh -c/],
  ["squeue", "ps"],
  ["squeue -u alice", { verb: "ps", options: { user: "alice" } }],
  ["ps -u alice", { verb: "ps", options: { user: "alice" } }],
  ["scancel 7k2m9q", on("kill", ["7k2m9q"])],
  ["scancel -u alice", { verb: "kill", options: { user: "alice" } }],
  ["cancel 7k2m9q", on("kill", ["7k2m9q"])],
  ["kill -u alice", { verb: "kill", options: { user: "alice" } }],
  ["kill -n train", { verb: "kill", options: { name: "train" } }],
  ["sacct -S 2026-11-01", /--since/],
  ["sacct --starttime 2026-11-01", /--since/],
  ["report --start 2026-11-01", /--since/],
  ["report --end 2026-11-01", /--until/],
  ["report --state FAILED", /--reason/],
  ["report --reason oom-killed", /did you mean oom\?/],
  ["report --reason timed-out", /did you mean timeout\?/],
  ["report --reason cancelled", /did you mean killed\?/],
  ["seff 7k2m9q", on("show", ["7k2m9q"])],
  ["scontrol show job 7k2m9q", /corral show/],
  ["sbatch job.sh", /corral run --detach/],
  ["srun sleep 5", /corral run/],
  ["submit job.sh", /corral run --detach/],
  ["sinfo", /corral doctor/],
  ["hold 7k2m9q", /corral freeze/],
  ["suspend 7k2m9q", on("freeze", ["7k2m9q"])],
  ["resume 7k2m9q", on("thaw", ["7k2m9q"])],
  ["nodes", /one node|this node/],
  ["squeue --me", /--mine/],
  ["squeue -j 7k2m9q", /corral ps JOB/],
  ["squeue -t RUNNING", /--state/],
  ["squeue -i 5", /corral top/],
  ["squeue --start", /corral report/],
  ["scancel --me", /corral kill --user/],
  ["scancel -j 7k2m9q", /corral kill JOB/],
  ["scancel -s USR1 7k2m9q", on("kill", ["7k2m9q"], { signal: { name: "USR1", number: 10 } })],
  ["scancel --state PENDING", /corral ps -q --state/],
  ["scancel --name train", { verb: "kill", options: { name: "train" } }],
  ["sacct -j 7k2m9q", /corral show JOB/],
  ["sacct -s FAILED", /--reason/],
  ["sacct -l", /--wide/],
  ["sacct -P", /--format csv/],
  ["sacct -X", /one row/],
  ["sacct -E now", /--until/],
  ["seff -j 7k2m9q", /corral show JOB/],
  ["sstat 7k2m9q", on("show", ["7k2m9q"])],
  ["sprio", /corral queue/],
  ["sreport", /--by user/],
  ["sacctmgr show user", /--by user/],
  ["run --array 1-10 true", /--detach/],
  ["run --dependency afterok:7k2m9q true", /corral wait JOB/],
  ["run --mail-type END true", /--on-end/],
  ["run --test-only true", /corral doctor/],
  ["run --parsable true", /--detach/],
  ["run -A lab true", /--tag account=NAME/],
  ["run --qos high true", /--pool/],
  ["run --mem unlimited true", /--memory/],
  ["run -m unlimited true", /leave the option out/],
  ["run -c all true", /leave the option out/],
  ["run -p max true", /leave the option out/],
  ["run -t never true", /did you mean infinity\?/],
  ["run -t '1 hour' true", /did you mean 1h\?/],
  ["report --week", /--since 7d/],
  ["report --sort maxrss", /did you mean mem-peak\?/],
];

const SYSTEMD: readonly Row[] = [
  ["status", "ps"],
  ["status 7k2m9q", on("ps", ["7k2m9q"])],
  ["list", "ps"],
  ["ls", "ps"],
  ["jobs", "ps"],
  ["ls --json", { verb: "ps", options: { json: true } }],
  ["list-units", /corral ps/],
  ["stop name:web", on("kill", ["name:web"])],
  ["kill --signal HUP web", on("kill", ["web"], { signal: { name: "HUP", number: 1 } })],
  ["show web", on("show", ["web"])],
  ["show web --json", on("show", ["web"], { json: true })],
  ["show -p MemoryMax web", /--json/],
  ["describe web", on("show", ["web"])],
  ["set-property web MemoryMax=2G", /corral set/],
  ["enable", /corral install/],
  ["disable", /corral uninstall/],
  ["daemon-reload", /no daemon/],
  ["reload", /no daemon/],
  ["is-active web", /corral show/],
  ["cat web", /corral show/],
  ["edit web", /corral set/],
  ["run --unit=web true", /--name/],
  ["run -p MemoryMax=1G true", /--memory/],
  ["run --property=MemoryMax=1G true", /--memory/],
  ["run --setenv=A=1 true", /--env/],
  ["run -E A=1 true", /--env/],
  ["run --uid=alice true", /--user/],
  ["run --working-directory=/tmp true", /--chdir/],
  ["run --wait true", /waits|--detach/],
  ["run --scope true", /cgroup/],
  ["run --slice=x true", /cgroup/],
  ["run --pty bash", /terminal/],
  ["run --no-block true", /--detach/],
  ["run --description x true", /--name/],
  ["run --on-calendar daily true", /timer|cron/],
  ["run --nice 5 true", /--cpu-weight/],
  ["run --timeout infinity true", run({ timeout: Infinity }, ["true"])],
  ["run --timeout 1.5h true", run({ timeout: 1.5 * HOUR_MS })],
  ["run --timeout 5min true", /5m/],
  ["run --cpus 150% true", run({ cpus: 1.5 })],
  ["systemctl status web", /corral show JOB/],
  ["journalctl -u web", /corral logs JOB/],
  ["systemd-cgtop", /corral top/],
  ["systemd-cgls", /corral show JOB/],
  ["is-failed web", /corral show JOB/],
  ["run -p TasksMax=10 true", /--pids 10/],
  ["run -p CPUQuota=50% true", /--cpus 50%/],
  ["run -p RuntimeMaxSec=60 true", /--timeout 60/],
  ["run --signal TREM true", /did you mean TERM\?/],
  ["kill --kill-whom=main web", /every process/],
  ["kill --signal KILL --now web", /one of them/],
  ["sweep --daemon", /corral install/],
];

const PUEUE: readonly Row[] = [
  ["add sleep 60", /corral run --detach/],
  ["follow 7k2m9q", /corral logs/],
  ["log 7k2m9q", on("logs", ["7k2m9q"])],
  ["tail 7k2m9q", /corral logs/],
  ["clean", /corral prune|corral sweep/],
  ["gc", /corral prune|corral sweep/],
  ["send 7k2m9q x", /stdin/],
  ["freeze 7k2m9q", on("freeze", ["7k2m9q"])],
  ["thaw 7k2m9q", on("thaw", ["7k2m9q"])],
  ["kill", /which job\?.*--all/],
  ["kill --all", { verb: "kill", options: { all: true } }],
  ["kill -a", /--all/],
  ["kill all", /--all/],
  ["kill -9 7k2m9q", /--now/],
  ["kill -KILL 7k2m9q", /--now|-s KILL/],
  ["kill -TERM 7k2m9q", /-s NAME/],
  ["kill --force 7k2m9q", /--now/],
  ["kill -f 7k2m9q", /--now/],
  ["kill -y --all", /--yes/],
  ["kill --tag team=a", { verb: "kill", options: { tag: [{ key: "team", value: "a" }] } }],
  ["killall sleep", /corral kill --name/],
  ["pkill sleep", /corral kill --name|corral strays/],
  ["watch", /corral top/],
  ["monitor", /corral top/],
];

const KUBECTL: readonly Row[] = [
  ["get jobs", /corral ps/],
  ["get", /corral ps/],
  ["delete 7k2m9q", on("kill", ["7k2m9q"])],
  ["terminate 7k2m9q", on("kill", ["7k2m9q"])],
  ["top", "top"],
  ["ps -w", /corral top/],
  ["ps --watch", /corral top/],
  ["ps -o json", /--json/],
  ["ps -o id,name", /--columns/],
  ["ps --output json", /--json/],
  ["ps --columns id,state", { verb: "ps", options: { columns: "id,state" } }],
  ["ps --sort -mem", { verb: "ps", options: { sort: "-mem" } }],
  ["ps --sort-by mem", /--sort/],
  ["ps --sort memory", /did you mean mem\?/],
  ["ps -l", /--columns|--json/],
  ["ps aux", /-a the ended ones/],
  ["ps --name web", { verb: "ps", options: { name: "web" } }],
  ["ps --state running", { verb: "ps", options: { state: "running" } }],
  ["ps --tag team=a", { verb: "ps", options: { tag: [{ key: "team", value: "a" }] } }],
  ["ps --ref task-1", { verb: "ps", options: { ref: "task-1" } }],
  ["ps 7k2m9q", on("ps", ["7k2m9q"])],
  ["wait --for=condition=complete 7k2m9q", /corral wait/],
  ["wait --timeout 30s 7k2m9q", on("wait", ["7k2m9q"], { timeout: 30_000 })],
  ["wait --any a2 b3", on("wait", ["a2", "b3"], { any: true })],
  ["wait --all 7k2m9q", /every|all of them/],
  ["wait last", on("wait", ["last"])],
  ["show last", on("show", ["last"])],
  ["history", /corral report/],
  ["ps --failed", /corral report --failed/],
  ["describe job 7k2m9q", /show takes one JOB/],
  ["scale 3", /corral set/],
  ["label 7k2m9q a=b", /--tag/],
  ["drain node1", /this node only/],
  ["find train", /corral ps --name/],
  ["set 7k2m9q memory=2G", /corral set JOB --memory/],
];

const TIMEOUT: readonly Row[] = [
  ["timeout 10s sleep 60", /corral run --timeout/],
  ["run timeout 10 sleep 60", run({}, ["timeout", "10", "sleep", "60"])],
  ["run -t 10 sleep 60", run({ timeout: 10_000 }, ["sleep", "60"])],
  ["run -k 5 -t 10 sleep 60", /--grace/],
  ["run --kill-after=5 true", /--grace/],
  ["run -s INT true", /--signal/],
  ["run --preserve-status true", /exit code/],
  ["run --foreground true", /foreground/],
  ["run --timeout .5 true", run({ timeout: 500 })],
  ["run --timeout 1d true", run({ timeout: 24 * HOUR_MS })],
  ["run --limit 1h true", /--timeout|--memory/],
  ["run --max-time 1h true", /--timeout/],
  ["run --wall 1h true", /--timeout/],
  ["run --ram 1G true", /--memory/],
  ["run --threads 4 true", /--cpus|--pids/],
  ["run --cores 4 true", /--cpus/],
  ["run --cwd /tmp true", /--chdir/],
  ["run --log f true", /--output/],
  ["run --id task-1 true", /--ref/],
  ["run --backend docker true", /none of auto, systemd, cgroupfs/],
  ["run --backend cgroup true", /did you mean cgroupfs\?/],
  ["report --reason failed", /--failed/],
  ["report --last 24h", /--since/],
  ["report --csv", /--format csv/],
  ["report --format prometheus", /did you mean openmetrics\?/],
  ["report --group-by user", /--by/],
  ["report --by names", /did you mean name\?/],
  ["report --since yesterday", { verb: "report", options: { since: "yesterday" } }],
  ["report --today", /--since today/],
  ["--log-level warning ps", /did you mean warn\?/],
  ["set 7k2m9q --mem 2G", /--memory/],
  ["set --timeout never 7k2m9q", /did you mean none\?/],
  ["set --timeout +1h 7k2m9q", on("set", ["7k2m9q"], {})],
  ["limit 7k2m9q --memory 2G", /corral set/],
  ["extend 7k2m9q 1h", /corral set/],
  ["nohup make", /--detach/],
  ["at now", /cron/],
  ["report 7k2m9q", /corral show JOB/],
  ["report --html", /--format html/],
  ["report --top 5", /--limit/],
  ["report --failed", { verb: "report", options: { failed: true } }],
];

const TOP: readonly Row[] = [
  ["htop", /corral top/],
  ["pstree 7k2m9q", /corral show JOB/],
  ["top -n 1", { verb: "top", options: { count: 1 } }],
  ["top -bn1", { verb: "top", options: { batch: true, count: 1 } }],
  ["top -d 5", { verb: "top", options: { interval: 5_000 } }],
  ["top -u alice", { verb: "top", options: { user: "alice" } }],
  ["top --sort mem", { verb: "top", options: { sort: "mem" } }],
  ["top -o mem", /--sort/],
  ["top -p 4711", /corral show JOB/],
  ["top --once", /-n 1/],
  ["top --json", /corral ps --json/],
  ["ps axu", /-a the ended ones/],
  ["ps -ef", /-a the ended ones/],
  ["ps -eo pid,cmd", /-a the ended ones/],
  ["ps f", /corral show JOB/],
  ["ps -p 4711", /\/proc\/PID\/cgroup/],
  ["ps --sort=-%cpu", /did you mean cpu%\?/],
  ["ps --sort -rss", /did you mean mem\?/],
  ["ps --tree", /corral show JOB/],
  ["kill -p 4711", /corral strays/],
  ["kill -HUP 7k2m9q", /-s NAME/],
];

const SCHEDULERS: readonly Row[] = [
  ["qstat", "ps"],
  ["bjobs", "ps"],
  ["condor_q", /corral ps/],
  ["qdel 7k2m9q", on("kill", ["7k2m9q"])],
  ["bkill 7k2m9q", on("kill", ["7k2m9q"])],
  ["qsub job.sh", /--detach/],
  ["bsub make", /--detach/],
  ["qhold 7k2m9q", /corral freeze/],
  ["qrls 7k2m9q", /corral thaw/],
  ["qalter -l walltime=2:00:00 7k2m9q", /corral set/],
  ["qacct -j 7k2m9q", /corral report/],
  ["pbsnodes", /corral doctor/],
];

/** Lines of the tables that need what corral has not yet. One that is understood does not belong here. */
const PENDING: ReadonlySet<string> = new Set<string>();

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  "help and version": HELP,
  "slips and commands without run": SHORT_SLIPS,
  "docker": DOCKER,
  "slurm": SLURM,
  "systemctl and systemd-run": SYSTEMD,
  "pueue": PUEUE,
  "kubectl": KUBECTL,
  "timeout(1) and habits": TIMEOUT,
  "top(1), htop and ps(1)": TOP,
  "PBS, LSF and HTCondor": SCHEDULERS,
};

Deno.test("the tables of natural commands have at least 150 lines, none twice", () => {
  const lines = Object.values(TABLES).flat().map(([line]) => line);
  assert.ok(lines.length >= 150, `${lines.length}`);
  assert.deepEqual(lines.filter((line, index) => lines.indexOf(line) !== index), []);
});

for (const [tool, rows] of Object.entries(TABLES)) {
  Deno.test(`corral understands, or leads on from, the words of ${tool}`, async () => {
    const misunderstood: string[] = [];
    for (const [line, meant] of rows) {
      const words = shellWords(line);
      const why = await assertMeant(words, meant).then(() => null, (error: Error) => error.message);
      if (PENDING.has(line)) {
        if (why === null) misunderstood.push(`${line}: is understood, and still among PENDING`);
      } else if (why !== null) misunderstood.push(`${line}: ${why}`);
    }
    assert.equal(misunderstood.length, 0, `${misunderstood.length}:\n${misunderstood.join("\n")}`);
  });
}

async function assertMeant(words: readonly string[], meant: Meant): Promise<void> {
  const read = await reading(words);
  if (meant instanceof RegExp) {
    const said = read.did === null ? read : await onFakeNode(words);
    assert.equal(
      said.exitCode === EXIT.USAGE || read.did !== null && said.exitCode === EXIT.NEGATIVE,
      true,
      `exit ${said.exitCode}: ${said.err}`,
    );
    const lines = said.err.trimEnd().split("\n");
    // The bare command prints all of them; a value that cannot be read is shown with a caret below it.
    if (words.length > 0) {
      assert.ok(lines.length === 1 || lines.length === 3 && /^ *\^$/.test(lines[2]!), said.err);
    }
    assert.match(lines[0]!, meant);
    return;
  }
  assert.equal(read.err, "");
  if (typeof meant === "object" && "prints" in meant) return assert.match(read.out, meant.prints);
  const { verb, options = {}, args } = typeof meant === "string" ? { verb: meant } : meant;
  assert.equal(read.did?.verb, verb);
  for (const [key, value] of Object.entries(options)) assert.deepEqual(read.did?.options[key], value, key);
  if (args !== undefined) assert.deepEqual(read.did?.args, args);
}

interface Reading {
  did: { verb: string; options: Record<string, unknown>; args: string[] } | null;
  out: string;
  err: string;
  exitCode: number;
}

/** The command line as it is read: what is called, or what is printed instead. */
async function reading(words: readonly string[]): Promise<Reading> {
  const read: Reading = { did: null, out: "", err: "", exitCode: EXIT.DONE };
  const invoke: Invoke = (verb) => {
    const called = verb as unknown as { name(): string; args: string[]; opts(): Record<string, unknown> };
    read.did = { verb: called.name(), options: called.opts(), args: called.args };
    return Promise.resolve();
  };
  const terminal = {
    out: (text: string) => void (read.out += text),
    err: (text: string) => void (read.err += text),
    widthColumns: 100,
  };
  try {
    read.exitCode = await parseCommandLine(words, terminal, invoke) ?? EXIT.DONE;
  } catch (error) {
    read.err += renderError(error);
    read.exitCode = EXIT.USAGE;
  }
  return read;
}

async function onFakeNode(words: readonly string[]): Promise<{ err: string; exitCode: number }> {
  using node = new FakeNode();
  const exitCode = await node.corral(...words);
  return { err: node.said.join("\n"), exitCode };
}

/** Splits as a shell does, single quotes included. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}
