/**
 * Starts a process that shares nothing with this one: besides what spawn.ts gives every process, no descriptor but one end of a socket as
 * its standard input. No moment is left in which a signal to this process group, or an inherited descriptor, reaches it.
 */
import { isVanished } from "../base/errno.ts";
import { collect } from "./child.ts";
import { bytesOf, moreOfLibc } from "./libc.ts";
import { hasEnded, parseStat, type ProcStat } from "./proc.ts";
import { SocketPair } from "./socket_pair.ts";
import { spawnProcess } from "./spawn.ts";

/** Linux, glibc: socket(7). */
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;

const SYMBOLS = {
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
} as const;

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
  const socket = new SocketPair();
  const pid = spawnProcess({ argv, env, descriptors: [socket.theirs], closed: openDescriptors() });
  const child = collect(pid);
  return {
    pid,
    forget: () => child.forget(),
    send: (line) => socket.send(line),
    received: () => new TextDecoder().decode(socket.received()),
    limitReads: (ms) => {
      const time = new BigInt64Array([BigInt(Math.floor((ms ?? 0) / 1000)), BigInt((ms ?? 0) % 1000 * 1000)]);
      const { setsockopt } = moreOfLibc(SYMBOLS);
      setsockopt(socket.theirs, SOL_SOCKET, SO_RCVTIMEO, bytesOf(time), time.byteLength);
    },
    hasExited: () => hasExited(pid),
    kill: () => {
      // A child that nothing has collected keeps its pid.
      if (!hasExited(pid) && statOf(pid)?.ppid === Deno.pid) Deno.kill(pid, "SIGKILL");
    },
  };
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

/** Includes descriptors inherited without close-on-exec. glibc has closefrom since 2.34. */
function openDescriptors(): number[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name));
}
