/** A whole node made of temporary directories, and the context that commands get on it. Nothing on it is real but the store. */
import type { Pool } from "../../../src/job/pool.ts";
import { Unwritten } from "../../../src/store/unwritten.ts";
import { runCli } from "../../../src/cli/program.ts";
import type { Context } from "../../../src/cli/context.ts";
import type { CommandResult } from "../../../src/linux/command.ts";
import { lookAtGpus } from "../../../src/linux/gpu.ts";
import type { JournalFields } from "../../../src/linux/journal.ts";
import type { Job, JobSpec, RunningFacts, Watch } from "../../../src/job/job.ts";
import { FakeBackend } from "./backend.ts";
import { CgroupDir } from "./cgroup_dir.ts";
import { BOOT_ID, JOB_ID, runOf, specOf, watchOf } from "./job.ts";
import { type FakeProcess, NO_PID, ProcDir } from "./proc_dir.ts";
import { FakeScreen } from "./screen.ts";
import { StoreDir } from "./stores.ts";

/** The command's first process and its supervisor: pids that no real process can have. */
export const LEADER_PID = NO_PID;
export const SUPERVISOR_PID = NO_PID + 1;

/** As a pipe that gives a little at a time. */
function inputOf(input: Uint8Array | string): Context["stdin"] {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  let at = 0;
  return {
    readSync: (into) => {
      const piece = bytes.subarray(at, at + Math.min(into.length, 4_093));
      into.set(piece);
      at += piece.length;
      return piece.length === 0 ? null : piece.length;
    },
  };
}

export class FakeNode implements Disposable {
  readonly cgroups = new CgroupDir();
  readonly proc = new ProcDir();
  readonly stores = new StoreDir();
  readonly backend = new FakeBackend(this.cgroups);
  /** What comes on stdin. */
  input: Uint8Array | string = "";
  /** What was written to stdout, and the lines said on stderr. */
  out = "";
  readonly said: string[] = [];
  /** Entries for the journal. */
  readonly journal: JournalFields[] = [];
  /** What was told of long work, where stderr is a terminal. */
  readonly progressed: string[] = [];
  /** Of both clocks, in milliseconds. */
  wallMs = 1_793_520_100_000;
  bootMs = 9_101_000;
  /** What was waited for, and what happens meanwhile. */
  readonly pausesMs: number[] = [];
  meanwhile: () => void = () => {};
  widthColumns: number | null = null;
  colour = false;
  /** There when stdout is a terminal. */
  readonly screen = new FakeScreen((ms) => this.passTime(ms));
  /** The reader of stdout goes away after the first write. */
  outputEnds = false;
  interactive = false;
  answer = false;
  retentionMs: number | null = null;
  pools: ReadonlyMap<string, Pool> = new Map();
  env: Record<string, string> = {};
  /** What a command line of the admin's answers; null for one that takes too long. */
  shell = (_command: string, _stdin: string): CommandResult | null => ({ code: 127, stdout: "", stderr: "" });
  openStore: Context["openStore"] = (actor) => this.stores.open(actor);
  uid = 1000;
  systemdBooted = false;
  userRuntimeDir: string | null = null;
  /** Where root's files go, and this binary. */
  etc = "/nonexistent/etc";
  binary = "/nonexistent/corral";
  dev = "/nonexistent/dev";
  /** The node's tools; none by default. */
  run: Context["run"] = () => Promise.resolve({ code: 127, stdout: "", stderr: "" });

  /** A job that runs with a live leader and a live supervisor, unless told otherwise. */
  start(
    changes: {
      spec?: Partial<JobSpec>;
      watch?: Partial<Watch>;
      run?: Partial<RunningFacts>;
      files?: Record<string, string>;
    } = {},
  ): Job {
    const { spec, watch, store } = this.#insert(changes.spec, changes.watch);
    const cgroup = this.cgroups.add(`/corral/${spec.id}`, {
      "cgroup.procs": `${LEADER_PID}\n`,
      ...changes.files,
    });
    const run = runOf({ pid: LEADER_PID, pgid: LEADER_PID, cgroup, ...changes.run });
    this.addProcess(LEADER_PID, { cgroup: run.cgroup.path, startTicks: run.startTicks, command: spec.argv });
    this.addProcess(SUPERVISOR_PID, { startTicks: watch.supervisor.startTicks, command: ["corral", "run"] });
    store.markRunning(spec.id, run);
    return store.get(spec.id)!;
  }

  /** A job whose launch has only been recorded. */
  startStarting(changes: Partial<JobSpec> = {}, watch: Partial<Watch> = {}): Job {
    const { spec, store } = this.#insert(changes, watch);
    return store.get(spec.id)!;
  }

