/** This process as the supervisor that a job is recorded with. */
import type { Node } from "./node.ts";
import { SetupError } from "../base/errors.ts";
import type { Identity } from "../job/job.ts";

/** Throws SetupError without a /proc that shows it. */
export function ownIdentity({ procs, clock }: Node): Identity {
  if (!procs.isOwn) {
    throw new SetupError(
      "/proc shows another PID namespace than corral's own",
      "unshare --mount-proc, or: mount -t proc proc /proc",
    );
  }
  const identity = procs.identify(Deno.pid, clock.bootId());
  if (identity !== null) return identity;
  throw new SetupError("/proc does not show corral itself", "mount -t proc proc /proc");
}
