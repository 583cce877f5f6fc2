/** Where `corral serve` gets what it sends: the one file that says so. */
import { placeholderSources } from "./serve_placeholder.ts";
import type { PageFile } from "../serve/assets.ts";
import type { PageSource, PlainSource } from "../serve/source.ts";
import type { Context } from "./context.ts";
import type { SweepNote } from "./serve_loop.ts";

/** Of one server. */
export interface ServeSources {
  page: PageSource;
  plain: PlainSource;
  files: readonly PageFile[];
}

/** What the sources are told by the server. */
export interface ServeSourceOptions {
  allowChanges: boolean;
  lastSweep: () => SweepNote | null;
}

/** Throws CorralError where the page is not built. */
export function serveSources(context: Context, options: ServeSourceOptions): Promise<ServeSources> {
  return Promise.resolve(placeholderSources(context, options));
}
