/** Whether there is anything at a path. */

/** True when there is nothing, links followed; false where that cannot be known: its use then shows the fault. */
export function isMissing(path: string): boolean {
  try {
    Deno.statSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
