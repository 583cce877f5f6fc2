/** What the last sweep found, so that a finding that lasts is reported once. */
import type { Writing } from "./transitions.ts";

/** Puts the findings with these keys in the place of the `known` ones; returns the new ones. */
export function replaceFindings(
  { run }: Writing,
  known: readonly string[],
  { keys, atMs }: { keys: readonly string[]; atMs: number },
): Set<string> {
  const fresh = new Set(keys.filter((key) => !known.includes(key)));
  for (const key of fresh) run("INSERT INTO findings (key, first_at_ms) VALUES (?, ?)", key, atMs);
  for (const key of known) if (!keys.includes(key)) run("DELETE FROM findings WHERE key = ?", key);
  return fresh;
}
