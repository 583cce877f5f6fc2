/** Waiting where nothing gives notice: for a condition, and for time. */

/** Looks at once, then at widening intervals of 0.5 to 20 ms, at most `capMs`. True when the condition came to hold. */
export async function poll(holds: () => boolean, capMs: number): Promise<boolean> {
  const until = performance.now() + capMs;
  for (let pauseMs = 0.5;; pauseMs = Math.min(pauseMs * 1.5, 20)) {
    if (holds()) return true;
    if (performance.now() >= until) return false;
    await pause(pauseMs);
  }
}

/** setTimeout takes no more (24.8 days). */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves after `ms`, however long. */
export async function pause(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs >= 0; leftMs -= MAX_TIMER_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, MAX_TIMER_MS)));
  }
}

/** What the work gives, or null when it takes longer than `ms`; then it goes on. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Null after `ms`: the loser of a race keeps no process alive. */
export function after(ms: number): Promise<null> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(() => resolve(null), ms)));
}

/** Long against a turn of the event loop, short against a notice that is waited for. */
const SLICE_MS = 250;

/**
 * Null once this process has been free to act for `ms`. Time in which a call blocks it (a store that hangs) or the node starves it counts
 * as one slice at most: what it has not come to see in that time may have happened all the same. Keeps no process alive.
 */
export async function afterFree(ms: number): Promise<null> {
  for (let leftMs = ms; leftMs > 0; leftMs -= SLICE_MS) await after(Math.min(leftMs, SLICE_MS));
  return null;
}
