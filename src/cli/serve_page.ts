/** The source of the page of `corral serve`, made of a command's context. */
import type { SourceOptions } from "../serve/context.ts";
import { NodeSource } from "../serve/page_source.ts";
import type { PageSource } from "../serve/source.ts";
import type { Context } from "./context.ts";
import { seesEverybody } from "./in_sight.ts";

/** Root's page has everybody's jobs, unless a store was named. */
export function makePageSource(context: Context, options: Omit<SourceOptions, "seesEverybody">): PageSource {
  return new NodeSource(context, { ...options, seesEverybody: seesEverybody(context) });
}
