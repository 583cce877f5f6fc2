/** The page as files: built by .toolchain/build.ts, and read once, when the server starts. */
import { CorralError } from "../base/errors.ts";

/** One file, served as `/NAME`; `index.html` also as `/`. */
export interface PageFile {
  readonly name: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** Beside the bundle in the binary, and in dist/ for a test that runs the sources. */
const PLACES = ["../page/", "../../dist/page/"];

/** Every file of the page. Throws CorralError where it is not built. */
export async function pageFiles(): Promise<PageFile[]> {
  for (const place of PLACES) {
    const files = await filesIn(new URL(place, import.meta.url));
    if (files.some(({ name }) => name === "index.html")) return files;
  }
  throw notBuilt();
}

async function filesIn(folder: URL): Promise<PageFile[]> {
  const files: PageFile[] = [];
  for (const name of await namesIn(folder)) {
    const contentType = CONTENT_TYPES[name.split(".").at(-1)!];
    if (contentType === undefined) continue;
    files.push({ name, contentType, body: await Deno.readFile(new URL(name, folder)) });
  }
  return files;
}

async function namesIn(folder: URL): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function notBuilt(): CorralError {
  return new CorralError("the page is not built", { remedy: "make dist/page-built" });
}
