/** `corral shared-rows`: prints rows of the caller's store for root, who asks as the user (observe/everybody.ts). Not shown in the help. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import { EXIT, UsageError } from "../../base/errors.ts";
import { bothStores } from "../../store/former_store.ts";
import { parseSharedWords, SHARED_ROWS, writtenRows } from "../../store/shared_rows.ts";
import { chunks } from "../../view/report/chunks.ts";

/** The sub-command, wired to `invoke`. */
export function sharedRowsVerb(invoke: Invoke) {
  const verb = new Command(SHARED_ROWS)
    .description("Prints rows of the store. For root's view of everybody's jobs.")
    .argument("<WHICH>", "live, since or named")
    .argument("[VALUE]", "milliseconds since the epoch, or a word");
  verb.action((which, value) =>
    invoke(verb, (context) => {
      const request = parseSharedWords(value === undefined ? [which] : [which, value]);
      if (request === null) throw new UsageError(`${SHARED_ROWS}: unknown request`);
      const store = bothStores(context.openStore("ps"), context.openFormerStore("ps"));
      for (const text of chunks(lines(writtenRows(store, request)))) {
        if (!context.stdout.write(text)) break;
      }
      return Promise.resolve(EXIT.DONE);
    })
  );
  return verb;
}

function* lines(rows: Iterable<string>): Generator<string> {
  for (const row of rows) yield `${row}\n`;
}
