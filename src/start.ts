/**
 * The binary's first module. All of corral is main.ts; what root calls for each user of the node comes before that, for it needs little of
 * it (cli/shared_rows_alone.ts).
 */
import { SHARED_ROWS } from "./base/called_by_itself.ts";

const [verb, ...words] = Deno.args;
if (verb === SHARED_ROWS) {
  const { shareRowsAlone } = await import("./cli/shared_rows_alone.ts");
  Deno.exit(await shareRowsAlone(words));
}
await import("./main.ts");
