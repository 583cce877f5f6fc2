/** The files of the page by the paths of their requests. No path of a request ever becomes a path of a file. */
import { answer } from "./headers.ts";

/** One file of the page. */
export interface PageFile {
  readonly name: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Of one server: read once, when it starts. */
export class Assets {
  readonly #files: ReadonlyMap<string, PageFile>;

  constructor(files: readonly PageFile[]) {
    const index = files.filter(({ name }) => name === "index.html").map((file) => ["/", file] as const);
    this.#files = new Map([...index, ...files.map((file) => [`/${file.name}`, file] as const)]);
  }

  /** True for the path of one of them, as it is. */
  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Null for any other path. */
  answer(path: string): Response | null {
    const file = this.#files.get(path);
    return file === undefined ? null : answer(200, file.contentType, file.body);
  }
}
