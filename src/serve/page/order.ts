/** Which live jobs are shown, and in which order. Pure. */
import type { LiveRow } from "../feed.ts";
import { NEAR } from "./bar.ts";

/** A column of the table. */
export type SortKey =
  | "state"
  | "name"
  | "user"
  | "pool"
  | "memory"
  | "cpu"
  | "disk"
  | "processes"
  | "age"
  | "left";
/** Which jobs are shown. */
export type Chip = "all" | "attention" | "running";

/** A column and its direction. */
export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** What the table begins with. */
export const BY_MEMORY: Sort = { key: "memory", descending: true };
const SOON_MS = 300_000;

const VALUES: Readonly<Record<SortKey, (row: LiveRow) => string | number | null>> = {
  state: ({ state }) => state,
  name: ({ name }) => name,
  user: ({ user }) => user,
  pool: ({ pool }) => pool,
  memory: ({ memoryBytes }) => memoryBytes,
  cpu: ({ cpuCores }) => cpuCores,
  disk: diskRate,
  processes: ({ processes }) => processes,
  // The longer it runs, the earlier it started.
  age: ({ startedMs }) => startedMs === null ? null : -startedMs,
  left: ({ deadlineMs }) => deadlineMs,
};

/** A column of figures begins with the largest, one of words with `a`; the time that is left with the shortest. */
export function nextSort(sort: Sort, key: SortKey): Sort {
  if (sort.key === key) return { key, descending: !sort.descending };
  return { key, descending: ["memory", "cpu", "disk", "processes", "age"].includes(key) };
}

/** What is not known comes last in either direction; equal ones are in the order of their ids. */
export function sorted(rows: readonly LiveRow[], { key, descending }: Sort): LiveRow[] {
  const valueOf = VALUES[key];
  const sign = descending ? -1 : 1;
  return rows.map((row) => ({ row, value: valueOf(row) })).sort((a, b) => {
    if (a.value === null || b.value === null) {
      return Number(a.value === null) - Number(b.value === null) || compared(a.row.id, b.row.id);
    }
    return sign * compared(a.value, b.value) || compared(a.row.id, b.row.id);
  }).map(({ row }) => row);
}

/** The order of before, for as long as a pointer or the focus is among the rows; new ones come last. */
export function keptInOrder(rows: readonly LiveRow[], order: readonly string[]): LiveRow[] {
  const place = new Map(order.map((id, index) => [id, index]));
  const placeOf = ({ id }: LiveRow) => place.get(id) ?? Infinity;
  return [...rows].sort((a, b) => compared(placeOf(a), placeOf(b)));
}

/** Whether id, name, ref, user or pool contain the text, in any case. */
export function matches(row: LiveRow, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return true;
  return [row.id, row.name, row.ref, row.user, row.pool].some((word) => word?.toLowerCase().includes(wanted));
}

/** Whether a chip shows the job. */
export function isOf(row: LiveRow, chip: Chip, nowMs: number): boolean {
  if (chip === "running") return row.state === "running";
  return chip === "all" || needsAttention(row, nowMs);
}

/** Idle, unkillable, near its memory limit, or soon at its deadline. */
export function needsAttention(row: LiveRow, nowMs: number): boolean {
  return row.state === "idle" || row.state === "unkillable" || isNearMemory(row) || isSoonOver(row, nowMs);
}

/** At nine tenths of the limit that kills. */
export function isNearMemory({ memoryBytes, memoryMaxBytes }: LiveRow): boolean {
  return memoryBytes !== null && memoryMaxBytes !== null && memoryBytes / memoryMaxBytes >= NEAR;
}

/** Less than five minutes left; not when its time is over already. */
export function isSoonOver({ deadlineMs }: LiveRow, nowMs: number): boolean {
  return deadlineMs !== null && deadlineMs > nowMs && deadlineMs - nowMs < SOON_MS;
}

/** Read and written together; null where neither is known. */
export function diskRate({ readBytesPerSec, writtenBytesPerSec }: LiveRow): number | null {
  if (readBytesPerSec === null && writtenBytesPerSec === null) return null;
  return (readBytesPerSec ?? 0) + (writtenBytesPerSec ?? 0);
}

function compared(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
