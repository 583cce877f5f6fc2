/** Commands on the machine that runs the tests: bounded, and an error that says what failed. */

export interface CommandOptions {
  timeoutMs: number;
  cwd?: string;
  env?: Record<string, string>;
  /** Shown as it comes instead of being collected; for what takes minutes. */
  inheritStderr?: boolean;
}

const STDERR_TAIL_CHARS = 2000;

/** Runs argv to its end and gives its stdout. Throws on a non-zero exit and when the time is up (SIGKILL). */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<string> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("Cannot run a command: argv is empty");
  const command = new Deno.Command(program, {
    args,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    stdin: "null",
    stdout: "piped",
    stderr: options.inheritStderr ? "inherit" : "piped",
  });
  const child = command.spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs);
  try {
    const output = await child.output();
    if (output.success) return new TextDecoder().decode(output.stdout);
    const stderr = options.inheritStderr ? "" : new TextDecoder().decode(output.stderr);
    const how = output.signal === "SIGKILL"
      ? `killed, the limit is ${options.timeoutMs} ms`
      : `exit code ${output.code}`;
    throw new Error(`Cannot run ${argv.join(" ")}: ${how}\n${stderr.slice(-STDERR_TAIL_CHARS)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** True if PATH (or the sbin directories, which a user's PATH lacks) holds the program. */
export function isInstalled(program: string): boolean {
  const directories = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"];
  return directories.some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  });
}
