/**
 * What root does for a user is done by a process that is that user already. On the way there nothing of the user's is heeded: setpriv(1)
 * by its absolute path, in an environment without one variable of the caller's or the user's, in the directory `/`.
 */
import { runScript, type ScriptResult } from "./apart.ts";
import { toolPath } from "./command_lookup.ts";

/** Whom to become, by number: with the groups that the name services give that user. */
export interface UserIds {
  uid: number;
  gid: number;
}

/** Words to put before an absolute path, which then runs as the user. Throws SetupError. */
export function becoming({ uid, gid }: UserIds): string[] {
  return [toolPath("setpriv"), `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
}

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
