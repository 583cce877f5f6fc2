/** A directory as /dev with nodes of GPUs, and processes that hold them. No test may make a device node: links lead to the kernel's own. */
import { TempDir } from "./temp.ts";

/** Devices of which no test's own process holds a descriptor. */
export const FULL = "/dev/full";
export const RANDOM = "/dev/random";

export class GpuDir implements Disposable {
  readonly #temp = new TempDir();

  /** Nodes by their names in /dev, and what they really are. */
  constructor(nodes: Readonly<Record<string, string>>) {
    for (const [name, device] of Object.entries(nodes)) this.add(name, device);
  }

  get path(): string {
    return this.#temp.path;
  }

  /** The path of what then lies there. */
  add(name: string, target: string): string {
    const path = `${this.path}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.symlinkSync(target, path);
    return path;
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}

/** Descriptors of a process of a fake /proc, from 0. */
export function hold({ root }: { root: string }, pid: number | string, targets: readonly string[]): void {
  Deno.mkdirSync(`${root}/${pid}/fd`, { recursive: true });
  targets.forEach((target, number) => Deno.symlinkSync(target, `${root}/${pid}/fd/${number}`));
}
