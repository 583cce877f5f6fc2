/**
 * The gate: a process that will become the command, waiting until it is in its cgroup and recorded.
 *
 *   corral -> [setpriv] -> sh (waits on fd 3) -> env -> COMMAND       one pid all the way, each step an exec
 *
 * sh waits for a line on descriptor 3, a socket whose other end corral holds. When corral dies first, the read ends and nothing is
 * run. The process leads a session of its own, so PID = PGID = SID. The command inherits descriptors 0 to 2, working directory, umask and
 * resource limits.
 *
 * setpriv(1) comes first: for a job of another user, nothing of that user's is looked at before it (user_gate.ts). env(1) comes last: it
 * gives the command exactly its environment (gate_environment.ts).
 */
import { SetupError } from "../../base/errors.ts";
import type { Exit } from "../../job/job.ts";
import { carriedEnvironment } from "./gate_environment.ts";
import type { RawVariable } from "./raw_environment.ts";
import type { Arrived, ForUser } from "./user_gate.ts";
import { standIns } from "./own_path_words.ts";
import { CLEAN_ENVIRONMENT } from "../../linux/apart.ts";
import { becoming } from "../../linux/as_user.ts";
import { collect } from "../../linux/child.ts";
import { umaskOfCaller } from "../../linux/surroundings.ts";
import { toolPath } from "../../linux/command_lookup.ts";
import { openNothing, openToAppend } from "../../linux/descriptor.ts";
import { SocketPair } from "../../linux/socket_pair.ts";
import { spawnProcess } from "../../linux/spawn.ts";

/** sh exits with 125 when corral died before it opened the gate. */
const SCRIPT = 'read -r CORRAL_GATE_GO <&3 || exit 125; exec 3<&-; exec "$@"';

const GO = "go";

/** What the process behind the gate will be. */
export interface GateOptions {
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Variables that are no strings; variables that `env` has too are left out. */
  rawEnv: readonly RawVariable[];
  /** Run as this user; null: as the caller. */
  as: ForUser | null;
  /** As the caller: supplementary groups that it must be given back (lost_groups.ts). */
  lostGroups: readonly number[];
  /** Signals that the command ignores too, because the caller did (nohup). */
  ignoredSignals: readonly number[];
  /** File for stdout and stderr, or null to inherit. stdin is then /dev/null. */
  output: string | null;
}

/** The waiting process. */
export interface Gate {
  readonly pid: number;
  /** How the process left. */
  readonly exit: Promise<Exit>;
  /** Where another user's job has arrived; null for the caller's own. */
  readonly arrived: Arrived | null;
  /** Lets the command run. */
  open(): void;
  /** Lets it go without running anything. */
  close(): void;
}

/**
 * Starts the waiting process. Throws SetupError when even that fails (no processes left, /bin/sh missing), and CorralError for what the
 * user may not or is not there.
 */
export async function makeGate(options: GateOptions): Promise<Gate> {
  const { as } = options;
  const userGate = as === null ? null : await import("./user_gate.ts");
  const key = new SocketPair();
  const pid = startGate(options, key.theirs, userGate);
  key.closeTheirs();
  const { exit } = collect(pid);
  let isClosed = false;
  const close = () => {
    if (!isClosed) key.closeOurs();
    isClosed = true;
  };
  const open = () => {
    if (!isClosed) key.send(GO);
    close();
  };
  const arrived = as === null ? null : await (await import("./arrival.ts")).arrival({ key, exit, close }, as);
  return { pid, exit, arrived, open, close };
}

/** What only a job of another user needs is loaded for it alone. */
type UserGate = Pick<typeof import("./user_gate.ts"), "userScript" | "userWords">;

/** The pid of the waiting process. `key`: its end of the socket. */
function startGate(options: GateOptions, key: number, userGate: UserGate | null): number {
  const { as, argv } = options;
  const { initial, script, envWords, wordFor } = carriedEnvironment(
    options.env,
    options.rawEnv.filter(({ name }) => !(name in options.env)),
    as === null ? null : CLEAN_ENVIRONMENT,
  );
  const traps = options.ignoredSignals.map((signal) => `trap '' ${signal}; `).join("");
  const forUser = userGate?.userScript(umaskOfCaller(), wordFor("PATH")) ?? "";
  const umask = as === null && umaskOfCaller() !== Deno.umask()
    ? `umask ${umaskOfCaller().toString(8)}; `
    : "";
  const env = envWords.flatMap((words) => [toolPath("env"), ...words]);
  const { words: given, restoring } = standIns([
    ...(as === null ? [] : userGate!.userWords(as, options.cwd, options.output, argv[0]!)),
    ...env,
    ...commandWords(argv),
  ], Deno.execPath());
  const words = ["-c", restoring + umask + traps + script + forUser + SCRIPT, "corral-gate", ...given];
  // Root has no business in a user's directory.
  const cwd = as === null ? options.cwd : "/";
  return inDirectory(cwd, () =>
    withStandard(options, (standard) =>
      spawnProcess({
        argv: [...identityWords(options), "/bin/sh", ...words],
        env: initial,
        descriptors: [...standard, key],
      })));
}

/** What `start` gives in that directory: a child starts where its parent is. Throws SetupError. */
function inDirectory(directory: string, start: () => number): number {
  const before = directoryHere();
  try {
    if (directory !== before) Deno.chdir(directory);
    return start();
  } catch (error) {
    throw cannotStart((error as Error).message);
  } finally {
    if (directory !== before) returnTo(before);
  }
}

/** Null for one that was removed, or whose name is no UTF-8: there is no way back to it. */
function directoryHere(): string | null {
  try {
    return Deno.cwd();
  } catch {
    return null;
  }
}

function returnTo(directory: string | null): void {
  try {
    Deno.chdir(directory ?? "/");
  } catch {
    Deno.chdir("/");
  }
}

/** What `start` gives with descriptors 0 to 2 of the process: this process's own, or nothing to read and the output. */
function withStandard({ as, output }: GateOptions, start: (standard: readonly number[]) => number): number {
  if (output === null && (as === null || as.logName === null)) return start([0, 1, 2]);
  using nothing = openNothing();
  // Another user's process opens its output itself.
  using written = output === null || as !== null ? null : openToAppend(output, 0o600);
  const { number } = written ?? nothing;
  return start([nothing.number, number, number]);
}

/** env(1) takes a command with a `=` in its path for one more variable, and one with a dash for an option: setpriv(1) does neither. */
function commandWords(argv: readonly string[]): string[] {
  return /^-|=/.test(argv[0]!) ? [toolPath("setpriv"), "--", ...argv] : [...argv];
}

function cannotStart(why: string): SetupError {
  return new SetupError(
    `cannot start a process: ${why}`,
    "see ulimit -u, and that /bin/sh and env are there",
  );
}

function identityWords({ as, lostGroups }: GateOptions): string[] {
  if (as !== null) return becoming(as);
  return lostGroups.length === 0 ? [] : [toolPath("setpriv"), `--groups=${lostGroups.join(",")}`, "--"];
}
