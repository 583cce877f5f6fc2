/**
 * Starts a process by posix_spawn(3): in a session of its own, every signal at its default and none blocked, before its first
 * instruction. The runtime's own way copies the page tables of this process (fork(2)), and costs a launch 4 ms more.
 */
import { bytesOf, cString, errnoText, libc, moreOfLibc } from "./libc.ts";

const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
/** posix_spawnattr_t has 336 bytes and posix_spawn_file_actions_t 80; both begin as zeros (posix_spawnattr_init(3)). */
const STRUCT_BYTES = 512;
/** In posix_spawnattr_t, part of glibc's ABI: short flags, pid_t, then two sets of 1024 signals, those at default and those blocked. */
const SIGDEFAULT_OFFSET = 8;
const SIGSET_BYTES = 128;
const POINTER_BYTES = 8;
const STDERR = 2;
/** fcntl(2). */
const F_DUPFD_CLOEXEC = 1030;

const SYMBOLS = {
  posix_spawn: { parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addclose: { parameters: ["buffer", "i32"], result: "i32" },
} as const;

/** What to start. */
export interface SpawnOptions {
  /** The first word is the path of the program. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Descriptors of this process: the child has them as 0, 1, 2 … and no others but those without close-on-exec. */
  descriptors: readonly number[];
  /** Descriptors that the child must not have, whatever their flags. */
  closed?: readonly number[];
}

/** The pid; the caller collects the process. Throws Error with errno in words when the node refuses (processes, descriptors, program). */
export function spawnProcess({ argv, env, descriptors, closed = [] }: SpawnOptions): number {
  const c = moreOfLibc(SYMBOLS);
  const actions = new Uint8Array(STRUCT_BYTES);
  const copies = descriptors.map((descriptor, wanted) => aside(descriptor, wanted, descriptors.length));
  try {
    copies.forEach((copy, wanted) => c.posix_spawn_file_actions_adddup2(actions, copy, wanted));
    for (const descriptor of closed) {
      if (descriptor >= descriptors.length) c.posix_spawn_file_actions_addclose(actions, descriptor);
    }
    const pid = new Int32Array(1);
    const [words, variables] = [pointers(argv), pointers(Object.entries(env).map(([k, v]) => `${k}=${v}`))];
    const path = cString(argv[0]!);
    const error = c.posix_spawn(bytesOf(pid), path, actions, attributes(), words.table, variables.table);
    // The strings are kept alive until here.
    if (error !== 0 || words.kept.length + variables.kept.length === 0) {
      throw new Error(`${argv[0]}: ${errnoText(error)}`);
    }
    return pid[0]!;
  } finally {
    copies.forEach((copy, index) => copy === descriptors[index] || libc().close(copy));
  }
}

/** A descriptor that lies where the child has another one is copied out of the way first. The standard ones have no close-on-exec. */
function aside(descriptor: number, wanted: number, count: number): number {
  if (descriptor >= count || descriptor === wanted && wanted <= STDERR) return descriptor;
  const copy = libc().fcntl(descriptor, F_DUPFD_CLOEXEC, BigInt(count));
  if (copy < 0) throw new Error("no further descriptor can be had (see ulimit -n)");
  return copy;
}

function attributes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(STRUCT_BYTES);
  const flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  new DataView(bytes.buffer).setInt16(0, flags, true);
  return bytes.fill(0xff, SIGDEFAULT_OFFSET, SIGDEFAULT_OFFSET + SIGSET_BYTES);
}

/** posix_spawn(3) reports this before it looks for the program: this user or cgroup can have no further process, and so no thread. */
const EAGAIN = 11;

/** False where this user or cgroup may have no further process or thread (ulimit -u, TasksMax): the runtime aborts when it gets none. */
export function canHaveThread(): boolean {
  const none = new Uint8Array(POINTER_BYTES);
  const pid = new Uint8Array(POINTER_BYTES);
  const nothing = new Uint8Array(STRUCT_BYTES);
  return moreOfLibc(SYMBOLS).posix_spawn(pid, cString("/"), nothing, nothing, none, none) !== EAGAIN;
}

/** A NULL-terminated array of strings; `kept` keeps them where they are until the call is over. */
function pointers(texts: readonly string[]): { table: Uint8Array<ArrayBuffer>; kept: Uint8Array[] } {
  const kept = texts.map(cString);
  const addresses = kept.map((bytes) => BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes))));
  return { table: bytesOf(new BigUint64Array([...addresses, 0n])), kept };
}
