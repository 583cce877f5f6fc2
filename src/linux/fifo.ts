/** A FIFO without a reader blocks a process that opens it for writing, for ever: corral writes to no FIFO. */

/** Throws TypeError when a FIFO lies at the path; the caller that opens it deals with anything else. */
export function refuseFifo(path: string): void {
  let isFifo: boolean | null;
  try {
    isFifo = Deno.statSync(path).isFifo;
  } catch {
    return;
  }
  if (isFifo) throw new TypeError("it is a fifo, which may never have a reader");
}
