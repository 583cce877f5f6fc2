/** The loop of `corral serve`: a sweep every ten seconds, in this process. */
import { CorralError, errorText, EXIT } from "../base/errors.ts";
import type { SweepNote } from "../serve/context.ts";
import type { JobStore } from "../store/jobs.ts";
import { sweepPass } from "./commands/sweep.ts";
import type { Context } from "./context.ts";

/** Between the end of one sweep and the next. */
const SWEEP_EVERY_MS = 10_000;
/**
 * In every so many sweeps, the first included, the owner is asked and the users' jobs are swept: what a status command costs elsewhere, and the meaning of
 * `--strikes`, were made for a timer of five minutes.
 */
const WHOLE_EVERY = 30;

/** Of one server. */
export class SweepLoop {
  last: SweepNote | null = null;
  #sweeps = 0;
  #failure: string | null = null;

  constructor(readonly context: Context, readonly isStopped: () => boolean) {}

  /** Resolves when it is stopped and the sweep at hand is done; `waited` resolves early at a stop. */
  async run(waited: (ms: number) => Promise<void>): Promise<void> {
    while (!this.isStopped()) {
      await this.sweep();
      await waited(SWEEP_EVERY_MS);
    }
  }

  /** One sweep. Never rejects: a sweep that fails is said once, and the next one may not. */
  async sweep(): Promise<void> {
    const isWhole = this.#sweeps++ % WHOLE_EVERY === 0;
    try {
      await this.#pass(isWhole);
      this.#failure = null;
    } catch (error) {
      // The other one does the work.
      if (error instanceof CorralError && error.exitCode === EXIT.SWEEP_RUNNING) return;
      const failure = errorText(error);
      if (failure !== this.#failure) this.context.say(`warning: the sweep failed: ${failure}`);
      this.#failure = failure;
    }
  }

  /** With stores that are closed behind it: a process of days opens thousands. */
  async #pass(isWhole: boolean): Promise<void> {
    const { context } = this;
    const opened: JobStore[] = [];
    const kept = <S extends JobStore | null>(store: S): S => {
      if (store !== null) opened.push(store);
      return store;
    };
    const settings = isWhole ? context.settings : { ...context.settings, statusCommand: null };
    const inside: Context = {
      ...context,
      settings,
      openStore: (actor) => kept(context.openStore(actor)),
      openFormerStore: (actor) => kept(context.openFormerStore(actor)),
    };
    try {
      const { summary } = await sweepPass(
        inside,
        { quiet: true, ...(isWhole ? {} : { mine: true }) },
        this.isStopped,
      );
      this.last = { atMs: context.clock.wallMs(), ...summary };
    } finally {
      for (const store of opened) store.close();
    }
  }
}
