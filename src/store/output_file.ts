/** Where a detached job's stdout and stderr go, unless it was told otherwise: beside the store. */
export function outputFileOf(stateDir: string, id: string): string {
  return `${stateDir}/output/${id}.log`;
}
