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
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { open } from "node:fs/promises";
import { SetupError } from "../../base/errors.ts";
import { claimRejections } from "../../linux/rejections.ts";
import type { Exit } from "../../job/job.ts";
import { carriedEnvironment } from "./gate_environment.ts";
import type { RawVariable } from "./raw_environment.ts";
import {
  type Arrived,
  type ForUser,
  isWholeReport,
  readReport,
  REPORT_CAP_CHARACTERS,
  REPORT_CAP_MS,
  userScript,
  userWords,
} from "./user_gate.ts";
import { standIns } from "./own_path_words.ts";
import { CLEAN_ENVIRONMENT } from "../../linux/apart.ts";
import { becoming } from "../../linux/as_user.ts";
import { toolPath } from "../../linux/command_lookup.ts";
import { parseSignal } from "../../value/signal.ts";

/** sh exits with 125 when corral died before it opened the gate. */
const SCRIPT = 'read -r CORRAL_GATE_GO <&3 || exit 125; exec 3<&-; exec "$@"';

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
  const output = as !== null || options.output === null ? null : await open(options.output, "a", 0o600);
  const child = startGate(options, output?.fd ?? null);
  const exit = exitOf(child);
  if (child.pid === undefined) {
    throw cannotStart(await exit.then(() => "no reason given", (error) => (error as Error).message));
  }
  await output?.close();
  const key = child.stdio[3] as unknown as Key;
  key.on("error", () => {});
  const arrived = as === null ? null : await arrival(key, exit, as);
  return { pid: child.pid, exit, arrived, open: () => key.end("go\n"), close: () => key.end() };
}

/** corral's end of descriptor 3. */
interface Key {
  end(text?: string): void;
  destroy(): void;
  on(event: "error" | "end" | "close", act: () => void): void;
  on(event: "data", act: (bytes: Uint8Array) => void): void;
}

function startGate(options: GateOptions, outputFd: number | null): ChildProcess {
  const { as, argv } = options;
  const { initial, script, envWords, wordFor } = carriedEnvironment(
    options.env,
    options.rawEnv.filter(({ name }) => !(name in options.env)),
    as === null ? null : CLEAN_ENVIRONMENT,
  );
  const traps = options.ignoredSignals.map((signal) => `trap '' ${signal}; `).join("");
  const forUser = as === null ? "" : userScript(Deno.umask(), wordFor("PATH"));
  const env = envWords.flatMap((words) => [toolPath("env"), ...words]);
  const { words: given, restoring } = standIns([
    ...(as === null ? [] : userWords(as, options.cwd, options.output, argv[0]!)),
    ...env,
    ...commandWords(argv),
  ], Deno.execPath());
  const words = ["-c", restoring + traps + script + forUser + SCRIPT, "corral-gate", ...given];
  const [program, ...before] = [...identityWords(options), "/bin/sh"];
  const hasOutput = options.output !== null || as !== null && as.logName !== null;
  const plain = !hasOutput
    ? ["inherit", "inherit", "inherit"] as const
    : ["ignore", outputFd ?? "ignore", outputFd ?? "ignore"] as const;
  return start(program!, [...before, ...words], {
    // Root has no business in a user's directory.
    cwd: as === null ? options.cwd : "/",
    env: initial,
    stdio: [...plain, "pipe"],
    detached: true,
  });
}

/** Waits for the report of the user's process. Throws what it refused; then that process is gone, unless it hangs. */
async function arrival(key: Key, exit: Promise<Exit>, as: ForUser): Promise<Arrived> {
  const decoder = new TextDecoder();
  let report = "";
  const isThere = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), REPORT_CAP_MS);
    const done = () => {
      clearTimeout(timer);
      resolve(true);
    };
    key.on("data", (bytes) => {
      if (report.length < REPORT_CAP_CHARACTERS) report += decoder.decode(bytes, { stream: true });
      if (isWholeReport(report)) done();
    });
    key.on("end", done);
    key.on("close", done);
    exit.catch(done);
  });
  if (!isThere) {
    key.destroy();
    throw new SetupError(
      `the directory, output, receipt or command of ${as.name} does not answer for ${REPORT_CAP_MS / 1000} s`,
      "give others, on a file system that does",
    );
  }
  try {
    return readReport(report, as);
  } catch (error) {
    key.destroy();
    await exit.catch(() => {});
    throw error;
  }
}

/** env(1) takes a command with a `=` in its path for one more variable, and one with a dash for an option: setpriv(1) does neither. */
function commandWords(argv: readonly string[]): string[] {
  return /^-|=/.test(argv[0]!) ? [toolPath("setpriv"), "--", ...argv] : [...argv];
}

/** Some refusals (EACCES) are thrown, others come as an event. */
function start(program: string, words: string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(program, words, options);
  } catch (error) {
    throw cannotStart((error as Error).message);
  }
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

function exitOf(child: ChildProcess): Promise<Exit> {
  const exit = new Promise<Exit>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      resolve(signal === null ? { code, signal: null } : { code: null, signal: parseSignal(signal).number });
    });
    // Deno 2.7.11 reports a child's death by a real-time signal as an unhandled rejection instead of an exit.
    claimRejections((reason) => {
      const number = /^Invalid signal: (\d+)$/.exec(reason instanceof Error ? reason.message : "")?.[1];
      if (number !== undefined) resolve({ code: null, signal: Number(number) });
      return number !== undefined;
    });
  });
  exit.catch(() => {});
  return exit;
}
