/**
 * A FIFO without a reader blocks a process that opens it for writing, for ever. For a job, corral writes to no FIFO; for a report, only to
 * one that is being read.
 */
import { closeSync, constants, openSync } from "node:fs";

/** Throws TypeError when a FIFO lies at the path; the caller that opens it deals with anything else. */
export function refuseFifo(path: string): void {
  if (isFifo(path)) throw new TypeError("it is a fifo, which may never have a reader");
}

/** What `open` gives, which opens the path for writing. Throws TypeError for a FIFO that nothing reads. */
export function openRead<T>(path: string, open: () => T): T {
  if (!isFifo(path)) return open();
  const held = openAtOnce(path);
  try {
    return open();
  } finally {
    closeSync(held);
  }
}

function openAtOnce(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as { code?: string }).code === "ENXIO") throw new TypeError("it is a fifo without a reader");
    throw error;
  }
}

function isFifo(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo ?? false;
  } catch {
    return false;
  }
}
