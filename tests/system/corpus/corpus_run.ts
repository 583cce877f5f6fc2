/** Sends escape cases to a machine in one round trip and brings back what each of them left behind. */
import { join } from "node:path";
import type { BackendName } from "../../../src/job/job.ts";
import { type EscapeCase, NASTY, SETUP_MS } from "./cases.ts";
import type { Machine } from "../../kit/machine/machine.ts";

export type CaseUser = "root" | "alice";

export interface CorpusRequest {
  user: CaseUser;
  backend: BackendName;
  cases: readonly EscapeCase[];
  /** What is under test: argv before `run`. */
  corral?: readonly string[];
}

/** What corpus_runner.py saw of one case. */
export interface CaseRecord {
  name: string;
  /** False if the supervisor had to be killed. */
  returned: boolean;
  /** From the start of the supervisor to its end, in seconds. */
  wallS: number;
  jobId: string | null;
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Living processes with the job's marker when the supervisor was gone. */
  survivors: string[];
  /** Cgroup directories, units and transient unit files with the job's id. */
  cgroups: string[];
  units: string[];
  /** Bystanders that were ended, stopped, frozen or moved. */
  harmed: string[];
  /** `corral show ID --json`, or why there is none. */
  shown: ShownJob | null;
  showError: string | null;
}

/** What became of a corpus. */
export interface CorpusResult {
  /** By the name of the case. */
  records: Map<string, CaseRecord>;
  /** Processes of the corpus binary that are no bystanders, with or without a marker, when all cases were over. */
  strays: string[];
}

/** The part of the JSON of a job that every case is held to. */
export interface ShownJob {
  state: string;
  reason: string | null;
  exitCode: number | null;
  backend: string;
  usage: { wallMs: number | null; cpuUsageUsec: number | null; memoryPeakBytes: number | null } | null;
}

/** Id that the bystander with a foreign marker carries: valid, and of no job. */
const OTHER_JOB = "zzzzzz";
const GRACE_MS = 500;
/** A supervisor that takes so much longer than its time-out hangs; without company it is back within a second. */
const HANG_MS = 30_000;
const CORPUS_TIMEOUT_MS = 300_000;
/** Cases side by side. The light ones mostly sleep, the heavy ones take a CPU each. */
const WIDTH = { light: 5, heavy: 2 };
const LEAST_TIMEOUT_MS = 1000;

/** The least `--timeout` of a case. One that is not ready by then is run once more with a longer one. */
export function caseTimeoutMs(one: EscapeCase, machine: Machine): number {
  return Math.max(LEAST_TIMEOUT_MS, (one.setupMs ?? SETUP_MS) * machine.slowness);
}

/** Runs the cases side by side. Throws when the runner itself fails. */
export async function runCorpus(machine: Machine, request: CorpusRequest): Promise<CorpusResult> {
  const runner = await Deno.readTextFile(join(import.meta.dirname!, "corpus_runner.py"));
  const setting = await prepare(machine, request);
  try {
    const stdin = JSON.stringify(await runnerInput(machine, request, setting));
    const result = await machine.exec(["python3", "-c", runner], { stdin, timeoutMs: CORPUS_TIMEOUT_MS });
    if (result.code !== 0) {
      throw new Error(`The corpus runner failed: exit code ${result.code}\n${result.stderr}`);
    }
    return parseResult(result.stdout, request.cases);
  } finally {
    await undo(machine, setting);
  }
}

/** What a run needs besides the image. */
interface Setting {
  /** In alice's delegated subtree. */
  cgroup: string | null;
  /** On this machine itself, jobs of a test do not belong in its own store. */
  stateDir: string | null;
}

async function prepare(machine: Machine, { user, backend }: CorpusRequest): Promise<Setting> {
  const delegated = user === "alice" && backend === "cgroupfs";
  return {
    cgroup: delegated ? await delegateCgroup(machine) : null,
    stateDir: machine.tier === "host" ? (await machine.exec(["mktemp", "-d"])).stdout.trim() : null,
  };
}

async function undo(machine: Machine, { cgroup, stateDir }: Setting): Promise<void> {
  if (cgroup !== null) await machine.exec(["systemctl", "stop", DELEGATED_UNIT]);
  if (stateDir !== null) await machine.exec(["rm", "-rf", stateDir]);
}

