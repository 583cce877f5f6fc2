/** A file system that stops answering and comes back, for one test. */
import { join } from "node:path";
import type { Machine, Running } from "../../kit/machine/machine.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";

/** Mounted on `dir`, which belongs to the caller's user. */
export interface FileSystem {
  readonly dir: string;
  /** From now on no access returns. */
  hang(): Promise<void>;
  /** It answers again, also what it was asked meanwhile. */
  release(): Promise<void>;
  /** Unmounts it, in whatever state it is. */
  end(): Promise<void>;
}

/** Makes one. */
export type Mount = (caller: Caller) => Promise<FileSystem>;

/** A directory behind a FUSE server, which is stopped. */
export class HungFileSystem implements FileSystem {
  readonly #machine: Machine;
  readonly #server: Running;
  readonly dir: string;

  private constructor(caller: Caller, server: Running, dir: string) {
    this.#machine = caller.machine;
    this.#server = server;
    this.dir = dir;
  }

  static async mount(caller: Caller, dir = stage.ownPath(caller, "mount")): Promise<HungFileSystem> {
    const { machine } = caller;
    const program = "/tmp/corral-test-loopback_fuse.py";
    await machine.putFile(program, await Deno.readTextFile(join(import.meta.dirname!, "loopback_fuse.py")));
    const backing = stage.ownPath(caller, "backing");
    await stage.asRoot(machine, 'install -d -o "$1" -m 700 "$2"', [caller.user, backing]);
    const server = await machine.spawn(["python3", program, dir, backing], { timeoutMs: 200_000 });
    await until(caller, "it is mounted", `grep -q ' ${dir} ' /proc/self/mountinfo`);
    return new HungFileSystem(caller, server, dir);
  }

  async hang(): Promise<void> {
    await this.#server.kill("SIGSTOP");
    const stopped = `until grep -q '^State:.T' /proc/${this.#server.pid}/status; do sleep 0.01; done`;
    succeeded(await this.#machine.sh(stopped, { timeoutMs: 10_000 }));
  }

  async release(): Promise<void> {
    await this.#server.kill("SIGCONT");
  }

  /** Waits until some thread of corral, or of a process that it asks by, waits for an answer. */
  async awaitVictim(): Promise<void> {
    const blocked = "grep -qs 'fuse\\|request_wait' /proc/[0-9]*/task/*/wchan";
    const script = `until (${blocked}); do sleep 0.05; done`;
    succeeded(await this.#machine.sh(script, { timeoutMs: 15_000 }));
  }

  async end(): Promise<void> {
    await this.#machine.exec(["umount", "--lazy", this.dir]);
    await this.#server.kill("SIGKILL");
    await this.#server.wait().catch(() => {});
  }
}

/** FUSE, which every machine has. */
export function mountFuse(caller: Caller): Promise<HungFileSystem> {
  return HungFileSystem.mount(caller);
}

/** Runs the body with such a file system, and takes it away after it. */
export async function withFileSystem<Kind extends FileSystem>(
  caller: Caller,
  mount: (caller: Caller) => Promise<Kind>,
  body: (hung: Kind) => Promise<void>,
): Promise<void> {
  const hung = await mount(caller);
  try {
    await body(hung);
  } finally {
    await hung.release();
    await hung.end();
  }
}
