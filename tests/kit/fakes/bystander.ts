/** A process that has nothing to do with any job. */
export class Bystander implements AsyncDisposable {
  readonly #child = new Deno.Command("sleep", { args: ["1000"], stdin: "null" }).spawn();
  #ended = false;

  get pid(): number {
    return this.#child.pid;
  }

  /** Ends it and tells whether nobody else has signalled it: of two signals the lower number takes it, and SYS is the highest. */
  async wasLeftAlone(): Promise<boolean> {
    return await this.#end() === "SIGSYS";
  }

  async #end(): Promise<Deno.Signal | null> {
    if (!this.#ended) this.#child.kill("SIGSYS");
    this.#ended = true;
    return (await this.#child.status).signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
