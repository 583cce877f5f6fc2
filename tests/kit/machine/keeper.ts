/** The process that owns a booted machine and cleans up after it, however this one ends: see keeper.sh. */
import { join } from "node:path";

const KEEPER_SCRIPT = join(import.meta.dirname!, "keeper.sh");
const CONSOLE_TAIL_CHARS = 3000;
/** Ending a container with thousands of processes takes seconds; keeper.sh gives up on a cgroup after 20. */
const STOP_TIMEOUT_MS = 40_000;

export interface KeeperOptions {
  stateDir: string;
  cgroup: string | null;
  command: readonly string[];
}

export class Keeper {
  /** Resolves when the machine is gone and everything of it removed. */
  readonly ended: Promise<void>;
  readonly #stateDir: string;
  readonly #stdin: WritableStream<Uint8Array>;
  #stopping: Promise<void> | undefined;

  constructor({ stateDir, cgroup, command }: KeeperOptions) {
    this.#stateDir = stateDir;
    const child = new Deno.Command("setsid", {
      args: ["--wait", KEEPER_SCRIPT, stateDir, cgroup ?? "", ...command],
      stdin: "piped",
    }).spawn();
    this.#stdin = child.stdin;
    this.ended = child.status.then(() => {});
  }

  /** What the machine last said; "" once it is gone. */
  consoleTail(): string {
    try {
      return Deno.readTextFileSync(join(this.#stateDir, "console.log")).slice(-CONSOLE_TAIL_CHARS);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    await this.#stdin.close().catch(() => {}); // a keeper that is gone has no stdin to close
    const timedOut = Promise.withResolvers<never>();
    const message = `The machine in ${this.#stateDir} did not end within ${STOP_TIMEOUT_MS} ms`;
    const timer = setTimeout(() => timedOut.reject(new Error(message)), STOP_TIMEOUT_MS);
    try {
      await Promise.race([this.ended, timedOut.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
