/**
 * Paths longer than PATH_MAX, which no system call takes: a job can nest cgroups as deep as it likes, step by step. corral reaches them as the
 * job made them, by a descriptor of a directory above: /proc/self/fd/N/REST.
 */
import { CorralError } from "../base/errors.ts";
import { errnoText, libc, withErrno } from "./libc.ts";

/** PATH_MAX is 4096 with the zero at its end; room for a file's name below what is opened. */
const MOST_BYTES = 3_800;
/** Below that, no encoding makes it too long. */
const SURELY_SHORT = MOST_BYTES / 4;
/** open(2). */
const O_DIRECTORY = 0o200000;
const O_DIRECTORY_ARM = 0o40000;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const ENOENT = 2;
const ENODEV = 19;

/** Runs `act` with a name of the same file that is short enough. Throws what `act` throws; Deno.errors.NotFound for a directory that is gone. */
export function withShortName<T>(path: string, act: (name: string) => T): T {
  if (path.length < SURELY_SHORT || bytesOf(path) <= MOST_BYTES) return act(path);
  let held: number | null = null;
  let name = path;
  try {
    while (bytesOf(name) > MOST_BYTES) {
      const cut = lastSlash(name);
      const next = openDirectory(name.slice(0, cut));
      if (held !== null) libc().close(held);
      held = next;
      name = `/proc/self/fd/${held}${name.slice(cut)}`;
    }
    return act(name);
  } finally {
    if (held !== null) libc().close(held);
  }
}

/** Runs `act` with a name of the directory that leads to this very directory, whatever becomes of its path meanwhile. Throws as withShortName(). */
export function withDirectory<T>(path: string, act: (name: string) => T): T {
  const held = withShortName(path, openDirectory);
  try {
    return act(`/proc/self/fd/${held}`);
  } finally {
    libc().close(held);
  }
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The last slash before which the name is short enough. */
function lastSlash(name: string): number {
  for (let cut = name.lastIndexOf("/", MOST_BYTES); cut > 0; cut = name.lastIndexOf("/", cut - 1)) {
    if (bytesOf(name.slice(0, cut)) <= MOST_BYTES) return cut;
  }
  throw new CorralError("cannot reach a path without a slash");
}

function openDirectory(path: string): number {
  const directory = Deno.build.arch === "aarch64" ? O_DIRECTORY_ARM : O_DIRECTORY;
  const flags = O_PATH | O_CLOEXEC | directory;
  const { result, errno } = withErrno(() => libc().open(new TextEncoder().encode(`${path}\0`), flags, 0));
  if (result >= 0) return result;
  const message = `open: ${errnoText(errno)}`;
  throw [ENOENT, ENODEV].includes(errno) ? new Deno.errors.NotFound(message) : new CorralError(message);
}
