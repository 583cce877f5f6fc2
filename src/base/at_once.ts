/** Doing the same for many, some at a time. */

/** Calls `act` for each item, at most `width` at once; what each gave, in the order of the items. Rejects with the first that throws. */
export async function atOnce<T, R>(
  items: readonly T[],
  width: number,
  act: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
