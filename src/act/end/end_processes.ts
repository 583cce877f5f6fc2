/**
 * Ends single processes that are in no cgroup of corral's: strays, escapees. First signal to all, grace, KILL.
 *
 * Each is opened (pidfd) before it is looked at, so what was looked at is what is signalled: a pid that was reused since it was listed is
 * seen by its start time, and one that is reused later is out of reach. What cannot be excluded is that the process itself becomes another
 * (exec) between the look and the signal, microseconds later.
 */
import { KILL_CAP_MS } from "../../cgroup/terminate.ts";
import { explainWait } from "../../cgroup/survivors.ts";
import { CorralError } from "../../base/errors.ts";
import { openPidfd, type Pidfd } from "../../linux/pidfd.ts";
import { poll } from "../../base/poll.ts";
import { ownAncestry, type ProcessSource } from "../../linux/processes.ts";
import type { Identity } from "../../job/job.ts";
import { parseSignal, type Signal } from "../../value/signal.ts";

/**
 * - `term`: of the first signal, within the grace.
 * - `kill`: of KILL.
 * - `gone-before`: before anything was sent; its pid may belong to another process by now.
 * - `changed`: it lives and is not meant any more. No further signal was sent.
 * - `refused`: the kernel does not let this user, or corral itself does not do it: pid 1, itself, its ancestors, kernel threads.
 * - `alive`: it did not end in time, or could not be looked at.
 */
export type HowEnded = "term" | "kill" | "gone-before" | "changed" | "refused" | "alive";

/** What became of one process. */
export interface EndedProcess {
  pid: number;
  ended: HowEnded;
  /** Why it was refused or is alive, in words; null otherwise. */
  because: string | null;
}

/** `unknown`: it did not answer. No answer never kills. */
export type Meant = boolean | "unknown";

/** How to end them. Times in milliseconds. */
export interface EndProcessesOptions {
  /** First signal; null goes straight to KILL. */
  signal: Signal | null;
  graceMs: number;
  killCapMs?: number;
  /** Aborting it cuts the grace short. */
  hurry?: AbortSignal;
  /** Asked before each signal, with the process held: is it still one to end? */
  stillMeant: (identity: Identity) => Meant | Promise<Meant>;
}

/** Held at one time, a file descriptor each. The runtime raises its limit to the hard one, which is 4096 by default. */
const AT_ONCE = 1_000;
const KILL = parseSignal("KILL");
const CONT = parseSignal("CONT");

/** Resolves when all are gone or the kill deadline has passed; one result for each, in the same order. */
export async function endProcesses(
  processes: readonly Identity[],
  node: ProcessSource,
  options: EndProcessesOptions,
): Promise<EndedProcess[]> {
  const spared = ownAncestry(node.procs);
  const results: EndedProcess[] = [];
  for (let start = 0; start < processes.length; start += AT_ONCE) {
    const batch = processes.slice(start, start + AT_ONCE).map((process) =>
      new Target(process, node, options)
    );
    try {
      for (const target of batch) target.hold(spared);
      await endAll(batch, options);
    } finally {
      for (const target of batch) target.release();
    }
    results.push(...batch.map((target) => target.result()));
  }
  return results;
}

async function endAll(targets: readonly Target[], options: EndProcessesOptions): Promise<void> {
  const { signal, graceMs, killCapMs = KILL_CAP_MS, hurry } = options;
  if (signal !== null && !hurry?.aborted) {
    await strike(targets, signal);
    await gone(targets, graceMs, hurry);
  }
  await strike(targets, KILL);
  await gone(targets, killCapMs);
}

async function strike(targets: readonly Target[], signal: Signal): Promise<void> {
  await Promise.all(targets.filter(({ open }) => open).map((target) => target.strike(signal)));
}

async function gone(targets: readonly Target[], capMs: number, hurry?: AbortSignal): Promise<void> {
  let left = targets.filter(({ open }) => open);
  await poll(() => {
    left = left.filter((target) => !target.hasEnded());
    return left.length === 0 || (hurry?.aborted ?? false);
  }, capMs);
}

/** One process on its way out. `open` until its result is known. */
class Target {
  #pidfd: Pidfd | null = null;
  #ended: HowEnded | null = null;
  #because: string | null = null;
  #last: Signal | null = null;

  constructor(
    readonly process: Identity,
    readonly node: ProcessSource,
    readonly options: EndProcessesOptions,
  ) {}

  get open(): boolean {
    return this.#ended === null;
  }

  result(): EndedProcess {
    return { pid: this.process.pid, ended: this.#ended ?? "alive", because: this.#because };
  }

  release(): void {
    if (this.open) this.#because = this.#blocked();
    this.#pidfd?.[Symbol.dispose]();
  }

  /** Opens it first and identifies it then: the other way round, the pid could change hands in between. */
  hold(spared: ReadonlySet<number>): void {
    const { pid } = this.process;
    if (spared.has(pid)) {
      return this.#end("refused", "corral ends neither itself nor its ancestors nor pid 1");
    }
    try {
      this.#pidfd = openPidfd(pid, this.node.procs);
    } catch (error) {
      if (!(error instanceof CorralError)) throw error;
      return this.#end("refused", error.message);
    }
    const stat = this.node.procs.statIfShown(pid);
    const { startTicks, bootId } = this.process;
    if (
      this.#pidfd === null || this.#pidfd.hasExited() || stat === null || stat.startTicks !== startTicks ||
      bootId !== this.node.clock.bootId()
    ) return this.#end("gone-before");
    if (stat.kernelThread) this.#end("refused", "it is a kernel thread");
  }

  async strike(signal: Signal): Promise<void> {
    const meant = await this.#isMeant();
    if (this.hasEnded()) return;
    if (typeof meant === "string") return this.#end("alive", meant);
    if (!meant) return this.#end("changed");
    try {
      if (!this.#pidfd!.signal(signal.number)) return void this.hasEnded();
      this.#last = signal;
      this.#wake(signal);
    } catch (error) {
      if (!(error instanceof CorralError)) throw error;
      this.#end("refused", error.message);
    }
  }

  /** Or why that cannot be told. What goes wrong with one must not keep the others from their KILL. */
  async #isMeant(): Promise<boolean | string> {
    try {
      const meant = await this.options.stillMeant(this.process);
      return meant === "unknown" ? "it did not answer when it was looked at again" : meant;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** True once it is known how it ended, also when that was before this signal. */
  hasEnded(): boolean {
    if (this.open && this.#pidfd!.hasExited()) {
      const { number } = this.#last ?? {};
      this.#end(number === undefined ? "gone-before" : number === KILL.number ? "kill" : "term");
    }
    return !this.open;
  }

  /** A stopped process acts on no signal but KILL until it goes on; systemd too sends CONT after TERM (systemd.kill(5)). */
  #wake({ number }: Signal): void {
    if (number !== KILL.number && this.node.procs.statIfShown(this.process.pid)?.state === "T") {
      this.#pidfd!.signal(CONT.number);
    }
  }

  #end(ended: HowEnded, because: string | null = null): void {
    this.#ended = ended;
    this.#because = because;
  }

  /** What it waits for. */
  #blocked(): string {
    const { procs } = this.node;
    const wchan = procs.readIfAllowed(this.process.pid, "wchan")?.trim() ?? "0";
    const state = procs.statIfShown(this.process.pid)?.state ?? "?";
    return explainWait(state, ["", "0"].includes(wchan) ? null : wchan);
  }
}
