/** Which error of the system an exception stands for: the one place that knows how the runtime says it. */

/** Errors for which Deno 2.7.11 sets no `code`: only the number in the message tells them apart. */
const WITHOUT_CODE: ReadonlyMap<string, string> = new Map([["3", "ESRCH"], ["19", "ENODEV"], [
  "30",
  "EROFS",
]]);

/** The name of the system's error (errno(3)), such as `ENOENT`; null for any other exception. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  const number = /\(os error (\d+)\)/.exec(error.message)?.[1];
  return number === undefined ? null : WITHOUT_CODE.get(number) ?? null;
}

/**
 * True for the errors of a cgroup or process that has vanished: ENOENT at open, ENODEV at a read of an open file, ESRCH at /proc and at
 * kill(2). The one named exception to "every error surfaces".
 */
export function isVanished(error: unknown): boolean {
  if (error instanceof Deno.errors.NotFound) return true;
  return ["ENOENT", "ENODEV", "ESRCH"].includes(errorCode(error) ?? "");
}

/** True for EACCES and EPERM. */
export function isForbidden(error: unknown): boolean {
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) return true;
  return ["EACCES", "EPERM"].includes(errorCode(error) ?? "");
}

/**
 * True for EOPNOTSUPP: a pressure file of a kernel booted with psi=0 (Linux 4.20 to 5.12; later ones do not show it), and cgroup.procs of a
 * threaded cgroup.
 */
export function isSwitchedOff(error: unknown): boolean {
  return errorCode(error) === "ENOTSUP";
}

/** True for ESRCH at a write to cgroup.procs: the process has gone; ENOENT and ENODEV would mean the cgroup. */
export function isNoProcess(error: unknown): boolean {
  return errorCode(error) === "ESRCH";
}

/** True for a file system that is mounted read-only. */
export function isReadOnly(error: unknown): boolean {
  return errorCode(error) === "EROFS";
}
