/**
 * Starts a process that waits until it is let go: so that it can be put where it belongs before it does anything. It has a session of its
 * own and no input; of its words, only the first on standard error are kept.
 */
import { spawn } from "node:child_process";
import { parseSignal } from "../value/signal.ts";
import { toolPath } from "./command_lookup.ts";

/** What is kept of its standard error. */
const KEPT_BYTES = 2_000;
const NO_CODE = 128;

/** Waits for a line, and becomes its words: until then it is the caller's, and no other user can lay hands on it. */
const WAIT = 'read -r _ || exit 0; exec "$@"';
/** Enters the directory $1 if it may, else `/`, and becomes the rest of its words. */
const ENTER = 'cd -- "$1" 2>/dev/null || cd /; shift; exec "$@" </dev/null';

/** What to run: `before` are words such as setpriv(1)'s. */
export interface HeldCommand {
  before: readonly string[];
  argv: readonly string[];
  directory: string;
  env: Readonly<Record<string, string>>;
}

/** The process, which is the leader of its session. */
export interface HeldProcess {
  readonly pid: number;
  /** Lets it go. */
  open(): void;
  /** Resolves to its exit code, 128+N for a signal; processes that it leaves behind are not waited for. Rejects when it cannot be started. */
  readonly exit: Promise<number>;
  /** What it has written to standard error so far. */
  readonly words: string;
  /** Ends it and its process group by force, as long as it has not exited. */
  kill(): void;
  /** Stops reading its standard error, which other processes may still hold. */
  forget(): void;
}

/** Throws SetupError without the tools. */
export function startHeld({ before, argv, directory, env }: HeldCommand): HeldProcess {
  const entering = [...before, "/bin/sh", "-c", ENTER, "corral", directory, ...argv];
  const words = ["/bin/sh", "-c", WAIT, "corral", ...entering];
  const child = spawn(toolPath("setsid"), ["--", ...words], {
    ...{ cwd: "/", env: { ...env } },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const { stdin, stderr } = child;
  let said = "";
  stderr.on("data", (chunk) => said = (said + String(chunk)).slice(0, KEPT_BYTES));
  stdin.on("error", () => {});
  let hasExited = false;
  const exit = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      hasExited = true;
      resolve(code ?? NO_CODE + (signal === null ? 0 : parseSignal(signal).number));
    });
  });
  exit.catch(() => {});
  return {
    pid: child.pid ?? 0,
    open: () => void stdin.end("go\n"),
    exit,
    get words() {
      return said.trim();
    },
    // A child that has not been collected keeps its pid, and its group.
    kill: () => {
      if (!hasExited && child.pid !== undefined) killGroup(child.pid);
    },
    forget: () => {
      stdin.destroy();
      stderr.destroy();
      child.unref();
    },
  };
}

function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      Deno.kill(target, "SIGKILL");
    } catch {
      // It has gone, or has not begun its group yet.
    }
  }
}
