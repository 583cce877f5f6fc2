/** The directory in which each user has a place for a store, on a local disk. */
import { dirname, join } from "node:path";
import { PathError } from "../../base/errors.ts";
import type { InstallStep } from "./plan.ts";

/** Any user may make an entry, and take away only what is the user's own. */
const SHARED_MODE = 0o1777;
/** Root's own directory is above it: others may pass, and not look. */
const PASSABLE_MODE = 0o711;
const ALL_MODE_BITS = 0o7777;

/** Where it is by default, and the modes of it and of the one above: packages make them too. */
export const USERS_DIRECTORY = {
  path: "/var/lib/corral/users",
  sharedMode: SHARED_MODE,
  aboveMode: PASSABLE_MODE,
} as const;

/** Where it is: `configured` is that of the configuration, `etc` is /etc, elsewhere on a fake node. */
interface UsersDirectory {
  uid: number;
  etc: string;
  configured: string | null;
}

function pathOf({ etc, configured }: UsersDirectory): string {
  return configured ?? join(etc, "../var/lib/corral/users");
}

/** The step that is missing for it; none for a user. */
export function usersDirectorySteps(request: UsersDirectory): InstallStep[] {
  const path = pathOf(request);
  return request.uid !== 0 || isShared(path) ? [] : [{ do: "makeUsersDirectory", path }];
}

/** The step that takes it away where no user has a store in it. */
export function usersDirectoryRemoval(request: UsersDirectory): InstallStep[] {
  const path = pathOf(request);
  return request.uid === 0 && isShared(path) ? [{ do: "removeEmptyDirectory", path }] : [];
}

function isShared(path: string): boolean {
  try {
    const { isDirectory, mode } = Deno.lstatSync(path);
    return isDirectory && ((mode ?? 0) & ALL_MODE_BITS) === SHARED_MODE;
  } catch {
    return false;
  }
}

/** Makes it. What lies there and is no directory of root's is refused. Throws PathError. */
export function makeUsersDirectory(path: string): void {
  const above = dirname(path);
  try {
    Deno.mkdirSync(above, { recursive: true, mode: PASSABLE_MODE });
    // Made for root alone by an earlier command, or under a narrow umask.
    const mode = (Deno.statSync(above).mode ?? 0) & ALL_MODE_BITS;
    Deno.chmodSync(above, mode | PASSABLE_MODE);
    Deno.mkdirSync(path, { recursive: true });
    const { isDirectory, uid } = Deno.lstatSync(path);
    if (!isDirectory || uid !== Deno.uid()) throw new Error("is not a directory of root's");
    Deno.chmodSync(path, SHARED_MODE);
  } catch (cause) {
    throw new PathError("cannot make the directory for the users' stores", { path, cause });
  }
}
