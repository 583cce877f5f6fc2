/** A machine to test on: the same tests run on this host, in a booted container and in a virtual machine. */
import type { Flavour, Suite } from "./images.ts";

/** As CORRAL_TEST_MACHINE and the tiers of `make test` have it: `nspawn-trixie`, `slurm-vm-trixie`. */
export function machineName(tier: "nspawn" | "vm", suite: Suite, flavour: Flavour): string {
  return `${flavour === "plain" ? "" : `${flavour}-`}${tier}-${suite}`;
}

export interface ExecOptions {
  /** Default root. Runs with that user's uid, gid and supplementary groups. */
  user?: string;
  /** Added to what cron would give: HOME, LOGNAME, USER, SHELL, PATH. */
  env?: Record<string, string>;
  /** Only `env`, nothing else. */
  clearEnv?: boolean;
  /** Default the user's home. */
  cwd?: string;
  /** Default /dev/null. */
  stdin?: string | Uint8Array<ArrayBuffer>;
  /** Default 60 s; multiplied by the machine's slowness. Past it the command's session is killed and exec throws. */
  timeoutMs?: number;
  /** In a PAM session of its own with a user manager, as after ssh; otherwise as from cron. */
  login?: boolean;
}

/** `code` is 128+N after signal N, as in a shell. Output that a daemon writes after the command ended is not in it. */
export interface ExecResult {
  code: number;
  signal: string | null;
  stdout: string;
  stderr: string;
  /** stdout as it was, for binary data. */
  stdoutBytes: Uint8Array<ArrayBuffer>;
}

/** A command that runs in the background. `pid` is its own, as the machine sees it. */
export interface Running {
  readonly pid: number;
  wait(): Promise<ExecResult>;
  /** To this one process. Does nothing once it has ended. */
  kill(signal: Deno.Signal): Promise<void>;
}

export interface Machine {
  readonly name: string;
  readonly tier: "host" | "nspawn" | "vm";
  /** The Debian release, or "host". */
  readonly suite: string;
  /** The cgroup2 controllers at its root. */
  readonly controllers: ReadonlySet<string>;
  /** Where it has dist/corral and the program of tests/system/corpus/nasty.c. */
  readonly corral: string;
  readonly nasty: string;
  /** 1 is native speed. Multiply every time-out by it; compare durations as ratios only where it is not 1. */
  readonly slowness: number;
  /** Runs argv to its end. Any exit code is a result; a time-out or a command that cannot be started throws. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** exec of `/bin/sh -c script`. */
  sh(script: string, options?: ExecOptions): Promise<ExecResult>;
  spawn(argv: readonly string[], options?: ExecOptions): Promise<Running>;
  putFile(path: string, data: string | Uint8Array<ArrayBuffer>, mode?: number): Promise<void>;
  readFile(path: string): Promise<string>;
  /** Ends the machine and everything on it. Called twice it does nothing. */
  stop(): Promise<void>;
}

/** Not more than this part of an output goes into an error message. */
const OUTPUT_TAIL_CHARS = 2000;

/** What each kind of machine does itself; Machine's conveniences are built on it. */
export type Starter = (argv: readonly string[], options: ExecOptions) => Promise<Running>;

type Conveniences = Pick<Machine, "exec" | "sh" | "spawn" | "putFile" | "readFile">;

/** Everything of a Machine that follows from being able to start a command on it. */
export function conveniences(spawn: Starter): Conveniences {
  const exec = async (argv: readonly string[], options: ExecOptions = {}) =>
    await (await spawn(argv, options)).wait();
  return {
    exec,
    spawn: (argv, options = {}) => spawn(argv, options),
    sh: (script, options) => exec(["/bin/sh", "-c", script], options),
    async putFile(path, data, mode = 0o644) {
      const script = 'mkdir -p "$(dirname "$0")" && cat >"$0" && chmod "$1" "$0"';
      succeeded(
        await exec(["/bin/sh", "-c", script, path, mode.toString(8)], { stdin: data }),
        `write ${path}`,
      );
    },
    async readFile(path) {
      return succeeded(await exec(["cat", "--", path]), `read ${path}`).stdout;
    },
  };
}

function succeeded(result: ExecResult, what: string): ExecResult {
  if (result.code === 0) return result;
  throw new Error(`Cannot ${what}: exit code ${result.code}\n${result.stderr.slice(-OUTPUT_TAIL_CHARS)}`);
}
