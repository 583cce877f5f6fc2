/**
 * Marks of files: another mark means that the file has changed since the last look. No clock is compared with a file's, and nothing waits
 * for a file system that does not answer. Root looks at a user's file as that user.
 */
import { statSync } from "node:fs";
import { isVanished } from "../base/errno.ts";
import { NO_FILE } from "../job/health.ts";
import type { UserHome } from "../job/user_home.ts";
import { runAsUser } from "../linux/as_user.ts";
import { isOnLocalFileSystem } from "../linux/mounts.ts";

/** A look that takes longer knows nothing. */
const LOOK_CAP_MS = 4_000;
/** A line for each file: device, inode, size and times, or the word for none. */
const STAT = `
for file; do
  if [ -e "$file" ]; then stat -L -c '%d:%i %s %y %z' -- "$file" || echo '?'; else echo ${NO_FILE}; fi
done`;

/** The mark of each file, by its absolute path; null where it cannot be known now. */
export async function fileMarks(user: UserHome, paths: readonly string[]): Promise<(string | null)[]> {
  if (paths.length === 0) return [];
  const isOwn = user.uid === Deno.uid();
  if (isOwn && paths.every((path) => isOnLocalFileSystem(path))) return paths.map(markOfOwn);
  const result = await runAsUser(user, STAT, paths, { stdin: "", capMs: LOOK_CAP_MS });
  const lines = result === null || result.code !== 0 ? [] : result.stdout.split("\n");
  return paths.map((_, index) => {
    const line = lines[index] ?? "?";
    return line === "?" || line === "" ? null : line;
  });
}

function markOfOwn(path: string): string | null {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return isVanished(error) ? NO_FILE : null;
  }
}
