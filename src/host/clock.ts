/** Time: the wall clock for people, CLOCK_BOOTTIME for deadlines (it does not step and goes on while the node sleeps). */

export interface Clock {
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** CLOCK_BOOTTIME in milliseconds, 10 ms steps (proc_uptime(5)). */
  bootMs(): number;
  /** /proc/sys/kernel/random/boot_id: differs after every boot. */
  bootId(): string;
}

/** The node's clock, read from `procRoot`. */
export function hostClock(procRoot: string): Clock {
  let bootId: string | null = null;
  return {
    wallMs: () => Date.now(),
    bootMs: () => Math.round(Number.parseFloat(Deno.readTextFileSync(`${procRoot}/uptime`)) * 1000),
    bootId: () => bootId ??= Deno.readTextFileSync(`${procRoot}/sys/kernel/random/boot_id`).trim(),
  };
}
