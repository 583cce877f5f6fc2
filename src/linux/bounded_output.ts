/**
 * Output that is written to a file up to a size and dropped beyond it. A process of its own reads it from a pipe: it outlives corral, so
 * that the writer neither waits nor gets SIGPIPE when corral is killed. It copies without the runtime: head(1), cat(1), and stdbuf(1), because
 * head would hold back words that a reader wants now.
 */
import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { CLEAN_ENVIRONMENT } from "./apart.ts";
import { moreOfLibc } from "./libc.ts";

/** Linux: pipe(2), fcntl(2). */
const O_CLOEXEC = 0o2000000;
const SYMBOLS = {
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** $1 bytes to the file, then, if there is one more, the words $2 to the file and a line to corral, and nothing further anywhere. */
const READ = `trap '' PIPE
unbuffered=; command -v stdbuf >/dev/null && unbuffered='stdbuf -o0'
$unbuffered head -c "$1"
[ "$(head -c 1 | wc -c)" = 0 ] && exit
printf '\\n[corral: %s]\\n' "$2"
echo cut >&2
exec cat >/dev/null 2>&1`;

/** The pipe in front of the file. */
export interface BoundedOutput {
  /** The pipe, to be opened for writing by this process. */
  readonly path: string;
  /** The writer has it: this process lets go of it. */
  release(): void;
  /** Calls `act`, now or later, once something was dropped. */
  onCut(act: () => void): void;
  /** Resolves when every writer is gone and all is written. */
  readonly done: Promise<void>;
}

/** Throws Error when the file cannot be opened, or no process started. */
export async function boundOutput(
  file: string,
  { maxBytes, words }: { maxBytes: number; words: string },
): Promise<BoundedOutput> {
  const ends = new Int32Array(2);
  if (moreOfLibc(SYMBOLS).pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) !== 0) {
    throw new Error("no pipe can be made (see ulimit -n)");
  }
  const [reading, writing] = [ends[0]!, ends[1]!];
  try {
    const reader = await startReader(file, reading, [String(maxBytes), words]);
    return { path: pathOf(writing), release: () => void moreOfLibc(SYMBOLS).close(writing), ...reader };
  } catch (error) {
    moreOfLibc(SYMBOLS).close(writing);
    throw error;
  } finally {
    moreOfLibc(SYMBOLS).close(reading);
  }
}

async function startReader(
  file: string,
  reading: number,
  words: string[],
): Promise<Pick<BoundedOutput, "onCut" | "done">> {
  const [input, output] = [await open(pathOf(reading), "r"), await open(file, "a", 0o600)];
  const child = spawn("/bin/sh", ["-c", READ, "corral-output", ...words], {
    ...{ cwd: "/", env: { ...CLEAN_ENVIRONMENT }, detached: true },
    stdio: [input.fd, output.fd, "pipe"],
  });
  const done = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => resolve());
  });
  done.catch(() => {});
  await Promise.all([input.close(), output.close()]);
  let isCut = false;
  let act = () => {};
  child.stderr!.on("data", () => {
    if (!isCut) act();
    isCut = true;
  });
  return {
    done,
    onCut: (then) => {
      act = then;
      if (isCut) act();
    },
  };
}

function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
