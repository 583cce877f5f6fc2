/**
 * The gate: a process that will become the command, waiting until it is in its cgroup and recorded.
 *
 *   corral -> sh (waits on fd 3) -> [setpriv] -> env -> COMMAND       one pid all the way, each step an exec
 *
 * sh waits for a line on descriptor 3, a socket whose other end corral holds. When corral dies first, the read ends and nothing is
 * run. sh is the first process of a session of its own, so PID = PGID = SID. The command inherits descriptors 0 to 2, working directory, umask and resource limits.
 *
 * setpriv(1) comes first: it keeps root's capabilities until its own exec, which would find and run what the user may not.
 *
 * A shell drops environment variables whose names it cannot hold (BASH_FUNC_module%%, a.b) and makes up others (PWD, SHLVL). Both
 * are put right by env(1), so that the command's environment is exactly the one it was given.
 */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { open } from "node:fs/promises";
import { SetupError } from "../../base/errors.ts";
import { claimRejections } from "../../linux/rejections.ts";
import type { Exit } from "../../job/job.ts";
import { exportLine, type RawVariable } from "./raw_environment.ts";
import { toolPath } from "../../linux/command_lookup.ts";
import { parseSignal } from "../../value/signal.ts";

/** Names a shell takes over, changes or chokes on, besides names that no shell takes. */
const SHELL_NAMES =
  /^(_|PWD|OLDPWD|SHLVL|IFS|PS1|PS2|PS4|PPID|OPTIND|OPTARG|OPTERR|ENV|LINENO|RANDOM|SECONDS|UID|EUID|GROUPS|SHELLOPTS|BASH.*|POSIXLY_CORRECT|FUNCNEST|MAIL.*|HIST.*|DIRSTACK|HOSTTYPE|MACHTYPE|OSTYPE)$/;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What /bin/sh may export unasked. */
const MADE_UP = ["PWD", "OLDPWD", "SHLVL", "_"];

/** sh gives this when corral went away before it opened the gate; no process is left to see it. */
const SCRIPT = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"';

/** What the process behind the gate will be. */
export interface GateOptions {
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Variables that are no strings; variables that `env` has too are left out. */
  rawEnv: readonly RawVariable[];
  /** Run as this user, by number, with that user's supplementary groups; null: as the caller. */
  as: { uid: number; gid: number } | null;
  /** As the caller: supplementary groups that it must be given back (lost_groups.ts). */
  lostGroups: readonly number[];
  /** Signals that were ignored when corral was started (nohup): the command inherits that, as from a shell. */
  ignoredSignals: readonly number[];
  /** File for stdout and stderr, or null to inherit. stdin is then /dev/null. */
  output: string | null;
}

/** The waiting process. */
export interface Gate {
  readonly pid: number;
  /** How the process left. */
  readonly exit: Promise<Exit>;
  /** Lets the command run. */
  open(): void;
  /** Lets it go without running anything. */
  close(): void;
}

/** Starts the waiting process. Throws SetupError when even that fails (no processes left, /bin/sh missing). */
export async function makeGate(options: GateOptions): Promise<Gate> {
  const { shellEnv, envWords } = splitEnvironment(options.env);
  const traps = options.ignoredSignals.map((signal) => `trap '' ${signal}; `).join("");
  const raw = exportLine(options.rawEnv.filter(({ name }) => !(name in options.env)));
  const words = [
    "-c",
    traps + raw + SCRIPT,
    "corral-gate",
    ...identityWords(options),
    toolPath("env"),
    ...envWords,
    ...commandWords(options.argv),
  ];
  const output = options.output === null ? null : await open(options.output, "a", 0o600);
  const plain = output === null
    ? ["inherit", "inherit", "inherit"] as const
    : ["ignore", output.fd, output.fd] as const;
  const child = startShell(words, {
    cwd: options.cwd,
    env: shellEnv,
    stdio: [...plain, "pipe"],
    detached: true,
  });
  const exit = exitOf(child);
  if (child.pid === undefined) {
    throw cannotStart(await exit.then(() => "no reason given", (error) => (error as Error).message));
  }
  await output?.close();
  const key = child.stdio[3] as unknown as {
    end(text?: string): void;
    on(event: "error", act: () => void): void;
  };
  key.on("error", () => {});
  return { pid: child.pid, exit, open: () => key.end("go\n"), close: () => key.end() };
}

/** env(1) takes a command with a `=` in its path for one more variable, and one with a dash for an option: setpriv(1) does neither. */
function commandWords(argv: readonly string[]): string[] {
  return /^-|=/.test(argv[0]!) ? [toolPath("setpriv"), "--", ...argv] : [...argv];
}

/** Some refusals (EACCES) are thrown, others come as an event. */
function startShell(words: string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn("/bin/sh", words, options);
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
  if (as !== null) {
    return [toolPath("setpriv"), `--reuid=${as.uid}`, `--regid=${as.gid}`, "--init-groups", "--"];
  }
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

/** Splits an environment into what the shell passes on untouched and the words env(1) needs for the rest. */
export function splitEnvironment(
  env: Record<string, string>,
): { shellEnv: Record<string, string>; envWords: string[] } {
  const names = Object.keys(env);
  const viaShell = names.filter((name) => PLAIN_NAME.test(name) && !SHELL_NAMES.test(name));
  const viaEnv = names.filter((name) => !viaShell.includes(name));
  const unset = MADE_UP.filter((name) => !names.includes(name)).flatMap((name) => ["-u", name]);
  return {
    shellEnv: Object.fromEntries(viaShell.map((name) => [name, env[name]!])),
    envWords: [...unset, ...viaEnv.map((name) => `${name}=${env[name]}`)],
  };
}
