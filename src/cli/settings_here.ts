/** The settings of this process on this node. */
import { answers } from "../linux/apart.ts";
import { runCommand } from "../linux/command.ts";
import { homeOfUid } from "../linux/users.ts";
import { readSettings, type Surroundings } from "../settings/read.ts";
import type { Settings } from "../settings/settings.ts";
import { machineId, storeFileName, userStateDirHere } from "../store/place.ts";

/** Where the node's own settings are. */
export const ETC = "/etc";

/** The name of the store's file in that directory. */
export function storeFileIn(stateDir: string): string {
  return storeFileName(stateDir, {
    uid: Deno.uid() ?? 0,
    hostName: Deno.hostname(),
    machineId: machineId(ETC),
  });
}

/** Throws UsageError, TrustError, StoreError. */
export function settingsHere(
  around: Pick<Surroundings, "uid" | "env" | "cwd" | "options">,
): Promise<Settings> {
  const { uid } = around;
  return readSettings({
    ...around,
    answers,
    userStateDir: (known) => userStateDirHere(uid, known),
    storeFile: storeFileIn,
    homeOfUser: () => homeOfUid(uid, runCommand),
  });
}
