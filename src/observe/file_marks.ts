/**
 * Marks of files: another mark means that the file has changed since the last look. No clock is compared with a file's, and nothing waits
 * for a file system that does not answer. Root looks at a user's file as that user.
 */
import { statSync } from "node:fs";
import { isVanished } from "../base/errno.ts";
import { NO_FILE } from "../job/health.ts";
import type { UserHome } from "../job/user_home.ts";
import type { ScriptResult } from "../linux/apart.ts";
import { runAsUser } from "../linux/as_user.ts";
import { isOnLocalFileSystem } from "../linux/mounts.ts";

/** A look that takes longer knows nothing. */
const LOOK_CAP_MS = 4_000;
/** What did not answer holds the process that asked for as long as it likes: it is asked again after so long, twice as long each time. */
const REST_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;
/** A line for each file: device, inode, size and times, or the word for none. */
const STAT = `
for file; do
  if [ -e "$file" ]; then stat -L -c '%d:%i %s %y %z' -- "$file" || echo '?'; else echo ${NO_FILE}; fi
done`;

/** How it is asked; tests give another way. */
export type AskApart = (user: UserHome, paths: readonly string[]) => Promise<ScriptResult | null>;

const askAsUser: AskApart = (user, paths) => runAsUser(user, STAT, paths, { stdin: "", capMs: LOOK_CAP_MS });

/** The files of one job. */
export class FileMarks {
  #restMs = REST_MS;
  #restsUntilMs = -Infinity;

  constructor(readonly ask: AskApart = askAsUser, readonly nowMs: () => number = () => performance.now()) {}

  /** The mark of each file, by its absolute path; null where it cannot be known now. */
  async of(user: UserHome, paths: readonly string[]): Promise<(string | null)[]> {
    const isOwn = user.uid === Deno.uid();
    if (isOwn && paths.every((path) => isOnLocalFileSystem(path))) return paths.map(markOfOwn);
    const lines = await this.#lines(user, paths);
    return paths.map((_, index) => {
      const line = lines[index] ?? "?";
      return line === "?" || line === "" ? null : line;
    });
  }

  async #lines(user: UserHome, paths: readonly string[]): Promise<string[]> {
    if (this.nowMs() < this.#restsUntilMs) return [];
    const result = await this.ask(user, paths);
    if (result === null) {
      this.#restsUntilMs = this.nowMs() + this.#restMs;
      this.#restMs = Math.min(LONGEST_REST_MS, this.#restMs * 2);
      return [];
    }
    this.#restMs = REST_MS;
    return result.code === 0 ? result.stdout.split("\n") : [];
  }
}

function markOfOwn(path: string): string | null {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return isVanished(error) ? NO_FILE : null;
  }
}
