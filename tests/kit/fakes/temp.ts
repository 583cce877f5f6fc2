/** A directory of its own for one test, removed with everything in it when the test's scope ends. */
export class TempDir implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "corral-unit-" });

  /** Writes a file, and the directories it needs; its absolute name. */
  write(name: string, text: string): string {
    const path = `${this.path}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
