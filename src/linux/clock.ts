/** Time: the wall clock for people, CLOCK_BOOTTIME for deadlines (it does not step and goes on while the node sleeps). */
import { readKernelText } from "../base/kernel_file.ts";

/** What tells the time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** CLOCK_BOOTTIME in milliseconds (proc_uptime(5)); other processes on the node may differ by 10. */
  bootMs(): number;
  /** /proc/sys/kernel/random/boot_id: differs after every boot. */
  bootId(): string;
}

/** Length of a clock tick, in which /proc counts times of processes: USER_HZ is 100 on every architecture that Deno runs on. */
export const MS_PER_TICK = 10;

/** When a process was started, in milliseconds of CLOCK_BOOTTIME, at most 10 too early. */
export function startedBootMs({ startTicks }: { startTicks: number }): number {
  return startTicks * MS_PER_TICK;
}

/** /proc/uptime steps by 10 ms; ahead of the fine clock by more than this, it has counted a time that the node slept. */
const SLEEP_TOLERANCE_MS = 20;

/**
 * The node's clock, read from `procRoot`. Between the 10 ms steps of /proc/uptime, CLOCK_MONOTONIC tells the milliseconds: a deadline is
 * not late by half a step on average.
 */
export function hostClock(procRoot: string, monotonicMs: () => number = () => performance.now()): Clock {
  let bootId: string | null = null;
  let anchor: { bootMs: number; monotonicMs: number } | null = null;
  const bootMs = () => {
    const coarse = Number.parseFloat(readKernelText(`${procRoot}/uptime`)) * 1000;
    const now = monotonicMs();
    const fine = anchor === null ? -Infinity : anchor.bootMs + now - anchor.monotonicMs;
    if (anchor === null || coarse > fine + SLEEP_TOLERANCE_MS) anchor = { bootMs: coarse, monotonicMs: now };
    return Math.round(Math.max(coarse, fine));
  };
  return {
    wallMs: () => Date.now(),
    bootMs,
    bootId: () => bootId ??= readKernelText(`${procRoot}/sys/kernel/random/boot_id`).trim(),
  };
}
