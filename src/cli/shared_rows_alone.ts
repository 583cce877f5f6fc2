/**
 * `corral shared-rows` without the rest of corral: root has one such process for each user of the node, and half of what a start costs is
 * the loading of all that this one does not need.
 */
import { EXIT, exitCodeOf, renderError } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import { settleSurroundings } from "../linux/surroundings.ts";
import { writeAll, writeDiagnostics } from "../linux/write.ts";
import { openFormerStore } from "../store/former_store.ts";
import { openStoreFor } from "../store/launch_store.ts";
import { printSharedRows, storesHere } from "./print_shared_rows.ts";
import { settingsHere, storeFileIn } from "./settings_here.ts";

const PROC = "/proc";
const ACTOR = "ps";

/** Its exit code, as the verb would give it; never throws. */
export async function shareRowsAlone(words: readonly string[]): Promise<number> {
  settleSurroundings(PROC);
  const uid = Deno.uid() ?? 0;
  const warn = (line: string) => writeDiagnostics(`corral: ${printable(line)}\n`);
  try {
    const settings = await settingsHere({ uid, env: Deno.env.toObject(), cwd: "/", options: {} });
    const former = { directory: settings.formerStateDir, uid, actor: ACTOR, storeFileIn, warn };
    const open = () => storesHere(openStoreFor(settings, ACTOR), openFormerStore(former));
    printSharedRows(words, open, (text) => writeAll(Deno.stdout, text));
    return EXIT.DONE;
  } catch (error) {
    writeDiagnostics(`${renderError(error)}\n`);
    return exitCodeOf(error, false);
  }
}