function parseResult(stdout: string, cases: readonly EscapeCase[]): CorpusResult {
  const lines = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  const { strays } = lines.pop() as Pick<CorpusResult, "strays">;
  const records = new Map((lines as CaseRecord[]).map((record) => [record.name, record]));
  const missing = cases.filter(({ name }) => !records.has(name)).map(({ name }) => name);
  if (missing.length > 0) throw new Error(`The corpus runner left out: ${missing.join(", ")}`);
  return { records, strays };
}

async function runnerInput(machine: Machine, request: CorpusRequest, setting: Setting) {
  const { user, backend, cases } = request;
  return {
    prefix: user === "root" ? [] : [...entering(setting.cgroup), ...BECOME_ALICE],
    env: { ...environmentOf(user), ...(setting.stateDir ? { CORRAL_STATE_DIR: setting.stateDir } : {}) },
    corral: request.corral ?? [machine.corral],
    options: ["--backend", backend, "--grace", `${GRACE_MS}ms`],
    nasty: machine.nasty,
    otherJob: OTHER_JOB,
    managers: await managersOf(machine, user),
    hangS: (HANG_MS / 1000) * machine.slowness,
    // Then all records are asked for in one call.
    isSlow: machine.slowness > 1,
    width: WIDTH.light,
    heavyWidth: WIDTH.heavy,
    cases: cases.map((one) => runnerCase(one, machine)),
  };
}

const BECOME_ALICE = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups"];

function entering(cgroup: string | null): string[] {
  return cgroup === null ? [] : ["/bin/sh", "-c", 'echo 0 >"$0"/cgroup.procs && exec "$@"', cgroup];
}

/** The systemctl of each manager that the user can start units in. */
async function managersOf(machine: Machine, user: CaseUser): Promise<string[][]> {
  if (machine.tier === "host") return [];
  if (user === "root") return [["systemctl"]];
  const uid = (await machine.exec(["id", "-u", user])).stdout.trim();
  return [[...BECOME_ALICE, "env", `XDG_RUNTIME_DIR=/run/user/${uid}`, "systemctl", "--user"]];
}

/** As from cron: no session, no bus, no XDG_RUNTIME_DIR. */
function environmentOf(user: CaseUser): Record<string, string> {
  return {
    HOME: user === "root" ? "/root" : `/home/${user}`,
    LOGNAME: user,
    USER: user,
    SHELL: "/bin/sh",
    PATH: "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    NASTY_SANDBOX: "1",
  };
}

function runnerCase(one: EscapeCase, machine: Machine) {
  const { name, ready, endsBy, corralOptions, heavy } = one;
  return {
    name,
    argv: one.argv.map((word) => word === NASTY ? machine.nasty : word),
    ready,
    options: corralOptions ?? [],
    timeoutMs: endsBy === "timeout" ? caseTimeoutMs(one, machine) : null,
    interrupt: endsBy === "timeout" || endsBy === "leader" ? null : endsBy,
    heavy: heavy ?? false,
  };
}

const DELEGATED_UNIT = "corral-test-delegated.service";

/**
 * A subtree that is alice's, as an admin delegates one; gives the cgroup in it in which her shell would be. The
 * unit's own process goes there too: only a cgroup without processes may pass controllers on.
 */
async function delegateCgroup(machine: Machine): Promise<string> {
  const script = `set -e
    systemd-run --quiet --collect --unit=${DELEGATED_UNIT} -p User=alice -p Delegate=yes -p TasksMax=infinity sleep infinity
    top=/sys/fs/cgroup$(systemctl show -P ControlGroup ${DELEGATED_UNIT})
    mkdir "$top/shell"
    chown alice:alice "$top/shell" "$top/shell/cgroup.procs"
    systemctl show -P MainPID ${DELEGATED_UNIT} >"$top/shell/cgroup.procs"
    for controller in $(cat "$top/cgroup.controllers"); do echo "+$controller" >"$top/cgroup.subtree_control"; done
    echo "$top/shell"`;
  const result = await machine.sh(script);
  if (result.code !== 0) throw new Error(`Cannot delegate a cgroup: ${result.stderr}`);
  return result.stdout.trim();
}
