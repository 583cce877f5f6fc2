/**
 * `--with-parent`: which process the job must not outlive, and whether it is gone.
 *
 * The caller may be gone before this process first looks: then init or the nearest subreaper has become the parent. Nothing in /proc tells
 * an adopted child from one's own, nor which process is a subreaper, so the kernel is asked by trial: a process is orphaned on purpose,
 * and what adopts it would have adopted this one. A caller that is a subreaper itself has to be named: `--with-parent=PID`.
 *
 * In a Slurm job it is implied: when its slurmstepd is gone the step is over, or Slurm starts the job anew while this one would live.
 */
import type { Caller } from "../../linux/caller.ts";
import { CorralError, EXIT } from "../../base/errors.ts";
import type { Identity } from "../../job/job.ts";
import type { Node } from "../../observe/node.ts";

/** With `true`, the process that called; a number names another. */
export type ParentChoice = boolean | number;

const INIT = 1;

/** Orphans its subshell and prints the pid of what adopts it. `read` is a builtin: /proc/self is the subshell itself. */
const WHO_ADOPTS = `(
  until read -r pid name state parent rest </proc/self/stat && [ "$parent" != $$ ]; do :; done
  echo "$parent"
) &`;

/** True for a service manager or batch system that starts the processes it is asked to: it names the pid that it became. */
const STARTERS = ["SYSTEMD_EXEC_PID", "SLURM_TASK_PID"];

/** As watchParent(), in a Slurm job also true once the step's slurmstepd is gone. */
export async function watchParentAndStep(
  node: Pick<Node, "procs" | "clock" | "run"> & Pick<Caller, "env">,
  choice: ParentChoice,
  stepd: Identity | null,
): Promise<(() => boolean) | null> {
  const parentIsGone = await watchParent(node, choice);
  if (stepd === null) return parentIsGone;
  const stepIsGone = () => node.procs.liveness(stepd, node.clock.bootId()) === "gone";
  return () => stepIsGone() || (parentIsGone?.() ?? false);
}

/** True once that process is gone; null without `--with-parent`. Throws CorralError when it is gone already. */
export async function watchParent(
  node: Pick<Node, "procs" | "clock" | "run"> & Pick<Caller, "env">,
  choice: ParentChoice,
): Promise<(() => boolean) | null> {
  if (choice === false) return null;
  if (choice !== true) return watchNamed(node, choice);
  const caller = Deno.ppid;
  const isStarted = STARTERS.some((name) => node.env[name] === String(Deno.pid));
  if (!isStarted && (caller === INIT || caller === await adopterHere(node))) throw tooLate(caller);
  // The kernel gives this process another parent (getppid(2)). Not by PR_SET_PDEATHSIG, which comes when the *thread* that forked ends.
  return () => Deno.ppid !== caller;
}

function watchNamed({ procs, clock }: Pick<Node, "procs" | "clock">, pid: number): () => boolean {
  const identity = procs.identify(pid, clock.bootId());
  if (identity === null) {
    throw new CorralError(`--with-parent=${pid}: there is no process ${pid}`, {
      exitCode: EXIT.CORRAL_FAILED,
    });
  }
  return () => procs.liveness(identity, clock.bootId()) === "gone";
}

/** The pid of the process that adopts the orphans of this one; null when the node does not answer. */
async function adopterHere({ run }: Pick<Node, "run">): Promise<number | null> {
  const { stdout } = await run(["/bin/sh", "-c", WHO_ADOPTS]);
  const pid = Number(stdout.trim());
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
}

function tooLate(pid: number): CorralError {
  return new CorralError(
    `--with-parent: the process that called is gone, and process ${pid} took its place`,
    {
      remedy: "name the process that the job must not outlive: --with-parent=PID",
      exitCode: EXIT.CORRAL_FAILED,
    },
  );
}
