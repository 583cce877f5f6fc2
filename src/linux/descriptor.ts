/** Files by their descriptors (open(2)), for children: the runtime's own handles are none. */
import { cString, errnoText, libc, withErrno } from "./libc.ts";

/** open(2): the same on every architecture that Deno runs on. */
const O_RDWR = 0o2;
const O_WRONLY = 0o1;
const O_CREAT = 0o100;
const O_APPEND = 0o2000;
const O_CLOEXEC = 0o2000000;

/** An open file until it is disposed. */
export interface Descriptor extends Disposable {
  readonly number: number;
}

/** /dev/null, for reading and writing. Throws Error with errno in words. */
export function openNothing(): Descriptor {
  return open("/dev/null", O_RDWR, 0);
}

/** A file to append to; a new one has that mode. Throws Error with errno in words. */
export function openToAppend(path: string, mode: number): Descriptor {
  return open(path, O_WRONLY | O_CREAT | O_APPEND, mode);
}

function open(path: string, flags: number, mode: number): Descriptor {
  const { result, errno } = withErrno(() => libc().open(cString(path), flags | O_CLOEXEC, mode));
  if (result < 0) throw new Error(`${path}: ${errnoText(errno)}`);
  return { number: result, [Symbol.dispose]: () => void libc().close(result) };
}
