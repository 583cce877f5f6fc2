/** Finds the command before anything is started, so that 126 and 127 are corral's word and not a guess from an exit code. */
import { EXIT, SetupError } from "../base/errors.ts";

/** Where the command is, or the exit code and words of execvp(3)'s refusal. */
export type Lookup = { found: string } | { exitCode: number; because: string };

/** As execvp(3): a name with a slash is a path, any other is searched in `path`. Relative names start from `cwd`. */
export function lookUpCommand(command: string, where: { path: string; cwd: string }): Lookup {
  return lookUpWhere(command, where, () => true)!;
}

/** The same, but null as soon as the search comes to a file that is not `isLocal`: that may never answer. */
export function lookUpWhere(
  command: string,
  { path, cwd }: { path: string; cwd: string },
  isLocal: (path: string) => boolean,
): Lookup | null {
  const absolute = (name: string) => name.startsWith("/") ? name : `${cwd}/${name}`;
  const candidates = command.includes("/")
    ? [absolute(command)]
    : path.split(":").map((directory) => absolute(`${directory === "" ? "." : directory}/${command}`));
  let refusal: Lookup = {
    exitCode: EXIT.NOT_FOUND,
    because: command.includes("/") ? "no such file" : "not found in PATH",
  };
  if (command === "" || command.includes("\0")) return refusal;
  for (const candidate of candidates) {
    if (!isLocal(candidate)) return null;
    const because = whyNotExecutable(candidate);
    if (because === null) return { found: candidate };
    if (because !== "missing") refusal = { exitCode: EXIT.NOT_EXECUTABLE, because };
  }
  return refusal;
}

const ANY_EXECUTE_BIT = 0o111;

function whyNotExecutable(file: string): string | null {
  try {
    const info = Deno.statSync(file);
    if (info.isDirectory) return "is a directory";
    return ((info.mode ?? 0) & ANY_EXECUTE_BIT) === 0 ? "is not executable" : null;
  } catch (error) {
    // ENAMETOOLONG, ELOOP and ENOTDIR are as good as missing; EACCES is not.
    return error instanceof Deno.errors.PermissionDenied ? "permission denied" : "missing";
  }
}

/** Where the tools of the node are. */
export const SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin";
/** The path of a program in the system's directories; its name where they do not have it. */
export function systemPathOf(program: string): string {
  const lookup = program.includes("/") ? null : lookUpCommand(program, { path: SYSTEM_PATH, cwd: "/" });
  return lookup !== null && "found" in lookup ? lookup.found : program;
}

/** The node's own tools that corral calls in a launch, and the Debian packages that have them. */
export const TOOLS = {
  "sh": "dash",
  "env": "coreutils",
  "setsid": "util-linux",
  "setpriv": "util-linux",
  "unshare": "util-linux",
  "getent": "libc-bin",
  "systemd-run": "systemd",
} as const;

/** One of TOOLS. */
export type Tool = keyof typeof TOOLS;

/**
 * Full path of a tool of corral's own: the caller's PATH may hold none of them, so the system's directories come first.
 * Throws SetupError.
 */
export function toolPath(name: Tool): string {
  const lookup = lookUpCommand(name, { path: `${SYSTEM_PATH}:${Deno.env.get("PATH") ?? ""}`, cwd: "/" });
  if ("found" in lookup) return lookup.found;
  throw new SetupError(`${name} is missing on this node`, `install ${TOOLS[name]}`);
}
