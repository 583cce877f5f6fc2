/** Where `corral serve` gets what it sends: the page's files, the node's state, and what the commands print. */
import type { PageFile } from "../serve/assets.ts";
import type { SourceOptions } from "../serve/context.ts";
import { pageFiles } from "../serve/page_files.ts";
import type { PageSource, PlainSource } from "../serve/source.ts";
import type { Context } from "./context.ts";
import { makePageSource } from "./serve_page.ts";
import { makePlainSource } from "./serve_plain.ts";

/** Of one server. */
export interface ServeSources {
  page: PageSource;
  plain: PlainSource;
  files: readonly PageFile[];
}

/** What the sources are told by the server. */
export type ServeSourceOptions = Omit<SourceOptions, "seesEverybody">;

/** Throws CorralError where the page is not built, StoreError. */
export async function serveSources(context: Context, options: ServeSourceOptions): Promise<ServeSources> {
  return {
    files: await pageFiles(),
    page: makePageSource(context, options),
    plain: makePlainSource(context),
  };
}
