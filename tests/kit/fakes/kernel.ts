/** What a kernel does with a cgroup's control files, done to those of a CgroupDir: it freezes, thaws and kills when told to. */
import { type CgroupDir, JOB_PATH } from "./cgroup_dir.ts";

export class FakeKernel implements AsyncDisposable {
  readonly #watcher: Deno.FsWatcher;
  readonly #obeying: Promise<void>;
  readonly #killed = Promise.withResolvers<void>();

  constructor(readonly dir: CgroupDir, readonly path: string = JOB_PATH) {
    this.#watcher = Deno.watchFs(dir.mount + path, { recursive: false });
    this.#obeying = this.#obey();
  }

  /** Resolves when it has killed everything in the cgroup. */
  get killed(): Promise<void> {
    return this.#killed.promise;
  }

  async #obey(): Promise<void> {
    for await (const event of this.#watcher) {
      if (event.kind === "modify") this.#look();
    }
  }

  #look(): void {
    try {
      if (this.#text("cgroup.kill") === "1") {
        this.dir.put(this.path, "cgroup.kill", "");
        this.dir.put(this.path, "cgroup.procs", "");
        this.#tell("populated 0\nfrozen 0\n");
        this.#killed.resolve();
      } else if (!/populated 0/.test(this.#text("cgroup.events"))) {
        this.#tell(`populated 1\nfrozen ${this.#text("cgroup.freeze") === "1" ? 1 : 0}\n`);
      }
    } catch (error) {
      // The job's cgroup has been removed.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #text(file: string): string {
    return this.dir.text(this.path, file).trim();
  }

  #tell(events: string): void {
    if (this.dir.text(this.path, "cgroup.events") !== events) {
      this.dir.put(this.path, "cgroup.events", events);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.close();
    await this.#obeying;
  }
}
