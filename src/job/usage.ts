/** What a job used, and what was sampled of it while it lived. `null` is "the kernel does not show it", never 0. */
import { type FigureKey, FIGURES, type IoFigure, MEMORY_KINDS, type MemoryKind } from "./figures.ts";

/** What one block device did for the job (io.stat). A stack, such as LVM on a disk, counts at each of its levels. */
export interface IoDevice extends Record<IoFigure, number> {
  /** MAJOR:MINOR. */
  device: string;
  /** As in /proc/partitions, such as nvme0n1; null for one that is not listed there any more. */
  name: string | null;
}

/** Kinds of memory (memory.stat), in bytes: the job's own, pages of files, of those the ones in tmpfs and shared memory, the kernel's. */
export type MemorySplit = { [Kind in MemoryKind as `${Kind}Bytes`]: number | null };

/** The memory of each kind. */
export function splitOf(read: (kind: MemoryKind, key: FigureKey) => number | null): MemorySplit {
  return Object.fromEntries(
    MEMORY_KINDS.map(({ kind, key }) => [`${kind}Bytes`, read(kind, key)]),
  ) as MemorySplit;
}

/** Nothing known. */
export const NO_SPLIT: MemorySplit = splitOf(() => null);

/** Figures of the whole job. */
export interface Usage extends Record<FigureKey, number | null> {
  ioDevices: IoDevice[] | null;
}

/** Nothing known. */
export const NO_USAGE: Usage = Object.fromEntries(
  // Where the JSON has always had the devices: behind their sums.
  FIGURES.flatMap(({ key }) => key === "ioWriteOperations" ? [key, "ioDevices"] : [key])
    .map((key) => [key, null]),
) as unknown as Usage;

/** A moment of a job's life. `offsetMs` is since its start; CPU time is what it had used by then; memory and tasks what it held. */
export interface Sample {
  offsetMs: number;
  memoryBytes: number | null;
  anonBytes: number | null;
  fileBytes: number | null;
  cpuUsageUsec: number | null;
  tasks: number | null;
}

/** The higher of each kind; what only one of them knows is that one's. */
export function higherSplit(one: MemorySplit, other: MemorySplit): MemorySplit {
  return splitOf((kind) => higher(one[`${kind}Bytes`], other[`${kind}Bytes`]));
}

/** The usage with the peaks of memory by kind. */
export function withSplit(usage: Usage, peaks: MemorySplit): Usage {
  const figures = MEMORY_KINDS.map(({ kind, key }) => [key, peaks[`${kind}Bytes`]]);
  return { ...usage, ...Object.fromEntries(figures) };
}

function higher(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
