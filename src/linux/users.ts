/** Users, as the node's name services know them (files, LDAP, SSSD), through getent(1). */
import { SetupError, UsageError } from "../base/errors.ts";
import { type CommandResult, NO_SUCH_TOOL } from "./command.ts";

/** The fields of passwd(5) that a launch needs. */
export interface User {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

/** Exit code of getent(1) for a key that is not there. */
const GETENT_NOT_FOUND = 2;

/** setuid(2) and chown(2) take 2^32-1 for "leave it as it is": a process that drops to that user stays root. */
const MAX_USER_NUMBER = 2 ** 32 - 2;

/**
 * True for a uid or gid in its one spelling. The lines of NIS (`+::::::`) have no number; this, `00` and 2^32 must not become 0.
 */
function isUserNumber(word: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(word) && Number(word) <= MAX_USER_NUMBER;
}

/** One line of passwd(5); null when it is not one. */
export function parsePasswdLine(line: string): User | null {
  const [name, , uid, gid, , home, shell] = line.trim().split(":");
  if (name === undefined || shell === undefined || home === undefined) return null;
  if (![uid, gid].every((number) => isUserNumber(number ?? ""))) return null;
  return { name, uid: Number(uid), gid: Number(gid), home, shell: shell === "" ? "/bin/sh" : shell };
}

/** By name or number. Throws UsageError for one that does not exist, SetupError without getent. */
export async function findUser(
  key: string,
  run: (argv: readonly string[]) => Promise<CommandResult>,
): Promise<User> {
  // getent(1) takes any number for a uid, however it is written (00).
  const isAskable = key !== "" && !/^[-+]|\0/.test(key) && (!/^\d+$/.test(key) || isUserNumber(key));
  const result = !isAskable
    ? { code: GETENT_NOT_FOUND, stdout: "", stderr: "" }
    : await run(["getent", "passwd", key]);
  if (result.code === NO_SUCH_TOOL) {
    throw new SetupError("cannot look up users: getent is missing", "install libc-bin (or glibc-common)");
  }
  const user = parsePasswdLine(result.stdout.split("\n")[0] ?? "");
  if (result.code !== 0 || user === null) {
    throw new UsageError(`--user: there is no user ${JSON.stringify(key)}`);
  }
  // The answer must be to the question: a digit at its beginning does not make a word a number (1e3, 0x0).
  if (/^\d/.test(key) && key !== user.name && key !== String(user.uid)) {
    throw new UsageError(`--user: there is no user ${JSON.stringify(key)}`);
  }
  return user;
}

/** The caller's name without another process: from /etc/passwd, else the number itself. */
export function nameOfUid(uid: number, passwdFile: string): string {
  try {
    const users = Deno.readTextFileSync(passwdFile).split("\n").map(parsePasswdLine);
    return users.find((user) => user?.uid === uid)?.name ?? String(uid);
  } catch {
    return String(uid);
  }
}

/** The home of a user by the name services; null when they know none, or do not answer. */
export async function homeOfUid(
  uid: number,
  run: (argv: readonly string[]) => Promise<CommandResult>,
): Promise<string | null> {
  const { stdout } = await run(["getent", "passwd", String(uid)]);
  return parsePasswdLine(stdout.split("\n")[0] ?? "")?.home ?? null;
}

/** Of one question: a command line has room for many more (execve(2)). */
const UIDS_AT_ONCE = 1_000;

/** Users by their uids, as far as the name services know them: many in one question. */
export async function usersOfUids(
  uids: readonly number[],
  run: (argv: readonly string[]) => Promise<CommandResult>,
): Promise<Map<number, User>> {
  const users = new Map<number, User>();
  for (let from = 0; from < uids.length; from += UIDS_AT_ONCE) {
    const asked = new Set(uids.slice(from, from + UIDS_AT_ONCE));
    // Exit code 2 means that one of them is unknown; the answer has the others.
    const { stdout } = await run(["getent", "passwd", ...[...asked].map(String)]);
    for (const user of stdout.split("\n").map(parsePasswdLine)) {
      // A user whose name is a number answers too.
      if (user !== null && asked.has(user.uid)) users.set(user.uid, user);
    }
  }
  return users;
}

/** Names for uids from the name services; the number itself where they do not know it, or do not answer. */
export async function namesOfUids(
  uids: Iterable<number>,
  run: (argv: readonly string[]) => Promise<CommandResult>,
): Promise<(uid: number) => string> {
  const users = await usersOfUids([...new Set(uids)], run);
  return (uid) => users.get(uid)?.name ?? String(uid);
}

/** A number is taken as it is: processes outlive accounts. Throws as findUser() does. */
export async function uidOf(
  user: string,
  run: (argv: readonly string[]) => Promise<CommandResult>,
): Promise<number> {
  return isUserNumber(user) ? Number(user) : (await findUser(user, run)).uid;
}
