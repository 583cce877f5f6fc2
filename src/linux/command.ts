/** Runs the node's own tools (busctl, systemctl, getent), bounded in time, without a shell. */
import { systemPathOf } from "./command_lookup.ts";

/** What a tool left behind. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** None of these tools takes longer than milliseconds; a hanging bus must not hang corral. */
const COMMAND_CAP_MS = 30_000;

/** Exit code given for a tool that is not installed, as a shell would. */
export const NO_SUCH_TOOL = 127;

/** Never throws for a tool that fails: look at `code`. `env` is added to corral's own environment. */
export async function runCommand(
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const [program, ...args] = argv;
  try {
    // By its path: the caller's PATH may begin with a directory that does not answer.
    const output = await new Deno.Command(systemPathOf(program!), {
      args,
      env: { LC_ALL: "C", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(COMMAND_CAP_MS),
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr).trim() };
  } catch (error) {
    return { code: NO_SUCH_TOOL, stdout: "", stderr: error instanceof Error ? error.message : String(error) };
  }
}
