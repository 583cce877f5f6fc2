/**
 * What root does for a user is done by a process that is that user already. On the way there nothing of the user's is heeded: setpriv(1)
 * by its absolute path, in an environment without one variable of the caller's or the user's, in the directory `/`.
 */
import { spawn } from "node:child_process";
import { SYSTEM_PATH, toolPath } from "./command_lookup.ts";

/** Whom to become, by number: with the groups that the name services give that user. */
export interface UserIds {
  uid: number;
  gid: number;
}

/** The environment of every process on the way to the user. */
export const CLEAN_ENVIRONMENT: Readonly<Record<string, string>> = { PATH: SYSTEM_PATH, LC_ALL: "C" };

/** Words to put before an absolute path, which then runs as the user. Throws SetupError. */
export function becoming({ uid, gid }: UserIds): string[] {
  return [toolPath("setpriv"), `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
}

/** What a script of the user's process left behind. */
export interface UserResult {
  code: number | null;
  stderr: string;
}

/** Runs a script of sh(1) as the user, `args` from $1, with `stdin`. Null when it has not ended within `capMs`: it is killed. */
export function runAsUser(
  identity: UserIds,
  script: string,
  args: readonly string[],
  { stdin, capMs }: { stdin: string; capMs: number },
): Promise<UserResult | null> {
  const [program, ...words] = [...becoming(identity), "/bin/sh", "-c", script, "corral", ...args];
  const child = spawn(program!, words, {
    cwd: "/",
    env: { ...CLEAN_ENVIRONMENT },
    stdio: ["pipe", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr!.on("data", (chunk) => stderr += String(chunk));
  // EPIPE: it need not read what it is given.
  child.stdin!.on("error", () => {});
  child.stdin!.end(stdin);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      // One that hangs in the kernel would keep this process.
      child.unref();
      resolve(null);
    }, capMs);
    const done = (result: UserResult) => {
      clearTimeout(timer);
      resolve(result);
    };
    child.on("error", (error) => done({ code: null, stderr: error.message }));
    child.on("close", (code) => done({ code, stderr: stderr.trim() }));
  });
}
