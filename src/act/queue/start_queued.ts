/** Starts a detached job that has been given room: as its caller would have, from what that left in its ticket. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { errorText, StoreError } from "../../base/errors.ts";
import type { Caller } from "../../linux/caller.ts";
import { momentOf } from "../../linux/clock.ts";
import type { Node } from "../../observe/node.ts";
import type { JobStore } from "../../store/jobs.ts";
import { startSupervisor } from "../launch/detach.ts";

/** What can start jobs. */
export type Starter = Node & Caller & Diagnostics;

/** Resolves when it runs, or is known not to. A start that fails without a record is said, and the job waits again. */
export async function startQueued(on: Starter, store: JobStore, id: string): Promise<void> {
  try {
    const ticket = store.ticket(id);
    if (ticket === null) return;
    const { args, cwd, env, umask } = ticket;
    // What it has to say is not for the user of this process.
    const say = () => {};
    const caller = { ...on, cwd, env: { ...env }, self: { ...on.self, args: [...args] }, say };
    await startSupervisor(caller, on.backend("auto"), id, { umask });
  } catch (error) {
    if (error instanceof StoreError) throw error;
    // Its own process has recorded why.
    if (store.get(id)?.phase.state === "ended") return;
    if (store.get(id)?.phase.state === "queued") store.giveRoomBack(id, momentOf(on));
    on.say(`job ${id} did not start: ${errorText(error)}`);
  }
}
