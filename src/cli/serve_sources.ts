/** Where `corral serve` gets what it sends: the page's files, the node's state, and what the commands print. */
import type { PageFile } from "../serve/assets.ts";
import type { SourceOptions } from "../serve/context.ts";
import { pageFiles } from "../serve/page_files.ts";
import { NodeSource } from "../serve/page_source.ts";
import type { PageSource, PlainSource } from "../serve/source.ts";
import type { Context } from "./context.ts";
import { seesEverybody } from "./in_sight.ts";
import { makePlainSource } from "./serve_plain.ts";

/** Of one server. */
export interface ServeSources {
  page: PageSource;
  plain: PlainSource;
  files: readonly PageFile[];
}

/** What the sources are told by the server; root's page has everybody's jobs, unless a store was named. */
export type ServeSourceOptions = Omit<SourceOptions, "seesEverybody">;

/** Throws CorralError where the page is not built, StoreError. */
export async function serveSources(context: Context, options: ServeSourceOptions): Promise<ServeSources> {
  return {
    files: await pageFiles(),
    page: new NodeSource(context, { ...options, seesEverybody: seesEverybody(context) }),
    plain: makePlainSource(context),
  };
}
