/** Doing the same for many, some at a time. */

/** Calls `act` for each item, at most `width` at once. Resolves when all are done; `act` must not throw. */
export async function atOnce<T>(
  items: readonly T[],
  width: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
