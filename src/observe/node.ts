/** The node as everything that observes and acts sees it. main.ts builds the real one, tests build others of temporary directories. */
import type { Backend } from "../backend/backend.ts";
import type { NestOptions } from "../backend/nest.ts";
import type { CgroupFs } from "../cgroup/file.ts";
import type { BackendName, Job } from "../job/job.ts";
import type { Clock } from "../linux/clock.ts";
import type { CommandResult } from "../linux/command.ts";
import type { JournalFields } from "../linux/journal.ts";
import type { NodeLayout } from "../linux/node.ts";
import type { GpuLook } from "../linux/gpu.ts";
import type { Procs } from "../linux/proc.ts";
import type { JobStore } from "../store/jobs.ts";
import type { StorePort, Unwritten } from "../store/unwritten.ts";

/** Clocks, processes, cgroups, backends, stores and tools of one node. */
export interface Node {
  clock: Clock;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
  procs: Procs;
  /** For a look at which processes hold a GPU; null where the node has none. */
  gpus(): GpuLook | null;
  /** Runs one of the node's own tools, bounded in time, without a shell. */
  run(argv: readonly string[], env?: Record<string, string>): Promise<CommandResult>;
  /** Runs a command line of the admin's own with `stdin` as its input; null when it took longer than `capMs`. */
  shell(command: string, options: { stdin: string; capMs: number }): Promise<CommandResult | null>;
  randomBytes(count: number): Uint8Array;
  /** Sends an entry to the journal of the node, where there is one; never waits, never throws. */
  journal(fields: JournalFields): void;
  /** Where the node's own settings and units are: /etc, elsewhere on a fake node. */
  etc: string;
  /** Where systemd keeps its sockets and volatile units: /run, elsewhere on a fake node. */
  runDir: string;
  /** Throws SetupError without cgroup2. */
  layout(): NodeLayout;
  cgroups(): CgroupFs;
  /** Throws SetupError when it cannot work here. */
  backend(wanted: BackendName | "auto"): Backend;
  /** For a job that is to be started: in the job that corral itself is in, if it is in one. Throws SetupError when it cannot work here. */
  launchBackend(wanted: BackendName | "auto", options: NestOptions): Backend;
  backendOf(job: Job): Backend;
  /** All on which jobs may be found from here. */
  backends(): Backend[];
  /** Throws StoreError, TrustError. `actor` is the command that writes; `waitMs` how long it waits for another process at most. */
  openStore(actor: string, waitMs?: number): JobStore;
  /** The store of the same user from before it had its present place, where there is one; it is never made. Throws StoreError. */
  openFormerStore(actor: string): JobStore | null;
  /** The store for a launch, which nothing may hold up. Throws StoreError. */
  openLaunchStore(waitMs: number): StorePort;
  /** Where a launch leaves what it could not write into its store. */
  unwritten(): Unwritten;
}
