/** Starts the keeper of a queue (keeper.ts), where there is none. */
import { SystemdBackend } from "../../backend/systemd_backend.ts";
import { toolPath } from "../../linux/command_lookup.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import type { JobStore } from "../../store/jobs.ts";
import { lockFile } from "../../store/sweep_lock.ts";
import { QUEUE_KEEP } from "./names.ts";
import type { Starter } from "./start_queued.ts";

/** The lock of the keeper; null when there is one. Throws StoreError. */
export const lockOfKeeper = (store: JobStore) => lockFile(`${store.path}.queue`);

/** Starts one where detached jobs wait and none is there; does not wait for it. A node that lets none start has its sweeps. */
export function startKeeper(on: Starter, store: JobStore): void {
  try {
    if (!isOnLocalFileSystem(store.path) || !store.isDetachedQueued()) return;
    const lock = lockOfKeeper(store);
    if (lock === null) return;
    lock[Symbol.dispose]();
    spawnKeeper(on);
  } catch (error) {
    on.say(`warning: the queue is looked after by sweeps alone: ${(error as Error).message}`);
  }
}

/** In a session, and under systemd in a scope, of its own: the end of its caller does not take it along. */
function spawnKeeper(on: Starter): void {
  const backend = on.backend("auto");
  const isUnit = backend instanceof SystemdBackend;
  const scope = isUnit
    ? [
      toolPath("systemd-run"),
      ...backend.systemd.toolFlags(),
      ...[
        "--scope",
        "--quiet",
        "--collect",
        "--slice=corral.slice",
        "--description=keeper of a corral queue",
        "--",
      ],
    ]
    : [];
  const [program, ...args] = [...scope, toolPath("setsid"), "--", on.self.path, QUEUE_KEEP];
  const env = { ...(isUnit ? backend.systemd.toolEnv() : {}), ...on.self.settingsEnv };
  const child = new Deno.Command(program!, {
    args,
    env,
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
}
