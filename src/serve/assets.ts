/** The files of the page by the paths of their requests. No path of a request ever becomes a path of a file. */
import { answer } from "./headers.ts";

/** One file of the page. */
export interface PageFile {
  readonly name: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What a page consists of; nothing else that lies beside it is served. */
const NAME = /^[\w-]+\.(html|js|css)$/;

/** Of one server: read once, when it starts. */
export class Assets {
  readonly #files: ReadonlyMap<string, PageFile>;

  constructor(files: readonly PageFile[]) {
    const served = files.filter(({ name }) => NAME.test(name));
    const pathOf = (name: string) => name === "index.html" ? "/" : `/${name}`;
    this.#files = new Map(served.map((file) => [pathOf(file.name), file]));
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
