/** What root's timer runs and reads must be changeable by root alone: who can replace it is root five minutes later. */
import { dirname } from "node:path";
import { SetupError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";

/** A file or directory, with what decides who can change it. */
export interface PathOwner {
  path: string;
  uid: number;
  /** Bits of st_mode. */
  mode: number;
}

const WRITABLE_BY_OTHERS = 0o022;

/** Throws SetupError for the first of a path's parts that others can change. `what` is the path's role, such as "this binary". */
export function refuseChangeable(what: string, parts: readonly PathOwner[]): void {
  const [file] = parts;
  const bad = parts.find(({ uid, mode }) => uid !== 0 || (mode & WRITABLE_BY_OTHERS) !== 0);
  if (file === undefined || bad === undefined) return;
  const why = bad.uid !== 0
    ? `belongs to uid ${bad.uid}`
    : `can be written by others than root (mode ${(bad.mode & 0o7777).toString(8)})`;
  const remedy = bad.path === file.path
    ? `chown root ${file.path} && chmod go-w ${file.path}`
    : "put it where only root can write";
  throw new SetupError(
    `${what} ${quoted(file.path, 400)} is not for root's timer, others can replace it: ${
      quoted(bad.path, 400)
    } ${why}`,
    remedy,
  );
}

/** The file and every directory above it. The path is a real one: without symbolic links. */
export function ownersOf(realPath: string): PathOwner[] {
  const paths = [realPath];
  while (paths.at(-1) !== "/") paths.push(dirname(paths.at(-1)!));
  return paths.map((path) => {
    const { uid, mode } = Deno.lstatSync(path);
    return { path, uid: uid ?? 0, mode: mode ?? 0 };
  });
}
