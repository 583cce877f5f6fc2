/**
 * Why execve(2) would refuse a file that can be found: its interpreter, its format, its mount, a writer. This is checked before the launch:
 * an exit code of 126 or 127 afterwards may be the command's own. The kernel decides on files that cannot be read or are of no known format.
 */
import { EXIT } from "../base/errors.ts";
import { isMissing } from "../base/missing.ts";
import { quoted } from "../base/text.ts";
import { isMountedNoexec, isOpenForWriting } from "./exec_refusals.ts";

/** An exit code as shells give it, and the words. */
export interface Unrunnable {
  exitCode: number;
  because: string;
}

/** Where relative names and the words of env(1) are looked up. */
export interface Surroundings {
  cwd: string;
  lookUp: (command: string) => { found: string } | Unrunnable;
  /** False for a file that may never answer: it is left to the kernel. */
  isLocal: (path: string) => boolean;
  /** True when the kernel was given interpreters of further formats (binfmt_misc). */
  hasMoreFormats: () => boolean;
}

/** BINPRM_BUF_SIZE: as much of a file as the kernel looks at; the program headers of a binary lie behind it. */
const HEAD_BYTES = 256;
const ELF_HEAD_BYTES = 4096;
/** Interpreters that are scripts themselves; one more is ELOOP. */
const MAX_INTERPRETERS = 5;
const RECENTLY_MS = 3_600_000;

/** Null for a file that may run. `file` exists, and has an execute bit. */
export function whyUnrunnable(file: string, around: Surroundings, depth = 0): Unrunnable | null {
  const before = refusedByKernel(file);
  if (before !== null) return before;
  const head = headOf(file);
  if (head === null || head.length === 0) return null;
  if (isElf(head)) return whyNotThisMachine(head, around);
  if (head[0] === 0x23 && head[1] === 0x21) return whyNotInterpreted(head, around, depth);
  const firstLine = head.subarray(0, HEAD_BYTES).findIndex((byte) => byte === 0x0a);
  const isBinary = head.subarray(0, firstLine < 0 ? HEAD_BYTES : firstLine).includes(0);
  return isBinary && !around.hasMoreFormats()
    ? notExecutable("it is in no format that this node can execute")
    : null;
}

const BINFMT = "/proc/sys/fs/binfmt_misc";

