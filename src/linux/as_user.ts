/**
 * What root does for a user, a process does that is that user already. Nothing of the user's influences the way there: setpriv(1) is run
 * by its absolute path, in an environment without one variable of the caller's or the user's, in the directory `/`.
 */
import { basename, dirname } from "node:path";
import { runScript, type ScriptOptions, type ScriptResult } from "./apart.ts";
import { toolPath } from "./command_lookup.ts";
import { libc } from "./libc.ts";
import type { User } from "./users.ts";

/** The user to become, by number, with the groups that the name services give that user. */
export interface UserIds {
  uid: number;
  gid: number;
}

/** keyctl(2): the system call by architecture, and its command. */
const SYS_KEYCTL: Readonly<Record<string, bigint>> = { x86_64: 250n, aarch64: 219n };
const KEYCTL_JOIN_SESSION_KEYRING = 1n;
let hasOwnKeyring = false;

/**
 * The session keyring passes to children, and whichever process possesses it may read its keys whatever its uid: root's (Kerberos, AFS,
 * CIFS) are none of a user's. The calling thread, from which children are started, joins a new, empty one.
 */
function leaveKeyring(): void {
  if (hasOwnKeyring) return;
  hasOwnKeyring = true;
  const number = SYS_KEYCTL[Deno.build.arch];
  // Where the kernel has no keys (ENOSYS), or a container's filter hides them, there are none to leave.
  if (number !== undefined) libc().syscall(number, KEYCTL_JOIN_SESSION_KEYRING, 0n, 0n, 0n);
}

/** Words to put before an absolute path, which then runs as the user. Throws SetupError. */
export function becoming({ uid, gid }: UserIds, more: readonly string[] = []): string[] {
  leaveKeyring();
  return [toolPath("setpriv"), `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", ...more, "--"];
}

/** The kernel kills the process when its parent, corral, ends. */
const WITH_PARENT = ["--pdeathsig=KILL"];

/** Runs a script of sh(1) as the user, which this process may be already, `args` from $1, with `stdin`. Null when it has not ended within `capMs`: it is killed. */
export function runAsUser(
  identity: UserIds,
  script: string,
  args: readonly string[],
  { stdin, capMs }: { stdin: string; capMs: number },
): Promise<ScriptResult | null> {
  const before = identity.uid === Deno.uid() ? [] : becoming(identity);
  return runScript(script, { before, args, stdin, capMs });
}

/**
 * $1 is the user's home, for which the process need not ask the name services again. The path of the program comes in two parts: spawn()
 * takes the path of this binary for a call of the runtime (Deno 2.7.11), and rewrites the words behind it.
 */
const WITH_HOME = 'HOME=$1; export HOME; program=$2/$3; shift 3; exec "$program" "$@"';

/** How long a user's process may take to answer root, and how much it may print: whatever it is, it is that user's word. */
const USER_ANSWER = { capMs: 10_000, maxCharacters: 64 << 20 } as const;

/** Other caps than for an answer, and a place for what is printed. */
export type AskOptions = Partial<Pick<ScriptOptions, "capMs" | "maxCharacters" | "onOutput">> & {
  /** For what only reads: nothing that it started outlives it. Its pids are no other process's. */
  isEnclosed?: true;
};

/**
 * A PID namespace (pid_namespaces(7)): when its first process ends, the kernel kills all others in it, whatever session or group they made
 * for themselves. The user can change that process (ptrace(2)), and would otherwise have processes in root's cgroup that stay. 2 ms each; a
 * scope of systemd's takes 10 and more.
 */
const ENCLOSED = ["--pid", "--fork", "--kill-child=KILL", "--"];
const TRY_CAP_MS = 2_000;
let canEnclose: Promise<boolean> | null = null;

/** The words before the ones that become the user. None where root may not make a namespace: in a container without CAP_SYS_ADMIN. */
async function enclosing(): Promise<string[]> {
  const unshare = toolPath("unshare");
  canEnclose ??= runScript(":", { before: [unshare, ...ENCLOSED], args: [], capMs: TRY_CAP_MS })
    .then((result) => result?.code === 0);
  return await canEnclose ? [toolPath("setpriv"), ...WITH_PARENT, "--", unshare, ...ENCLOSED] : [];
}

/**
 * Runs a program, by its absolute path, as another user; that user can stop, kill or change the process. Null when it has not ended in time, or
 * printed without end.
 */
export async function askUser(
  user: User,
  [program, ...words]: readonly [string, ...string[]],
  { isEnclosed, ...options }: AskOptions = {},
): Promise<ScriptResult | null> {
  const args = [user.home, dirname(program), basename(program), ...words];
  const before = [...(isEnclosed ? await enclosing() : []), ...becoming(user, WITH_PARENT)];
  return await runScript(WITH_HOME, { before, args, ...USER_ANSWER, ...options });
}
