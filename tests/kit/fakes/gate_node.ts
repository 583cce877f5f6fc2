/** A fake node on which jobs really run: their first process goes through the real gate, and the job's cgroup follows what it does. */
import { hostClock } from "../../../src/linux/clock.ts";
import type { Context } from "../../../src/cli/context.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { newJobId } from "../../../src/value/id.ts";
import { type DetachedRun, runJob, type RunRequest } from "../../../src/act/run/run.ts";
import { NO_LIMITS } from "../../../src/job/job.ts";
import { FakeNode } from "./node.ts";
import { FakeSignals } from "./signals.ts";

/** How often the cgroup is made to show what its process has done. */
const LOOK_MS = 2;
const REAL = new Procs("/proc");
const zeros = (count: number) => new Uint8Array(count);

export class GateNode extends FakeNode {
  /** Of the one job. */
  id = newJobId(zeros);
  /** Where ids are drawn from. */
  random = zeros;
  readonly signals = new FakeSignals();
  /** The process that waits at the gate and becomes the command; null before it is placed. */
  pid: number | null = null;
  /** What happens at the moment at which the backend places it. */
  onPlaced: () => void = () => {};
  readonly #clock = hostClock("/proc");
  readonly #timer: number;

  constructor() {
    super();
    this.addProcess(Deno.pid, { command: ["corral", "run"] });
    this.proc.write("self/environ", "");
    this.proc.write("self/status", "Name:\tcorral\nSigIgn:\t0000000000000000\n");
    this.backend.onPlace = (pid) => {
      this.pid = pid;
      this.addProcess(pid, { cgroup: this.path, startTicks: REAL.stat(pid)!.startTicks });
      this.backend.files = { ...this.backend.files, "cgroup.procs": `${pid}\n` };
      this.onPlaced();
    };
    this.#timer = setInterval(() => this.#follow(), LOOK_MS);
  }

  get path(): string {
    return `/corral/${this.id}`;
  }

  override get context(): Context {
    const { wallMs, bootMs } = this.#clock;
    const context = super.context;
    return {
      ...context,
      clock: { ...context.clock, wallMs, bootMs },
      randomBytes: (count) => this.random(count),
    };
  }

  /** `corral run` with these words; resolves to its exit code. */
  launch(
    argv: string[],
    changes: Partial<RunRequest> = {},
    detached: DetachedRun | null = null,
  ): Promise<number> {
    const request: RunRequest = {
      argv,
      ...{ name: "job", ref: null, tags: {}, user: null, cwd: "/", env: { PATH: "/usr/bin:/bin" } },
      ...{
        timeoutMs: null,
        cpuTimeMs: null,
        graceMs: 5_000,
        signal: "TERM",
        limits: NO_LIMITS,
        swapIsImplied: true,
      },
      ...{ backend: "auto", bestEffort: false, receipt: null, output: null, withParent: false, quiet: false },
      ...{ isCwdAsked: false, keepEnv: false },
      onOrphan: "kill",
      ...changes,
    };
    return runJob(this.context, request, detached);
  }

  #follow(): void {
    const { pid, path, cgroups } = this;
    if (pid === null || cgroups.fs.inode(path) === null) return;
    const isTold = (file: string) => cgroups.text(path, file).trim() === "1";
    const state = REAL.stat(pid)?.state ?? "Z";
    if (state === "Z") {
      this.#show("cgroup.procs", "");
      return this.#show("cgroup.events", "populated 0\nfrozen 0\n");
    }
    if (isTold("cgroup.kill")) {
      this.#show("cgroup.kill", "");
      Deno.kill(pid, "SIGKILL");
    }
    this.#show("cgroup.events", `populated 1\nfrozen ${isTold("cgroup.freeze") ? 1 : 0}\n`);
  }

  #show(file: string, text: string): void {
    if (this.cgroups.text(this.path, file) !== text) this.cgroups.put(this.path, file, text);
  }

  override [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.signals[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}
