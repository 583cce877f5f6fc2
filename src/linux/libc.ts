/**
 * The few C functions that the runtime does not offer, each looked up when it is first used, as a launch needs few of them.
 *
 * They are called by their address: for a function of a library the runtime first compiles a fast path, 0.2 ms each, which is worth it
 * after thousands of calls (2.7.11).
 */
import { isSinglePid } from "./pid.ts";
import { readKernelText } from "../base/kernel_file.ts";
import { bytesOfWord } from "../base/raw_bytes.ts";

/**
 * For pidfds glibc has wrappers only since 2.36, so it is syscall(2). Each of its arguments is a register wide: it takes them as long.
 */
const SYMBOLS = {
  kill: { parameters: ["i32", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "isize" },
  syscall: { parameters: ["isize", "isize", "isize", "usize", "isize"], result: "isize" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  /** The same on a thread of its own; resolves when it returns. */
  pollAside: {
    name: "poll",
    parameters: ["buffer", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  adjtimex: { parameters: ["buffer"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  pthread_sigmask: { parameters: ["i32", "buffer", "pointer"], result: "i32" },
  signal: { parameters: ["i32", "pointer"], result: "pointer" },
  sigaction: { parameters: ["i32", "buffer", "pointer"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_read: { parameters: ["i32", "buffer"], result: "i32" },
  /** Addresses of functions that the kernel calls. */
  eventfd_write: { type: "pointer" },
  getpid: { type: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
  fcntl: { parameters: ["i32", "i32", "isize"], result: "i32" },
  /** The same on a thread of its own. */
  fcntlAside: { name: "fcntl", parameters: ["i32", "i32", "isize"], result: "i32", nonblocking: true },
} as const;

const LIBRARY = "libc.so.6";

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let library: Symbols | null = null;

/** The functions themselves. The first use of each throws where there is no libc.so.6, or none of that name in it. */
export function libc(): Symbols {
  return library ??= lazily(SYMBOLS) as Symbols;
}

function lazily(wanted: Deno.ForeignLibraryInterface): object {
  const symbols = {};
  for (const [name, symbol] of Object.entries(wanted)) {
    Object.defineProperty(symbols, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        const value = inLibc(name, symbol);
        Object.defineProperty(symbols, name, { value });
        return value;
      },
    });
  }
  return symbols;
}

/** The function, or its address where that is all that is asked for. */
function inLibc(name: string, symbol: Deno.ForeignFunction | Deno.ForeignStatic): unknown {
  if (!("parameters" in symbol) || symbol.nonblocking === true) {
    return Deno.dlopen(LIBRARY, { [name]: symbol }).symbols[name];
  }
  const { address } =
    Deno.dlopen(LIBRARY, { address: { name: symbol.name ?? name, type: "pointer" } }).symbols;
  if (address === null) throw new Error(`${LIBRARY} has no ${name}`);
  const called = new Deno.UnsafeFnPointer(address as Deno.PointerObject<Deno.ForeignFunction>, symbol);
  return (...args: Parameters<typeof called.call>) => called.call(...args);
}

const opened = new Map<unknown, unknown>();

/** Further functions. The first use of each throws where there is no libc.so.6, or none of that name in it. */
export function moreOfLibc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  if (!opened.has(symbols)) opened.set(symbols, lazily(symbols));
  return opened.get(symbols) as Deno.DynamicLibrary<S>["symbols"];
}

/** kill(2) for signals that have a number only; false when it was refused, the process is gone, or the number names no single process. */
export function killByNumber(pid: number, signal: number): boolean {
  return isSinglePid(pid) && libc().kill(pid, signal) === 0;
}

/**
 * What a function gives, and errno(3) right after it, read through its pointer: the runtime makes no failing system call on this thread in
 * between. A wrong value gives an error the wrong name.
 */
export function withErrno<T>(call: () => T): { result: T; errno: number } {
  const location = libc().__errno_location();
  const result = call();
  return { result, errno: location === null ? 0 : new Deno.UnsafePointerView(location).getInt32() };
}

/** A string as C has it, with the bytes that it was given (raw_bytes.ts). */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return bytesOfWord(`${text.replaceAll("\0", "")}\0`);
}

/** The same memory as bytes, for the parameters of C functions. */
export function bytesOf(array: { buffer: ArrayBuffer }): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer);
}

/** The words of an error number (strerror(3)), in English: no locale is set. */
export function errnoText(errno: number): string {
  const text = libc().strerror(errno);
  return text === null ? `errno ${errno}` : new Deno.UnsafePointerView(text).getCString();
}

/** errno(3), as on every architecture that Deno runs on. */
const EPERM = 1;

/** What kill(2) with signal 0 answers of a process, whatever /proc hides: `refused` is another user's. */
export function probe(pid: number): "mine" | "refused" | "none" {
  if (!isSinglePid(pid)) return "none";
  const { result, errno } = withErrno(() => libc().kill(pid, 0));
  if (result === 0) return "mine";
  return errno === EPERM ? "refused" : "none";
}

/** clock_gettime(2), Linux. */
const CLOCK_BOOTTIME = 7;
const clockWords = new BigInt64Array(2);

/** CLOCK_BOOTTIME in milliseconds: the clock of start times in /proc/PID/stat. lxcfs changes /proc/uptime and not this one. */
export function kernelBootMs(): number {
  libc().clock_gettime(CLOCK_BOOTTIME, clockWords);
  const [seconds = 0n, nanoseconds = 0n] = clockWords;
  return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
}

/** adjtimex(2): room for struct timex (208 bytes), whose first field, 0, asks and changes nothing. */
const TIMEX_BYTES = 256;
/** What it returns while nothing keeps the clock right; below 0 it was refused. */
const TIME_ERROR = 5;

/** True when something keeps the wall clock right. Setting it by hand (date -s) ends that. */
export function isClockSynchronised(): boolean {
  const state = libc().adjtimex(new Uint8Array(TIMEX_BYTES));
  return state >= 0 && state !== TIME_ERROR;
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
/** A smaller mapping is not worth a call. */
const WORTHWHILE_BYTES = 262_144;

/**
 * Makes a supervisor small that will now wait, perhaps for days: freed memory goes back to the system (malloc_trim(3)), and the pages
 * of its own program file that it needed to start are dropped. These are clean, read-only pages of files: the kernel can read them
 * again.
 */
export function releaseIdleMemory(procRoot: string): void {
  libc().malloc_trim(0n);
  for (const { start, bytes } of cleanFileMappings(readKernelText(`${procRoot}/self/smaps`))) {
    if (bytes >= WORTHWHILE_BYTES) libc().madvise(start, BigInt(bytes), MADV_DONTNEED);
  }
}

/** The same from a timer: another C library, no smaps: a larger process waits as well, and an error there would end it. */
export function trimMemory(procRoot: string): void {
  try {
    releaseIdleMemory(procRoot);
  } catch {
    // As it was.
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
