/** What a job used, and what was sampled of it while it lived. `null` is "the kernel did not say", never 0. */

/** What one block device did for the job (io.stat). A stack, such as LVM on a disk, counts at each of its levels. */
export interface IoDevice {
  /** MAJOR:MINOR. */
  device: string;
  /** As in /proc/partitions, such as nvme0n1; null for one that is not listed there any more. */
  name: string | null;
  readBytes: number;
  writtenBytes: number;
  readOperations: number;
  writeOperations: number;
}

/** Kinds of memory (memory.stat), in bytes: the job's own, pages of files, of those the ones in tmpfs and shared memory, the kernel's. */
export interface MemorySplit {
  anonBytes: number | null;
  fileBytes: number | null;
  shmemBytes: number | null;
  slabBytes: number | null;
}

/** Nothing known. */
export const NO_SPLIT: MemorySplit = { anonBytes: null, fileBytes: null, shmemBytes: null, slabBytes: null };

/**
 * Figures of the whole job. CPU times, and pressure (PSI: how long some, or all, of its tasks waited for the resource), in microseconds.
 * Peaks by kind are the highest of each that was sampled, not all at one moment; the kernel keeps none of them.
 */
export interface Usage {
  wallMs: number | null;
  cpuUsageUsec: number | null;
  cpuUserUsec: number | null;
  cpuSystemUsec: number | null;
  cpuPeriods: number | null;
  cpuThrottledPeriods: number | null;
  cpuThrottledUsec: number | null;
  cpuPressureSomeUsec: number | null;
  cpuPressureFullUsec: number | null;
  memoryPeakBytes: number | null;
  memoryAnonPeakBytes: number | null;
  memoryFilePeakBytes: number | null;
  memoryShmemPeakBytes: number | null;
  memorySlabPeakBytes: number | null;
  /** How often it was slowed down at memory.high, and stopped at memory.max. */
  memoryHighEvents: number | null;
  memoryMaxEvents: number | null;
  memoryPressureSomeUsec: number | null;
  memoryPressureFullUsec: number | null;
  swapPeakBytes: number | null;
  oomKills: number | null;
  /** Sums over all devices. */
  ioReadBytes: number | null;
  ioWrittenBytes: number | null;
  ioReadOperations: number | null;
  ioWriteOperations: number | null;
  ioDevices: IoDevice[] | null;
  ioPressureSomeUsec: number | null;
  ioPressureFullUsec: number | null;
  pidsPeak: number | null;
}

/** Nothing known. */
export const NO_USAGE: Usage = {
  wallMs: null,
  cpuUsageUsec: null,
  cpuUserUsec: null,
  cpuSystemUsec: null,
  cpuPeriods: null,
  cpuThrottledPeriods: null,
  cpuThrottledUsec: null,
  cpuPressureSomeUsec: null,
  cpuPressureFullUsec: null,
  memoryPeakBytes: null,
  memoryAnonPeakBytes: null,
  memoryFilePeakBytes: null,
  memoryShmemPeakBytes: null,
  memorySlabPeakBytes: null,
  memoryHighEvents: null,
  memoryMaxEvents: null,
  memoryPressureSomeUsec: null,
  memoryPressureFullUsec: null,
  swapPeakBytes: null,
  oomKills: null,
  ioReadBytes: null,
  ioWrittenBytes: null,
  ioReadOperations: null,
  ioWriteOperations: null,
  ioDevices: null,
  ioPressureSomeUsec: null,
  ioPressureFullUsec: null,
  pidsPeak: null,
};

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
  return {
    anonBytes: higher(one.anonBytes, other.anonBytes),
    fileBytes: higher(one.fileBytes, other.fileBytes),
    shmemBytes: higher(one.shmemBytes, other.shmemBytes),
    slabBytes: higher(one.slabBytes, other.slabBytes),
  };
}

/** The usage with the peaks of memory by kind. */
export function withSplit(usage: Usage, peaks: MemorySplit): Usage {
  return {
    ...usage,
    memoryAnonPeakBytes: peaks.anonBytes,
    memoryFilePeakBytes: peaks.fileBytes,
    memoryShmemPeakBytes: peaks.shmemBytes,
    memorySlabPeakBytes: peaks.slabBytes,
  };
}

function higher(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
