/** `corral shared-rows`: prints rows of the caller's store for root, who asks as the user (observe/everybody.ts). Not shown in the help. */
import { Command } from "@commander-js/extra-typings";
import type { Context } from "../context.ts";
import type { Invoke } from "../verb.ts";
import { EXIT, UsageError } from "../../base/errors.ts";
import { bothStores } from "../../store/former_store.ts";
import {
  parseSharedWords,
  SHARED_ROWS,
  type SharedRequest,
  writtenEndings,
  writtenRows,
} from "../../store/shared_rows.ts";
import { chunks } from "../../view/report/chunks.ts";

/** The sub-command, wired to `invoke`. */
export function sharedRowsVerb(invoke: Invoke) {
  const verb = new Command(SHARED_ROWS)
    .description("Prints rows of the store. For root's view of everybody's jobs.")
    .argument("<WHICH>", "live, recent, since, ended or named")
    .argument("[VALUE]", "a number, milliseconds since the epoch, positions, or a word");
  verb.action((which, value) =>
    invoke(verb, (context) => {
      const request = parseSharedWords(value === undefined ? [which] : [which, value]);
      if (request === null) throw new UsageError(`${SHARED_ROWS}: unknown request`);
      for (const text of chunks(lines(rowsOf(context, request)))) {
        if (!context.stdout.write(text)) break;
      }
      return Promise.resolve(EXIT.DONE);
    })
  );
  return verb;
}

function rowsOf(context: Context, request: SharedRequest): Iterable<string> {
  const [store, former] = [context.openStore("ps"), context.openFormerStore("ps")];
  if (request.which !== "ended") return writtenRows(bothStores(store, former), request);
  return writtenEndings([store, ...(former === null ? [] : [former])], request.seen);
}

function* lines(rows: Iterable<string>): Generator<string> {
  for (const row of rows) yield `${row}\n`;
}
