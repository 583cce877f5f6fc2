/** A FIFO without a reader holds up a process that opens it for writing, for ever: corral writes to none. */

/** Throws TypeError when a FIFO lies at the path; anything else, or nothing, is left to the one who opens it. */
export function refuseFifo(path: string): void {
  let isFifo: boolean | null;
  try {
    isFifo = Deno.statSync(path).isFifo;
  } catch {
    return;
  }
  if (isFifo) throw new TypeError("it is a fifo, which may never have a reader");
}
