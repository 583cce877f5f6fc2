/** Starts a detached job that has been given room: as its caller would have, from what that left in its ticket. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { errorText, StoreError } from "../../base/errors.ts";
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import type { JobStore } from "../../store/jobs.ts";
import { startSupervisor } from "../launch/detach.ts";

/** What can start jobs. */
export type Starter = Node & Caller & Diagnostics;

/** Resolves when it runs, or is known not to. A start that fails is said; the job waits again, or has its end recorded by its own process. */
export async function startQueued(on: Starter, store: JobStore, id: string): Promise<void> {
  try {
    const ticket = store.ticket(id);
    if (ticket === null) return;
    const { args, cwd, env, umask } = ticket;
    const caller = { ...on, cwd, env: { ...env }, self: { ...on.self, args: [...args] } };
    await startSupervisor(caller, on.backend("auto"), id, { umask });
  } catch (error) {
    if (error instanceof StoreError) throw error;
    on.say(`job ${id} did not start: ${errorText(error)}`);
  }
}
