/** Which users of the node may have jobs of their own: by the directories of their stores, and by their cgroups. */
import { isVanished } from "../base/errno.ts";
import type { CgroupFs } from "../cgroup/file.ts";

/** A uid in its one spelling. */
const UID = /^[1-9]\d{0,9}$/;

/**
 * A user can make directories of other numbers than the user's own (subordinate uids, subuid(5)), 65536 of them by default. Past so many, those
 * without a job under a manager of systemd are not asked.
 */
const MOST_USERS = 4_096;

/**
 * Uids other than root's, each once: first those with a manager of systemd, which only root starts. A directory counts that its own user made: one that another user has made under that number is
 * a squatter's, and its owner is asked under the owner's own number.
 */
export function usersWithJobs(usersDir: string, fs: CgroupFs): { uids: number[]; leftOut: number } {
  const inOrder = (uids: number[]) => uids.toSorted((a, b) => a - b);
  const uids = new Set([...inOrder(usersWithSlices(fs)), ...inOrder(ownersIn(usersDir))]);
  return { uids: [...uids].slice(0, MOST_USERS), leftOut: Math.max(0, uids.size - MOST_USERS) };
}

function ownersIn(usersDir: string): number[] {
  return namesIn(usersDir).filter((name) => UID.test(name) && isOwners(`${usersDir}/${name}`, Number(name)))
    .map(Number);
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (error) {
    // Not installed for users: there are none.
    if (isVanished(error)) return [];
    throw error;
  }
}

/** False also for an entry that a user takes away at this moment: it must not hide the others. */
function isOwners(path: string, owner: number): boolean {
  try {
    const { isDirectory, uid } = Deno.lstatSync(path);
    return isDirectory && uid === owner;
  } catch {
    return false;
  }
}

/** systemd.special(7): /user.slice/user-UID.slice/user@UID.service; below it corral.slice, once that user has run a job. */
function usersWithSlices(fs: CgroupFs): number[] {
  return fs.children("/user.slice").flatMap((name) => {
    const uid = /^user-([1-9]\d{0,9})\.slice$/.exec(name)?.[1];
    if (uid === undefined) return [];
    return fs.inode(`/user.slice/${name}/user@${uid}.service/corral.slice`) === null ? [] : [Number(uid)];
  });
}

/** True when the cgroup's directory belongs to the user: systemd and a delegation (Delegate=) make it so. */
export function isUsersCgroup(fs: CgroupFs, path: string, uid: number): boolean {
  try {
    const info = Deno.lstatSync(fs.locate(path));
    return info.isDirectory && info.uid === uid;
  } catch {
    return false;
  }
}
