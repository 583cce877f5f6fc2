/** Notice of changes to files (inotify), for a wait that would otherwise look again and again. */

/** Several files, one wait. Where the kernel grants no watch (fs.inotify.max_user_instances), only the looks of the caller remain. */
export class Notices implements Disposable {
  readonly #watchers: Deno.FsWatcher[] = [];
  #came = false;
  #wake: () => void = () => {};

  /** False when no notice will come. */
  get come(): boolean {
    return this.#watchers.length > 0;
  }

  /** Watches this file too: the file itself, wherever it is moved to. */
  add(path: string): void {
    try {
      const watcher = Deno.watchFs(path);
      this.#watchers.push(watcher);
      void this.#take(watcher);
    } catch {
      // The looks remain.
    }
  }

  async #take(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const _ of watcher) {
        this.#came = true;
        this.#wake();
      }
    } catch {
      // Closed, or the kernel gave it up.
    }
  }

  /** Resolves at the next one, or at one that came since the last, or after `ms`, or when `stop` aborts. */
  next(ms: number, stop?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stop?.removeEventListener("abort", done);
        [this.#came, this.#wake] = [false, () => {}];
        resolve();
      };
      const timer = setTimeout(done, ms);
      stop?.addEventListener("abort", done);
      this.#wake = done;
      if (this.#came || stop?.aborted) done();
    });
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }
}
