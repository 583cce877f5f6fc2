/** The files of the page by the paths of their requests. No path of a request ever becomes a path of a file. */
import { answer } from "./headers.ts";

/** One file of the page. */
export interface PageFile {
  readonly name: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What the page consists of. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["/", "index.html"],
  ["/app.js", "app.js"],
  ["/app.css", "app.css"],
]);

/** Of one server: read once, when it starts. */
export class Assets {
  readonly #files: ReadonlyMap<string, PageFile>;

  constructor(files: readonly PageFile[]) {
    const named = (name: string) => files.find((file) => file.name === name);
    this.#files = new Map(
      [...NAMES].flatMap(([path, name]) => {
        const file = named(name);
        return file === undefined ? [] : [[path, file] as const];
      }),
    );
  }

  /** Null for any other path. */
  answer(path: string): Response | null {
    const file = this.#files.get(path);
    return file === undefined ? null : answer(200, file.contentType, file.body);
  }
}