  #insert(changes: Partial<JobSpec> = {}, watchChanges: Partial<Watch> = {}) {
    const supervisor = { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: BOOT_ID };
    const spec = specOf(changes);
    const watch = watchOf({ supervisor, ...watchChanges });
    const store = this.stores.open();
    store.insert(spec, watch);
    return { spec, watch, store };
  }

  passTime(ms: number): void {
    this.wallMs += ms;
    this.bootMs += ms;
    this.meanwhile();
  }

  addProcess(pid: number, process: FakeProcess): void {
    this.proc.add(pid, process);
  }

  /** The job as it is recorded now. */
  recorded(id = JOB_ID): Job {
    return this.stores.open().get(id)!;
  }

  eventKinds(id = JOB_ID): string[] {
    return this.stores.open().events(id).map(({ kind }) => kind);
  }

  get context(): Context {
    const cgroups = this.cgroups;
    return {
      stdin: inputOf(this.input),
      stdout: {
        write: (text) => {
          this.out += text;
          return !this.outputEnds;
        },
        pass: (bytes) => {
          this.out += new TextDecoder().decode(bytes);
          return !this.outputEnds;
        },
        offer: (lines) => void (this.out += lines),
        isTerminal: this.widthColumns !== null,
        isJournal: false,
        widthColumns: this.widthColumns,
      },
      progress: {
        isSeen: this.interactive,
        tell: (words) => void (this.interactive && this.progressed.push(words())),
        clear: () => {},
      },
      openScreen: () => Promise.resolve(this.screen.open()),
      say: (line) => void this.said.push(line),
      log: () => {},
      env: this.env,
      cwd: "/",
      etc: this.etc,
      self: { path: this.binary, args: [], settingsEnv: {} },
      uid: this.uid,
      userName: "alice",
      colour: this.colour,
      interactive: this.interactive,
      confirm: (question) => {
        this.said.push(question);
        return this.answer;
      },
      settings: {
        stateDir: this.stores.path,
        storeFile: "corral.db",
        isStateDirNamed: true,
        formerStateDir: null,
        userStateDir: null,
        configFile: null,
        backend: "auto",
        graceMs: 2_000,
        bestEffort: false,
        onOrphan: "kill",
        idleAction: "report",
        heartbeatStartMs: 600_000,
        healthIntervalMs: 60_000,
        journal: true,
        escapees: "report",
        statusCommand: null,
        finishedStatuses: ["completed", "failed", "cancelled"],
        strikes: 2,
        retentionMs: this.retentionMs,
        pools: this.pools,
      },
      clock: { wallMs: () => this.wallMs, bootMs: () => this.bootMs, bootId: () => BOOT_ID },
      pause: (ms) => {
        this.pausesMs.push(ms);
        this.passTime(ms);
        return Promise.resolve();
      },
      procs: this.proc.procs,
      gpus: () => lookAtGpus(this.proc.procs, this.dev),
      run: this.run,
      shell: (command, { stdin }) => Promise.resolve(this.shell(command, stdin)),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      journal: (fields) => void this.journal.push(fields),
      runDir: "/run",
      layout: () => ({
        cgroupMount: cgroups.mount,
        ownCgroup: "/elsewhere",
        uid: this.uid,
        systemdBooted: this.systemdBooted,
        userRuntimeDir: this.userRuntimeDir,
      }),
      cgroups: () => cgroups.fs,
      backend: () => this.backend,
      launchBackend: () => this.backend,
      backendOf: () => this.backend,
      backends: () => [this.backend],
      openStore: this.openStore,
      openFormerStore: () => null,
      openLaunchStore: () => this.openStore("run"),
      unwritten: () => new Unwritten(`${this.stores.path}/unwritten`, this.stores.file),
    };
  }

  /** Runs a command line on this node; its exit code. Errors end up among what was said. */
  async corral(...args: string[]): Promise<number> {
    const terminal = {
      out: (text: string) => void (this.out += text),
      err: (text: string) => void this.said.push(...text.trimEnd().split("\n")),
      widthColumns: this.widthColumns,
    };
    return await runCli(args, terminal, () => Promise.resolve(this.context));
  }

  /** What `corral …` printed as JSON, since the last look. */
  takeJson(): unknown {
    const text = this.out;
    this.out = "";
    return JSON.parse(text);
  }

  [Symbol.dispose](): void {
    this.stores[Symbol.dispose]();
    this.proc[Symbol.dispose]();
    this.cgroups[Symbol.dispose]();
  }
}
