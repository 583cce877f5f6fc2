/** Paths as the caller means them. */

/** A path of the command line as an absolute one. */
export function fromHere(cwd: string, path: string): string {
  return path.startsWith("/") ? path : `${cwd}/${path}`;
}

/** What follows the last slash. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
