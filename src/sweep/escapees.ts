import type { Context } from "../context.ts";
import type { JobStore } from "../store/jobs.ts";
import type { Finding } from "./finding.ts";
export function findEscapees(_context: Context, _store: JobStore): Promise<{ finding: Finding }[]> {
  return Promise.resolve([]);
}
export function endEscapees(_c: Context, _s: JobStore, _e: unknown, _l: unknown): Promise<void> {
  return Promise.resolve();
}
