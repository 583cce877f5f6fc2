/** The endings of a store by their numbers: what a reader has seen up to a number, it need not see again. Numbers are given in the transaction of the ending (schema.ts), so that none appears below one that was seen. */
import { StoreError } from "../base/errors.ts";
import type { Database } from "./database.ts";

/** Up to which ending each store was read, by the stores' names. */
export type Positions = Readonly<Record<string, number>>;

/** As it is in `store` of the table `endings`. */
export const isStoreName = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** True for what can be positions. */
export function arePositions(value: unknown): value is Positions {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(value).every(([store, last]) =>
      isStoreName(store) && Number.isSafeInteger(last) && last >= 0
    );
}

/** The name of the store, and the number of its last ending. */
export function selectEndings(db: Database): { store: string; last: number } {
  const row = db.prepare("SELECT store, last FROM endings").get();
  const [store, last] = [String(row?.["store"]), Number(row?.["last"])];
  if (!isStoreName(store) || !Number.isSafeInteger(last)) throw new Error("the table of endings is damaged");
  return { store, last };
}

/** Where the reading of a store begins, behind what was seen. Throws StoreError for a store that was put back to what it was before. */
export function endingsSince(
  { store, last }: { store: string; last: number },
  seen: Positions,
  path: string,
): { store: string; after: number; last: number } {
  const after = Object.hasOwn(seen, store) ? seen[store]! : 0;
  if (after <= last) return { store, after, last };
  throw new StoreError("it is older than what was printed of it", {
    path,
    remedy: "it was put back from a copy: remove the cursor to have all jobs printed again",
  });
}
