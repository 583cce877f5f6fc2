/** Where the output of a job is, and how it is read. */
import { existsSync } from "node:fs";
import { CorralError } from "../../base/errors.ts";
import { type Job, runningFacts } from "../../job/job.ts";
import type { UserIds } from "../../linux/as_user.ts";
import type { Caller } from "../../linux/caller.ts";
import { copyOutputApart } from "../../linux/copied_apart.ts";
import { type CopyOptions, copyOutput, type CopyTo } from "../../linux/copied_output.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import { usersOfUids } from "../../linux/users.ts";
import type { Node } from "../../observe/node.ts";
import { outputFileOf } from "../../store/output_file.ts";

/** The absolute path of its output; null while its launch has not recorded one. Throws CorralError for a job that has none. */
export function outputOf(job: Job, stateDir: string): string | null {
  const { id, adopted } = job.spec;
  const run = runningFacts(job);
  if (run?.outputFile !== undefined) return run.outputFile;
  // A record that is older than its column. Of another user's store it is not known where it lies.
  const usual = outputFileOf(stateDir, id);
  const isHere = job.storeUid === undefined && isOnLocalFileSystem(usual) && existsSync(usual);
  if (run !== null && isHere) return usual;
  if (job.phase.state === "starting") return null;
  if (run === null) throw new CorralError(`job ${id} has no output: its command never ran`);
  throw adopted
    ? new CorralError(`job ${id} was adopted: its output goes where it went before`)
    : new CorralError(`job ${id} has no output file: its output went to where its caller's does`, {
      remedy: "corral run --detach keeps the output of a job",
    });
}

/** Copies it: by this process, or by one that is the job's user, or one that may hang. Throws CorralError. */
export async function copyOutputOf(
  { spec }: Job,
  options: CopyOptions,
  { node, to }: { node: Pick<Node, "run"> & Pick<Caller, "uid">; to: CopyTo },
): Promise<void> {
  const isOwn = spec.uid === node.uid;
  if (isOwn && isOnLocalFileSystem(options.path)) return await copyOutput(options, to);
  await copyOutputApart(options, to, { user: isOwn ? null : await userOf(node, spec.uid) });
}

async function userOf({ run }: Pick<Node, "run">, uid: number): Promise<UserIds> {
  const user = (await usersOfUids([uid], run)).get(uid);
  if (user === undefined) throw new CorralError(`the name services do not know uid ${uid}`);
  return user;
}
