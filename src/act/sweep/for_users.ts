/** What root has done for every user, in each user's own store: by a process of that user, which is all that may act on that user's word. */
import { atOnce } from "../../base/at_once.ts";
import { askUser } from "../../linux/as_user.ts";
import type { Caller } from "../../linux/caller.ts";
import { knownUsers } from "../../observe/everybody.ts";
import type { Node } from "../../observe/node.ts";
import { usersWithJobs } from "../../observe/users.ts";

/** Side by side: whatever one of them does, or does not, holds up no other. */
const AT_ONCE = 64;
/** For a sweep: a grace that is waited out (PATIENCE_MS), and the time in which the kernel lets go of what was killed. */
const CAP_MS = 120_000;

/** What became of one user's process. */
export interface UsersRun {
  user: string;
  uid: number;
  /** Its exit code; null when it has not ended in time, or could not be started. */
  code: number | null;
  /** What it printed: that user's word. */
  stdout: string;
  stderr: string;
}

/** One process for each user who may have jobs; `words` are those behind `corral`. */
export async function runForUsers(
  node: Pick<Node, "cgroups" | "run"> & Pick<Caller, "self">,
  usersDir: string,
  words: readonly string[],
  onProblem: (line: string) => void,
): Promise<UsersRun[]> {
  const users = await knownUsers(node, usersWithJobs(usersDir, node.cgroups()), onProblem);
  return await atOnce([...users.values()], AT_ONCE, async (user) => {
    const answer = await askUser(user, [node.self.path, ...words], { capMs: CAP_MS });
    const { code, stdout, stderr } = answer ??
      { code: null, stdout: "", stderr: `no answer within ${CAP_MS / 1000} s` };
    return { user: user.name, uid: user.uid, code, stdout, stderr };
  });
}
