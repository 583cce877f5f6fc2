/** The store for a job of a pool. Any other job runs without one if need be; who has room in a pool, the store alone knows. */
import { CorralError, StoreError } from "../../base/errors.ts";
import { isBusy } from "../../store/ledger.ts";
import type { JobStore } from "../../store/jobs.ts";
import { BUSY_TIMEOUT_MS } from "../../store/open.ts";
import type { RunContext } from "./run_request.ts";
import { WaitLine } from "./wait_line.ts";

/** Signals are seen between two tries. */
const TRY_MS = 250;
const PAUSE_MS = 50;

/** The process that waits for the store, and how it speaks. */
export interface StoreWait {
  context: Pick<RunContext, "openStore" | "clock" | "pause" | "progress">;
  say: (line: string) => void;
  /** True once the job is wanted no more. */
  isStopped: () => boolean;
}

/**
 * What `act` gives, tried again for as long as another process holds the store and a usual call would wait for it; null when the job is
 * wanted no more. Throws CorralError, TrustError.
 */
export async function withPoolStore<T>(wait: StoreWait, act: (store: JobStore) => T): Promise<T | null> {
  const { context, isStopped } = wait;
  const line = new WaitLine(context, wait.say);
  let store: JobStore | null = null;
  try {
    for (const untilMs = context.clock.bootMs() + BUSY_TIMEOUT_MS; !isStopped();) {
      try {
        store ??= context.openStore("run", TRY_MS);
        return patiently(store, act);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (!isBusy(error) || context.clock.bootMs() >= untilMs) throw noPool(error);
        line.tell(`another process holds ${error.path}: the pool is waited for`);
      }
      await context.pause(PAUSE_MS);
    }
    return null;
  } finally {
    line.clear();
  }
}

function patiently<T>(store: JobStore, act: (store: JobStore) => T): T {
  store.waitAtMost(TRY_MS);
  try {
    return act(store);
  } finally {
    store.waitAtMost(BUSY_TIMEOUT_MS);
  }
}

/** The failure of the store, for a job that cannot be without. */
export function noPool(error: StoreError): CorralError {
  const remedy = isBusy(error) ? "try again when that process is done" : error.remedy;
  const rest = remedy === null ? "" : `${remedy}, or `;
  return new CorralError(error.message, {
    cause: error,
    remedy: `a pool cannot be kept without its store: ${rest}leave out --pool`,
  });
}
