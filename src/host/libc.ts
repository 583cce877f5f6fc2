/** The few C functions that the runtime does not offer, opened when first used (dlopen costs milliseconds). */

const SYMBOLS = {
  kill: { parameters: ["i32", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | null = null;

function libc(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  return (library ??= Deno.dlopen("libc.so.6", SYMBOLS)).symbols;
}

/** kill(2) for signals that have a number only; false when it was refused or the process is gone. */
export function killByNumber(pid: number, signal: number): boolean {
  return libc().kill(pid, signal) === 0;
}

/** Gives freed memory back to the system (malloc_trim(3)): for a supervisor that now waits for hours. */
export function trimMemory(): void {
  libc().malloc_trim(0n);
}
