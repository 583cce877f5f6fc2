/**
 * The output of a job that this process must not read itself: root opens no file of a user's, and no process waits for a file system
 * that may hang. A second corral copies it, as that user, in a session of its own; it ends with its stdin, and with its parent.
 */
import { CorralError, PathError } from "../base/errors.ts";
import { poll } from "../base/poll.ts";
import { CLEAN_ENVIRONMENT } from "./apart.ts";
import { becoming, type UserIds } from "./as_user.ts";
import { toolPath } from "./command_lookup.ts";
import { COPY_OUTPUT } from "../base/called_by_itself.ts";
import { type CopyOptions, type CopyTo, copyWords, WORD } from "./copied_output.ts";

/** It reports each second that it lives; on a busy node it may take longer. */
const SILENCE_CAP_MS = 10_000;
const LOOK_MS = 1_000;
const KILL_CAP_MS = 1_000;

/** The user that copies; null: this one. */
export interface CopierOptions {
  user: UserIds | null;
  /** Command line of corral itself. */
  corral?: readonly string[];
  silenceCapMs?: number;
}

/** As copyOutput(). Throws PathError when the file does not answer, CorralError for a failure of the other process. */
export async function copyOutputApart(options: CopyOptions, to: CopyTo, by: CopierOptions): Promise<void> {
  await new Copier(options, to, by).copy();
}

class Copier {
  readonly #child: Deno.ChildProcess;
  #silentMs = 0;
  #failure: string | null = null;
  /** Settles early: nothing more is wanted, or it does not answer. */
  readonly #given = Promise.withResolvers<void>();

  constructor(readonly options: CopyOptions, readonly to: CopyTo, readonly by: CopierOptions) {
    const { user, corral = [Deno.execPath()] } = by;
    const identity = user === null ? [] : becoming(user, ["--pdeathsig=KILL"]);
    this.#child = new Deno.Command(toolPath("setsid"), {
      args: ["--", ...identity, ...corral, COPY_OUTPUT, ...copyWords(options)],
      cwd: "/",
      clearEnv: true,
      env: { ...CLEAN_ENVIRONMENT },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async copy(): Promise<void> {
    const { over } = this.options;
    const endInput = () => void this.#child.stdin.close().catch(() => {});
    if (over === null || over.aborted) endInput();
    else over.addEventListener("abort", endInput, { once: true });
    const timer = setInterval(() => this.#look(), LOOK_MS);
    const copied = Promise.all([this.#takeOutput(), this.#takeWords(), this.#child.status]);
    copied.catch(() => {});
    try {
      await Promise.race([copied, this.#given.promise]);
    } finally {
      clearInterval(timer);
      over?.removeEventListener("abort", endInput);
      await this.#end(copied);
    }
    if (this.#failure !== null) throw new CorralError(this.#failure);
  }

  #look(): void {
    this.#silentMs += LOOK_MS;
    const { silenceCapMs = SILENCE_CAP_MS } = this.by;
    if (this.#silentMs > silenceCapMs) {
      this.#given.reject(
        new PathError("the output file does not answer", {
          path: this.options.path,
          remedy: "see its file system",
        }),
      );
    } else if (!(this.to.onLook?.() ?? true)) this.#given.resolve();
  }

  async #takeOutput(): Promise<void> {
    for await (const bytes of this.#child.stdout) {
      this.#silentMs = 0;
      if (!this.to.take(bytes)) return this.#given.resolve();
    }
  }

  async #takeWords(): Promise<void> {
    let pending = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#silentMs = 0;
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) this.#takeWord(line);
    }
  }

  #takeWord(line: string): void {
    const after = (word: string) =>
      line.startsWith(word) ? String(JSON.parse(line.slice(word.length))) : null;
    const said = after(WORD.SAY);
    if (said !== null) return this.to.say(said);
    const failed = after(WORD.FAILED);
    if (failed !== null) this.#failure = failed;
    // Words of setpriv(1), or of the runtime itself.
    else if (line !== WORD.LOOKS) this.#failure ??= line;
  }

  /** One that hangs in the kernel is left behind. */
  async #end(copied: Promise<unknown>): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    this.#child.unref();
    this.#child.stdin.close().catch(() => {});
    let isOver = false;
    const end = () => void (isOver = true);
    copied.then(end, end);
    await poll(() => isOver, KILL_CAP_MS);
  }
}
