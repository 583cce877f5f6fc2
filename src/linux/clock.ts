/** Time: the wall clock for people, CLOCK_BOOTTIME for deadlines (it does not step and goes on while the node sleeps). */
import { isClockSynchronised, kernelBootMs } from "./libc.ts";
import { readKernelText } from "../base/kernel_file.ts";

/** A source of time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** CLOCK_BOOTTIME in milliseconds. */
  bootMs(): number;
  /** /proc/sys/kernel/random/boot_id: differs after every boot. */
  bootId(): string;
  /** True when the kernel reports that the wall clock is set from outside (NTP); absent where it cannot be asked. */
  isSynchronised?(): boolean;
}

/** This moment by both clocks, and the boot that the second counts from. */
export function momentOf({ clock }: { clock: Clock }): { wallMs: number; bootMs: number; bootId: string } {
  return { wallMs: clock.wallMs(), bootMs: clock.bootMs(), bootId: clock.bootId() };
}

/** Length of a clock tick, in which /proc counts times of processes: USER_HZ is 100 on every architecture that Deno runs on. */
export const MS_PER_TICK = 10;

/** When a process was started, in milliseconds of CLOCK_BOOTTIME, at most 10 too early. */
export function startedBootMs({ startTicks }: { startTicks: number }): number {
  return startTicks * MS_PER_TICK;
}

/**
 * The node's clock, read from the kernel. In a container /proc/uptime may be the container's own (lxcfs), while the start times in
 * /proc/PID/stat are the node's.
 */
export function hostClock(procRoot: string, readBootMs: () => number = kernelBootMs): Clock {
  let bootId: string | null = null;
  return {
    wallMs: () => Date.now(),
    bootMs: () => Math.round(readBootMs()),
    isSynchronised: isClockSynchronised,
    bootId: () => bootId ??= readKernelText(`${procRoot}/sys/kernel/random/boot_id`).trim(),
  };
}
