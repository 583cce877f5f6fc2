/** Signals to this process that only a test sends: the listeners of the code under test are kept from the real ones. Real children exit: SIGCHLD is theirs. */
export class FakeSignals implements Disposable {
  readonly #listeners = new Map<Deno.Signal, (() => void)[]>();
  readonly #add = Deno.addSignalListener;

  constructor() {
    Deno.addSignalListener = (signal, act) => {
      if (signal === "SIGCHLD") return this.#add.call(Deno, signal, act);
      this.#listeners.set(signal, [...this.#listeners.get(signal) ?? [], act]);
    };
  }

  get heard(): Deno.Signal[] {
    return [...this.#listeners.keys()].toSorted();
  }

  /** As the kernel does when the signal arrives. */
  send(signal: Deno.Signal): void {
    for (const act of this.#listeners.get(signal) ?? []) act();
  }

  [Symbol.dispose](): void {
    Deno.addSignalListener = this.#add;
  }
}