/** True when the kernel was given interpreters of further formats (binfmt_misc, as by qemu-user-static), or that cannot be known. */
export function hasMoreFormats(): boolean {
  try {
    return [...Deno.readDirSync(BINFMT)].some(({ name }) => name !== "register" && name !== "status");
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

function notExecutable(because: string): Unrunnable {
  return { exitCode: EXIT.NOT_EXECUTABLE, because };
}

function notFound(because: string): Unrunnable {
  return { exitCode: EXIT.NOT_FOUND, because };
}

function refusedByKernel(file: string): Unrunnable | null {
  try {
    const { isFile, mtime, ctime } = Deno.statSync(file);
    // To open a FIFO would wait for its writer.
    if (!isFile) return notExecutable("it is not a file");
    if (isMountedNoexec(file)) {
      return notExecutable("permission denied, or its file system is mounted noexec");
    }
    const changedMs = Math.max(mtime?.getTime() ?? 0, ctime?.getTime() ?? 0);
    const isFresh = Date.now() - changedMs < RECENTLY_MS;
    return isFresh && isOpenForWriting(file)
      ? notExecutable("it is open for writing (text file busy)")
      : null;
  } catch {
    return null;
  }
}

function headOf(file: string): Uint8Array | null {
  try {
    using opened = Deno.openSync(file);
    const head = new Uint8Array(ELF_HEAD_BYTES);
    return head.subarray(0, opened.readSync(head) ?? 0);
  } catch {
    // Executable and not readable is usual for a set-uid program.
    return null;
  }
}

/** elf(5). */
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const MACHINE_OFFSET = 18;
const CLASS_OFFSET = 4;
const CLASS_64 = 2;
const ELF_HEADER_BYTES = 64;
const PT_INTERP = 3;
/** Machines whose programs this one runs; the second of each by the compatibility mode of the kernel. */
const MACHINES: Readonly<Record<string, readonly number[]>> = { x86_64: [62, 3], aarch64: [183, 40] };
const MACHINE_NAMES: Readonly<Record<number, string>> = {
  3: "i386",
  8: "MIPS",
  21: "PowerPC 64",
  22: "S/390",
  40: "32-bit ARM",
  62: "x86-64",
  183: "64-bit ARM",
  243: "RISC-V",
  258: "LoongArch",
};

function isElf(head: Uint8Array): boolean {
  return ELF_MAGIC.every((byte, index) => head[index] === byte);
}

function whyNotThisMachine(head: Uint8Array, { hasMoreFormats }: Surroundings): Unrunnable | null {
  if (head.length < MACHINE_OFFSET + 2) return notExecutable("it is cut short: an ELF file of a few bytes");
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const machine = view.getUint16(MACHINE_OFFSET, true);
  const known = MACHINES[Deno.build.arch];
  if (known !== undefined && !known.includes(machine)) {
    if (hasMoreFormats()) return null;
    const name = MACHINE_NAMES[machine] ?? `machine ${machine}`;
    return notExecutable(`it is built for another machine: ${name} (exec format error)`);
  }
  if (isCutShort(head, view)) {
    return notExecutable("it is cut short: its program headers are missing (exec format error)");
  }
  const loader = head[CLASS_OFFSET] === CLASS_64 ? loaderOf(view) : null;
  return loader !== null && isMissing(loader)
    ? notFound(`its loader ${quoted(loader)} does not exist`)
    : null;
}

/** `head` is the whole file where it is shorter than what is read: a copy that was broken off. */
function isCutShort(head: Uint8Array, view: DataView): boolean {
  if (head.length >= ELF_HEAD_BYTES || head[CLASS_OFFSET] !== CLASS_64) return false;
  if (head.length < ELF_HEADER_BYTES) return true;
  const end = Number(view.getBigUint64(32, true)) + view.getUint16(54, true) * view.getUint16(56, true);
  return end > head.length;
}

/** The PT_INTERP of a dynamically linked program; null without one, or when it lies too far behind. */
function loaderOf(view: DataView): string | null {
  try {
    const [at, size, count] = [
      Number(view.getBigUint64(32, true)),
      view.getUint16(54, true),
      view.getUint16(56, true),
    ];
    for (let index = 0; index < count; index++) {
      const header = at + index * size;
      if (view.getUint32(header, true) !== PT_INTERP) continue;
      const [offset, bytes] = [8, 32].map((field) => Number(view.getBigUint64(header + field, true)));
      const text = new Uint8Array(view.buffer, view.byteOffset + offset!, bytes! - 1);
      return new TextDecoder().decode(text);
    }
  } catch {
    // RangeError: it lies behind what was read.
  }
  return null;
}

/** `#!INTERPRETER [ARGUMENT]`, as fs/binfmt_script.c reads it. */
function whyNotInterpreted(head: Uint8Array, around: Surroundings, depth: number): Unrunnable | null {
  const text = new TextDecoder("latin1").decode(head.subarray(2, HEAD_BYTES));
  const [line = ""] = text.split("\n");
  const [, name, argument = ""] = /^[ \t]*([^ \t]+)[ \t]*([^]*?)[ \t]*$/.exec(line) ?? [];
  // None, or cut off: execvp(3) has sh(1) run it.
  if (name === undefined || name === "\r" || !text.includes("\n") && line.length >= HEAD_BYTES - 2) {
    return null;
  }
  if (name.endsWith("\r")) return crlf(name);
  if (depth >= MAX_INTERPRETERS) return notExecutable("too many levels of interpreters");
  const isEnv = /(^|\/)env$/.test(name);
  if (isEnv && argument.endsWith("\r")) return crlf(argument);
  const interpreter = name.startsWith("/") ? name : `${around.cwd}/${name}`;
  if (!around.isLocal(interpreter)) return null;
  const why = whyNoInterpreter(interpreter, name) ?? whyUnrunnable(interpreter, around, depth + 1);
  if (why !== null || !isEnv || !/^(?!-)[^\s=]+$/.test(argument)) return why;
  const found = around.lookUp(argument);
  return "found" in found ? null : notFound(`its interpreter ${quoted(argument)}: ${found.because}`);
}

function crlf(word: string): Unrunnable {
  return notFound(
    `its first line names ${quoted(word)}: the lines end with CR LF (remedy: sed -i 's/\\r$//' on it)`,
  );
}

function whyNoInterpreter(path: string, name: string): Unrunnable | null {
  const of = `its interpreter ${quoted(name)}`;
  try {
    const { isFile, mode } = Deno.statSync(path);
    if (!isFile) return notExecutable(`${of} is not a file`);
    return ((mode ?? 0) & 0o111) === 0 ? notExecutable(`${of} is not executable`) : null;
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied
      ? notExecutable(`${of}: permission denied`)
      : notFound(`${of} does not exist`);
  }
}
