/** The few C functions that the runtime does not offer, opened when first used (dlopen costs milliseconds). */
import { readKernelText } from "../base/kernel_file.ts";

/**
 * For pidfds glibc has wrappers only since 2.36, so it is syscall(2). Each of its arguments is a register wide: it takes them as long.
 */
const SYMBOLS = {
  kill: { parameters: ["i32", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "isize" },
  syscall: { parameters: ["isize", "isize", "isize", "usize", "isize"], result: "isize" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
} as const;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | null = null;

/** The functions themselves. Throws where there is no libc.so.6. */
export function libc(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  return (library ??= Deno.dlopen("libc.so.6", SYMBOLS)).symbols;
}

const opened = new Map<unknown, unknown>();

/**
 * Further functions, opened when first used and once: each costs 0.2 ms, and a launch needs few of them. Throws where there is no
 * libc.so.6.
 */
export function moreOfLibc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  if (!opened.has(symbols)) opened.set(symbols, Deno.dlopen("libc.so.6", symbols).symbols);
  return opened.get(symbols) as Deno.DynamicLibrary<S>["symbols"];
}

/** kill(2) for signals that have a number only; false when it was refused or the process is gone. */
export function killByNumber(pid: number, signal: number): boolean {
  return libc().kill(pid, signal) === 0;
}

/** sysconf(3), Linux. */
const _SC_PAGESIZE = 30;
let pageBytes: number | null = null;

/** Bytes of a page: 4096 here, up to 65536 on other machines. */
export function pageSizeBytes(): number {
  return pageBytes ??= Number(libc().sysconf(_SC_PAGESIZE));
}

/** madvise(2), Linux: drop the pages; they come back from the file when touched. */
const MADV_DONTNEED = 4;
/** Not worth a call below it. */
const WORTHWHILE_BYTES = 262_144;

/**
 * Makes a supervisor small that will now wait, perhaps for days: freed memory goes back to the system (malloc_trim(3)), and the pages
 * of its own program file that it needed to start are let go. Only read-only pages of files that nothing ever wrote to are dropped, so
 * nothing can be lost.
 */
export function releaseIdleMemory(procRoot: string): void {
  libc().malloc_trim(0n);
  for (const { start, bytes } of cleanFileMappings(readKernelText(`${procRoot}/self/smaps`))) {
    if (bytes >= WORTHWHILE_BYTES) libc().madvise(start, BigInt(bytes), MADV_DONTNEED);
  }
}

/** Read-only mappings of files without a single dirty page (relocated data is dirty), in the text of /proc/PID/smaps. Pure. */
export function cleanFileMappings(smaps: string): { start: bigint; bytes: number }[] {
  const found: { start: bigint; bytes: number }[] = [];
  for (const block of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ [1-9]\d* +\//.exec(block);
    const clean = /^Private_Dirty: +0 kB$/m.test(block) && /^Anonymous: +0 kB$/m.test(block);
    if (head === null || !clean) continue;
    const start = BigInt(`0x${head[1]}`);
    found.push({ start, bytes: Number(BigInt(`0x${head[2]}`) - start) });
  }
  return found;
}
