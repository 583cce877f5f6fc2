/**
 * Starts a process that shares nothing with this one: a session of its own, every signal at its default and none blocked, no descriptor
 * but one end of a socket as its standard input. posix_spawn(3) sets all of it before the exec, so that no moment is left in which a
 * signal to this process group, or an inherited descriptor, reaches it.
 */
import { isVanished } from "../base/errno.ts";
import { moreOfLibc } from "./libc.ts";
import { hasEnded, parseStat, type ProcStat } from "./proc.ts";

/** Linux, glibc: socket(2), socket(7), fcntl(2), <spawn.h>. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
/** posix_spawnattr_t has 336 bytes and posix_spawn_file_actions_t 80; both begin as zeros (posix_spawnattr_init(3)). */
const STRUCT_BYTES = 512;
/** In posix_spawnattr_t, part of glibc's ABI: short flags, pid_t, then two sets of 1024 signals, those at default and those blocked. */
const SIGDEFAULT_OFFSET = 8;
const SIGSET_BYTES = 128;
const POINTER_BYTES = 8;
const WNOHANG = 1;
const ANSWER_BYTES = 256;

const SYMBOLS = {
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  posix_spawn: { parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addclose: { parameters: ["buffer", "i32"], result: "i32" },
} as const;
const WAIT = { waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" } } as const;
const SOCKET_OPTIONS = {
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The process, and this side of the socket. */
export interface LoneProcess {
  readonly pid: number;
  /** Sends a line; never waits. False when the process is gone, or its socket full. */
  send(line: string): boolean;
  /** What the process has sent since the last look; empty when nothing. Never waits. */
  received(): string;
  /** From its next read on, a read of its standard input that waits longer fails; null: no read does. */
  limitReads(ms: number | null): void;
  /** True once it has exited. */
  hasExited(): boolean;
  /** Ends it by force, be it stopped or starved; nothing when it has exited. */
  kill(): void;
  /** No longer waits for its exit. */
  forget(): void;
}

/** Throws Error with errno in words when the node refuses (processes, descriptors). */
export function startLoneProcess(argv: readonly string[], env: Record<string, string>): LoneProcess {
  const c = moreOfLibc(SYMBOLS);
  const pair = new Int32Array(2);
  if (c.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bytesOf(pair)) !== 0) {
    throw new Error("no socket can be made (see ulimit -n)");
  }
  const [ours, theirs] = [pair[0]!, pair[1]!];
  const pid = spawnWith(c, theirs, { argv, env });
  // A child that exits early would otherwise stay a zombie for as long as this process lives.
  const collect = () => void (hasExited(pid) && moreOfLibc(WAIT).waitpid(pid, null, WNOHANG));
  Deno.addSignalListener("SIGCHLD", collect);
  return {
    pid,
    forget: () => Deno.removeSignalListener("SIGCHLD", collect),
    send: (line) => {
      const bytes = new TextEncoder().encode(`${line}\n`);
      return Number(c.send(ours, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL)) === bytes.length;
    },
    received: () => {
      const bytes = new Uint8Array(ANSWER_BYTES);
      const count = Number(c.recv(ours, bytes, BigInt(bytes.length), MSG_DONTWAIT));
      return new TextDecoder().decode(bytes.subarray(0, Math.max(0, count)));
    },
    limitReads: (ms) => {
      const time = new BigInt64Array([BigInt(Math.floor((ms ?? 0) / 1000)), BigInt((ms ?? 0) % 1000 * 1000)]);
      moreOfLibc(SOCKET_OPTIONS).setsockopt(theirs, SOL_SOCKET, SO_RCVTIMEO, bytesOf(time), time.byteLength);
    },
    hasExited: () => hasExited(pid),
    kill: () => {
      // A child that nothing has collected keeps its pid.
      if (!hasExited(pid) && statOf(pid)?.ppid === Deno.pid) Deno.kill(pid, "SIGKILL");
    },
  };
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

/** Also as a zombie: this process is its parent. */
function hasExited(pid: number): boolean {
  const stat = statOf(pid);
  return stat === null || hasEnded(stat);
}

/** Null when it is gone. */
function statOf(pid: number): ProcStat | null {
  const path = `/proc/${pid}/stat`;
  try {
    return parseStat(Deno.readTextFileSync(path), path);
  } catch (error) {
    if (isVanished(error)) return null;
    throw error;
  }
}

/** Both ends of the socket stay open here and close on exec: they are gone with this process. */
function spawnWith(
  c: Libc,
  stdin: number,
  { argv, env }: { argv: readonly string[]; env: Record<string, string> },
): number {
  const attributes = new Uint8Array(STRUCT_BYTES);
  new DataView(attributes.buffer).setInt16(
    0,
    POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK,
    true,
  );
  attributes.fill(0xff, SIGDEFAULT_OFFSET, SIGDEFAULT_OFFSET + SIGSET_BYTES);
  const actions = new Uint8Array(STRUCT_BYTES);
  c.posix_spawn_file_actions_adddup2(actions, stdin, 0);
  for (const fd of openDescriptors()) if (fd > 0) c.posix_spawn_file_actions_addclose(actions, fd);
  const pid = new Int32Array(1);
  const path = cString(argv[0]!);
  const [words, variables] = [
    pointers(argv),
    pointers(Object.entries(env).map(([name, value]) => `${name}=${value}`)),
  ];
  const error = c.posix_spawn(bytesOf(pid), path, actions, attributes, words.table, variables.table);
  if (error !== 0 || words.kept.length + variables.kept.length === 0) {
    throw new Error(`${argv[0]} cannot be started: errno ${error} (see ulimit -u)`);
  }
  return pid[0]!;
}

/** Includes descriptors inherited without close-on-exec. glibc has closefrom since 2.34. */
function openDescriptors(): number[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name));
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text.replaceAll("\0", "")}\0`);
}

/** A NULL-terminated array of strings; `kept` keeps them where they are until the call is over. */
function pointers(texts: readonly string[]): { table: Uint8Array<ArrayBuffer>; kept: Uint8Array[] } {
  const kept = texts.map(cString);
  const addresses = kept.map((bytes) => BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes))));
  return { table: bytesOf(new BigUint64Array([...addresses, 0n])), kept };
}

function bytesOf(array: { buffer: ArrayBuffer }): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer);
}
