/** corral as one user calls it on a test machine, on one backend and with a store of its own. */
import type { BackendName, EndReason, Limits, Survivor } from "../../../src/job/job.ts";
import type { Sample, Usage } from "../../../src/job/usage.ts";
import type { ExecOptions, ExecResult, Machine } from "../../kit/machine/machine.ts";

/** The JSON of `corral show --json` and of a receipt. */
export interface JobJson {
  id: string;
  name: string;
  ref: string | null;
  user: string;
  uid: number;
  state: string;
  reason: EndReason | null;
  trigger: EndReason | null;
  exitCode: number | null;
  signal: string | null;
  pid: number;
  pgid: number;
  cgroupPath: string;
  supervisorPid: number;
  timeoutMs: number | null;
  limits: Limits;
  usage: Usage;
  survivors: Survivor[];
  events: { at: string; actor: string; kind: string; detail: Record<string, unknown> }[];
}

/** What `corral show --json` adds: its course, and of a live job how it is now. */
export interface LiveJson extends JobJson {
  samples: Sample[];
  memoryCurrentBytes: number | null;
  frozen: boolean;
  processes: { pid: number; ppid: number; state: string; command: string }[];
}

/** `corral run` from its start to its end. */
export interface FinishedRun extends ExecResult {
  job: JobJson;
}

const ALICE_RUNTIME_DIR = "/run/user/1000";
/** Who has no cgroup of its own gets one as corral's own message says. */
export const IN_OWN_CGROUP: readonly string[] = [
  "systemd-run",
  "--user",
  "--scope",
  "--quiet",
  "--collect",
  "-p",
  "Delegate=yes",
  "--",
];

/** root or alice on one backend. */
export class Caller {
  #receipts = 0;
  readonly stateDir: string;

  /** @param purpose names the store: tests that count jobs need one of their own */
  constructor(
    readonly machine: Machine,
    readonly user: "root" | "alice",
    readonly backend: BackendName,
    purpose: string,
  ) {
    this.stateDir = `/tmp/corral-test-${purpose}-${user}-${backend}`;
  }

  get name(): string {
    return `${this.user} on ${this.backend}`;
  }

  /** Any command of corral's. */
  corral(args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.exec([this.machine.corral, ...args], options);
  }

  /** Any command, in corral's environment. */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const env = { CORRAL_STATE_DIR: this.stateDir, XDG_RUNTIME_DIR: ALICE_RUNTIME_DIR, ...options.env };
    return this.machine.exec(argv, { user: this.user, ...options, env });
  }

  /** One job to its end. `job` is its receipt. */
  async run(options: readonly string[], argv: readonly string[], exec?: ExecOptions): Promise<FinishedRun> {
    const receipt = `${this.stateDir}-${++this.#receipts}.json`;
    const result = await this.exec(this.#launch(["--receipt", receipt, ...options], argv), exec);
    const text = await this.machine.exec(["cat", receipt]);
    if (text.stdout === "") throw new Error(`No receipt: exit code ${result.code}\n${result.stderr}`);
    return { ...result, job: JSON.parse(text.stdout) };
  }

  /** A detached job; gives its id. */
  async start(options: readonly string[], argv: readonly string[]): Promise<string> {
    return succeeded(await this.exec(this.#launch(["--detach", ...options], argv))).stdout.trim();
  }

  /** Resolves when the job has ended, with its record. */
  async ended(job: string): Promise<JobJson> {
    await until(
      this,
      `${job} has ended`,
      `${this.machine.corral} show ${job} --json | grep -q '"state": "ended"'`,
    );
    return await this.show(job);
  }

  /** The record of a job, live or ended. */
  async show(job: string): Promise<LiveJson> {
    return JSON.parse(succeeded(await this.corral(["show", job, "--json"])).stdout);
  }

  /** Kills the jobs' supervisors, and their guards before: the jobs live until something else ends them. */
  async orphan(...jobs: string[]): Promise<void> {
    const shown = await Promise.all(jobs.map((job) => this.show(job)));
    for (const { id } of shown) await killGuard(this.machine, id);
    const pids = shown.map(({ supervisorPid }) => String(supervisorPid));
    succeeded(await this.machine.exec(["kill", "-KILL", ...pids]));
  }

  /** Ends what a failed test may have left; fine when nothing is left. */
  async end(...jobs: string[]): Promise<void> {
    for (const job of jobs) await this.corral(["kill", "--now", job]);
  }

  #launch(options: readonly string[], argv: readonly string[]): string[] {
    const needsCgroup = this.user === "alice" && this.backend === "cgroupfs";
    const corral = [this.machine.corral, "run", "--backend", this.backend, ...options, "--", ...argv];
    return needsCgroup ? [...IN_OWN_CGROUP, ...corral] : corral;
  }
}

/** Kills the guard of a job; fine when there is none. */
export async function killGuard(machine: Machine, id: string): Promise<void> {
  await machine.exec(["pkill", "-KILL", "-f", `corral-guard-${id} `]);
}

/** Both users on both backends. */
export function allCallers(machine: Machine, purpose: string): Caller[] {
  const backends: BackendName[] = ["systemd", "cgroupfs"];
  return backends.flatMap((backend) => [
    new Caller(machine, "root", backend, purpose),
    new Caller(machine, "alice", backend, purpose),
  ]);
}

/** The two that have nothing in common: for what neither user nor backend should change. */
export function unlikeCallers(machine: Machine, purpose: string): Caller[] {
  return [
    new Caller(machine, "root", "systemd", purpose),
    new Caller(machine, "alice", "cgroupfs", purpose),
  ];
}

/** What a sweep said, line by line, less the cgroups of other stores: the machine's other tests have jobs too. */
export function linesOfSweep(stdout: string): string[] {
  return stdout.split("\n").filter((line) => line !== "" && !line.includes(" is of no job in this store"));
}

/** The same as long as the command gave 0. */
export function succeeded(result: ExecResult): ExecResult {
  if (result.code === 0) return result;
  throw new Error(`Exit code ${result.code}\n${result.stdout}${result.stderr}`);
}

/** Of every booted machine; the host, which may have it elsewhere, runs none of these tests. */
export const CGROUP_MOUNT = "/sys/fs/cgroup";

/** Runs `script` in the machine until it gives 0; its time-out says what was waited for. */
export async function until(caller: Caller, what: string, script: string, timeoutMs = 20_000): Promise<void> {
  try {
    const loop = `until (${script}); do sleep 0.05; done >/dev/null 2>&1`;
    await caller.exec(["/bin/sh", "-c", loop], { timeoutMs });
  } catch (error) {
    throw new Error(`Waited in vain until ${what}`, { cause: error });
  }
}
