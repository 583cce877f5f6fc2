/** What only the kernel knows of a program file: that its mount refuses to execute, and that it is open for writing. */
import { cString, libc, moreOfLibc, withErrno } from "./libc.ts";

const ACCESS = { access: { parameters: ["buffer", "i32"], result: "i32" } } as const;
/** access(2), fcntl(2), open(2). */
const X_OK = 1;
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
const O_NONBLOCK_CLOEXEC = 0o2004000;
const EAGAIN = 11;

/** True when access(2) refuses to execute it, which is what a noexec mount does besides modes and ACLs. Throws without a libc.so.6. */
export function isMountedNoexec(file: string): boolean {
  return moreOfLibc(ACCESS).access(cString(file), X_OK) !== 0;
}

/** True when a process has it open for writing: the kernel then refuses a lease for reading. False where this user may take none. */
export function isOpenForWriting(file: string): boolean {
  const opened = libc().open(cString(file), O_NONBLOCK_CLOEXEC, 0);
  if (opened < 0) return false;
  const { result, errno } = withErrno(() => libc().fcntl(opened, F_SETLEASE, BigInt(F_RDLCK)));
  const refused = result !== 0;
  if (!refused) libc().fcntl(opened, F_SETLEASE, BigInt(F_UNLCK));
  libc().close(opened);
  return refused && errno === EAGAIN;
}
