/**
 * Asks what may never answer by a process of its own: a system call on a file system that hangs holds up that process alone. corral kills
 * it, or leaves it behind, when its time is up.
 */
import { spawn } from "node:child_process";
import { SYSTEM_PATH } from "./command_lookup.ts";
import { isOnLocalFileSystem } from "./mounts.ts";

/** The environment of every such process: it holds nothing of the caller's or of a user's. */
export const CLEAN_ENVIRONMENT: Readonly<Record<string, string>> = { PATH: SYSTEM_PATH, LC_ALL: "C" };

/** How long a path may take to answer; after that it counts as silent. */
export const ANSWER_CAP_MS = 4_000;

/** What a script left behind. */
export interface ScriptResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The words before the shell, such as setpriv(1)'s; the arguments from $1; its input. */
export interface ScriptOptions {
  before?: readonly string[];
  args: readonly string[];
  stdin?: string;
  capMs: number;
  /** Receives what it prints as it comes; without, it is kept. */
  onOutput?: (stream: "stdout" | "stderr", text: string) => void;
  /** A script that prints more is killed, and has not answered; without, all of it is kept. */
  maxCharacters?: number;
}

/** Runs a script of sh(1) in `/`. Null when it has not ended within `capMs`, or printed more than `maxCharacters`: it is killed. */
export function runScript(script: string, options: ScriptOptions): Promise<ScriptResult | null> {
  const { before = [], args, stdin = "", capMs, maxCharacters = Infinity, onOutput } = options;
  const [program, ...words] = [...before, "/bin/sh", "-c", script, "corral", ...args];
  const child = spawn(program!, words, {
    cwd: "/",
    env: { ...CLEAN_ENVIRONMENT },
    stdio: "pipe",
    // In a session of its own: another user could otherwise type into this one's terminal (TIOCSTI).
    detached: before.length > 0,
  });
  const said = { stdout: "", stderr: "" };
  // EPIPE: the script need not read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve) => {
    const giveUp = () => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      // A child that hangs in the kernel would keep this process alive, and so would another process that has its pipes.
      child.unref();
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve(null);
    };
    // setTimeout() tops out at 24.8 days; Infinity: it may take as long as it likes.
    const timer = Number.isFinite(capMs) ? setTimeout(giveUp, capMs) : undefined;
    let kept = 0;
    for (const stream of ["stdout", "stderr"] as const) {
      // A character may lie across two chunks.
      child[stream].setEncoding("utf8").on("data", (chunk: string) => {
        kept += chunk.length;
        if (kept > maxCharacters) giveUp();
        else if (onOutput !== undefined) onOutput(stream, chunk);
        else said[stream] += chunk;
      });
    }
    const done = (code: number | null, stderr: string) => {
      clearTimeout(timer);
      resolve({ code, stdout: said.stdout, stderr });
    };
    child.on("error", (error) => done(null, error.message));
    child.on("close", (code) => done(code, said.stderr.trim()));
  });
}

/** Enters a directory, or reads the first byte of a file: what a use of the path would wait for. */
const TOUCH = 'if [ -d "$1" ]; then cd -- "$1"; elif [ -f "$1" ]; then head -c 1 -- "$1"; fi >/dev/null 2>&1';

/** False when the absolute path is on a file system that does not answer in time. Any other fault shows when the path is used. */
export async function answers(path: string, capMs = ANSWER_CAP_MS): Promise<boolean> {
  return isOnLocalFileSystem(path) || await runScript(TOUCH, { args: [path], capMs }) !== null;
}
