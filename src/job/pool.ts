/** A pool: jobs that share room, which is a slice of the node with limits of its own. Pure. */

/** One pool, as the configuration or `corral pool set` has it. null: no limit. */
export interface Pool {
  readonly name: string;
  /** How many at once; 0 drains: what runs goes on, and nothing more is started. */
  readonly jobs: number | null;
  /** memory.max of all together, and what admission adds up, in bytes. */
  readonly memoryBytes: number | null;
  /** CPU quota of all together, in cores. */
  readonly cpus: number | null;
  /** The memory limit of a job that has none of its own, in bytes. */
  readonly defaultMemoryBytes: number | null;
}

const MAX_NAME_CHARACTERS = 32;

/** What a pool's name may be: it becomes part of a slice's name, in which a dash would be one more level. */
export const POOL_NAME_FORMS = `1 to ${MAX_NAME_CHARACTERS} letters, digits and _`;

/** True for a name that a pool can have. */
export function isPoolName(text: string): boolean {
  return /^[A-Za-z0-9_]{1,32}$/.test(text);
}
