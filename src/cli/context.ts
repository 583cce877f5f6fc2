/** What every command is given. Only main.ts builds the real one; tests build others. */
import type { CgroupFs } from "../cgroup/file.ts";
import type { Clock } from "../linux/clock.ts";
import type { CommandResult } from "../linux/command.ts";
import type { Node } from "../linux/node.ts";
import type { Procs } from "../linux/proc.ts";
import type { Screen } from "../linux/terminal.ts";
import type { BackendName, Job } from "../job/job.ts";
import type { Backend } from "../backend/backend.ts";
import type { Settings } from "../settings/settings.ts";
import type { JobStore } from "../store/jobs.ts";

/** Where text goes. A reader that has gone away (EPIPE) is not an error. */
export interface Output {
  /** False when the reader has gone away: nothing more needs to be written. */
  write(text: string): boolean;
  isTerminal: boolean;
  /** It goes to systemd's journal, which reads severities from the heads of lines. */
  isJournal: boolean;
  /** Columns of the terminal; null in a pipe: full width. */
  widthColumns: number | null;
}

/** The node, the terminal and the settings, as one command sees them. */
export interface Context {
  stdout: Output;
  /** Takes the terminal that stdout is; whoever does closes it. */
  openScreen(): Screen;
  /** One line of diagnostics on stderr, with `corral: ` before it. */
  say(line: string): void;
  /** Details for --log-level info and debug. */
  log(level: "debug" | "info", message: string, properties?: Record<string, unknown>): void;
  env: Record<string, string>;
  cwd: string;
  /** Where the node's own settings and units are: /etc, elsewhere on a fake node. */
  etc: string;
  /** The path of this binary and the words after it, to start itself again. */
  self: { path: string; args: string[] };
  uid: number;
  userName: string;
  colour: boolean;
  /** A person is there to answer. */
  interactive: boolean;
  confirm(question: string): boolean;
  settings: Settings;
  clock: Clock;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
  procs: Procs;
  run(argv: readonly string[], env?: Record<string, string>): Promise<CommandResult>;
  /** A command line of the admin's own, with `stdin` as its input; null when it took longer than `capMs`. */
  shell(command: string, options: { stdin: string; capMs: number }): Promise<CommandResult | null>;
  randomBytes(count: number): Uint8Array;
  /** Throws SetupError without cgroup2. */
  node(): Node;
  cgroups(): CgroupFs;
  /** Throws SetupError when it cannot work here. */
  backend(wanted: BackendName | "auto"): Backend;
  backendOf(job: Job): Backend;
  /** All on which jobs may be found from here. */
  backends(): Backend[];
  /** Throws StoreError. `actor` is the command that writes. */
  openStore(actor: string): JobStore;
}
