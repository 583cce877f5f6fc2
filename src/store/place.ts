/** Where the store of a user is when no directory was named: on a local disk, so that no file server holds up the jobs of a node. */
import { isOnLocalFileSystem } from "../linux/mounts.ts";
import { ensurePrivateDir, privateDirState, ROOT_STATE_DIR } from "./private_dir.ts";

/** Made by root for all users, mode 1777; each has a directory in it, named by the uid. */
export const USERS_DIR = `${ROOT_STATE_DIR}/users`;
const STICKY = 0o1000;

/** The parts of the node that decide, apart for tests. */
export interface PlaceRequest {
  uid: number;
  /** {@link USERS_DIR}, or what the configuration has in its place. */
  usersDir: string;
  /** The state directory of the user's home; null without a home. */
  inHome: string | null;
  /** The directory that is used when the home is not local. */
  last: string;
  isLocal: (path: string) => boolean;
}

/** The directory, made when it has to be the user's alone. Throws StoreError when another user has taken the last one that is left. */
export function userStateDir({ uid, usersDir, inHome, last, isLocal }: PlaceRequest): string {
  const own = `${usersDir}/${uid}`;
  if (isForUsers(usersDir) && privateDirState(own, uid) !== "foreign") {
    try {
      ensurePrivateDir(own, uid);
      return own;
    } catch {
      // A file system that is read-only or full: the next place.
    }
  }
  if (inHome !== null && isLocal(inHome)) return inHome;
  ensurePrivateDir(last, uid);
  return last;
}

/** Root's, and where others can write, no one can take away what is another's. */
function isForUsers(dir: string): boolean {
  try {
    const { isDirectory, uid, mode } = Deno.lstatSync(dir);
    return isDirectory && uid === 0 && ((mode ?? 0) & STICKY) !== 0;
  } catch {
    return false;
  }
}

/** The same on this node. */
export function userStateDirHere(
  uid: number,
  { inHome, usersDir }: { inHome: string | null; usersDir: string | null },
): string {
  const last = `/var/tmp/corral-${uid}`;
  return userStateDir({
    uid,
    usersDir: usersDir ?? USERS_DIR,
    inHome,
    last,
    isLocal: (path) => isOnLocalFileSystem(path),
  });
}

/**
 * The name of the file: nodes can share a directory, and nodes that were made of one image have one name. Root's own directory is the
 * node's. A file of the older name goes on being used where no other node can have made it.
 */
export function storeFileName(
  directory: string,
  node: { uid: number; hostName: string; machineId: string | null },
  isLocal = isOnLocalFileSystem(directory),
): string {
  const { uid, hostName, machineId } = node;
  if (uid === 0 && isLocal) return "corral.db";
  const named = machineId === null ? `${hostName}.db` : `${hostName}-${machineId.slice(0, ID_CHARACTERS)}.db`;
  return isLocal && isFile(`${directory}/${hostName}.db`) && !isFile(`${directory}/${named}`)
    ? `${hostName}.db`
    : named;
}

const ID_CHARACTERS = 12;

function isFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}

/** Of machine-id(5); null where there is none. */
export function machineId(etc: string): string | null {
  try {
    return /^[0-9a-f]{32}$/m.exec(Deno.readTextFileSync(`${etc}/machine-id`))?.[0] ?? null;
  } catch {
    return null;
  }
}
