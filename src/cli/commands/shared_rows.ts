/** `corral shared-rows`: prints rows of the caller's store for root, who asks as the user (observe/everybody.ts). Not shown in the help. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import { EXIT } from "../../base/errors.ts";
import { SHARED_ROWS } from "../../base/called_by_itself.ts";
import { printSharedRows, storesHere } from "../print_shared_rows.ts";

/** The sub-command, wired to `invoke`; the binary itself takes a shorter way (start.ts). */
export function sharedRowsVerb(invoke: Invoke) {
  const verb = new Command(SHARED_ROWS)
    .description("Prints rows of the store. For root's view of everybody's jobs.")
    .argument("<WHICH>", "live, recent, since, ended or named")
    .argument("[VALUE]", "a number, milliseconds since the epoch, positions, or a word");
  verb.action((which, value) =>
    invoke(verb, (context) => {
      const open = () => storesHere(context.openStore("ps"), context.openFormerStore("ps"));
      printSharedRows(value === undefined ? [which] : [which, value], open, context.stdout.write);
      return Promise.resolve(EXIT.DONE);
    })
  );
  return verb;
}
