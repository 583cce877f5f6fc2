/**
 * Copies a job's output from its file, to the end of the job when asked to follow. This process copies a local file of the caller's own. For
 * any other a second corral runs this code as the owner of the file (copied_apart.ts).
 */
import { CorralError, errorText } from "../base/errors.ts";
import { GrowingFile, type Take } from "./growing_file.ts";
import { canHaveThread } from "./spawn.ts";
import { Notices } from "./notices.ts";
import { writeAll } from "./write.ts";

/** What to copy. */
export interface CopyOptions {
  /** Absolute. */
  path: string;
  /** Only the last lines of what is there; null for all. */
  lines: number | null;
  /** Copy what comes, until this aborts; null: only what is there. */
  over: AbortSignal | null;
}

/** Where to. */
export interface CopyTo {
  take: Take;
  /** A line for the user. */
  say: (line: string) => void;
  /** Called at each look, also when there is nothing new. False when nothing more is wanted. */
  onLook?: () => boolean;
}

/** Between two looks at a file of which no notice comes; and from a notice to the look, so that a busy writer is read in larger pieces. */
const LOOK_MS = 1_000;
const GATHER_MS = 10;

/** Resolves when all is copied, or nothing more is wanted. Throws PathError, TrustError. */
export async function copyOutput({ path, lines, over }: CopyOptions, to: CopyTo): Promise<void> {
  using file = new GrowingFile(path);
  if (lines !== null) file.seekToLast(lines);
  if (over === null) return void file.readNew(to.take);
  using notices = new Notices();
  if (canHaveThread()) notices.add(path);
  const rotation = new Rotation(file, notices, to.say);
  for (;;) {
    // Asked before the file is read: what the job wrote last is there then.
    const isLast = over.aborted;
    rotation.look();
    if (!file.readNew(to.take) || !(to.onLook?.() ?? true) || isLast) return;
    await notices.next(LOOK_MS, over);
    if (!over.aborted) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
  }
}

/** Follows the path. A file that cannot be opened is reported once; files that are open are read on. */
class Rotation {
  #removedLooks = 0;
  #wasSaid = false;

  constructor(readonly file: GrowingFile, readonly notices: Notices, readonly say: (line: string) => void) {}

  look(): void {
    try {
      const found = this.file.findRotated();
      // A rotation removes it for a moment.
      this.#removedLooks = found === "removed" ? this.#removedLooks + 1 : 0;
      if (found === "rotated") this.notices.add(this.file.path);
      if (this.#removedLooks > 1) this.#sayOnce(`the output file was removed: ${this.file.path}`);
    } catch (error) {
      this.#sayOnce(errorText(error));
    }
  }

  #sayOnce(line: string): void {
    if (!this.#wasSaid) this.say(`warning: ${line}`);
    this.#wasSaid = true;
  }
}

/** The lines that such a process writes to its stderr: a sign of life, a line for the user, the reason of a failure. Text is JSON. */
export const WORD = { LOOKS: "looks", SAY: "say ", FAILED: "failed " } as const;

/** The words behind COPY_OUTPUT. */
export function copyWords({ path, lines, over }: CopyOptions): string[] {
  return [path, lines === null ? "all" : String(lines), over === null ? "once" : "follow"];
}

/** That process: copies to its stdout, with `follow` until stdin ends; its exit code. */
export async function serveCopy([path = "", lines = "", mode]: readonly string[]): Promise<number> {
  const say = (line: string) => writeAll(Deno.stderr, `${line}\n`);
  const over = mode === "follow" ? endOfInput() : null;
  // What follows may hang.
  say(WORD.LOOKS);
  try {
    await copyOutput({ path, lines: lines === "all" ? null : Number(lines), over }, {
      take: (bytes) => writeAll(Deno.stdout, bytes),
      say: (line) => void say(WORD.SAY + JSON.stringify(line)),
      onLook: () => say(WORD.LOOKS),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof CorralError)) throw error;
    say(WORD.FAILED + JSON.stringify(errorText(error)));
    return 1;
  }
}

function endOfInput(): AbortSignal {
  const over = new AbortController();
  new Response(Deno.stdin.readable).arrayBuffer().finally(() => over.abort());
  return over.signal;
}
