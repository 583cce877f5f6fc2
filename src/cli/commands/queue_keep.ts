/** `corral queue-keep`: the process that looks after a queue in which detached jobs wait (act/queue/keeper.ts). Not shown in the help. */
import { Command } from "@commander-js/extra-typings";
import { keepQueue } from "../../act/queue/keeper.ts";
import { QUEUE_KEEP } from "../../act/queue/names.ts";
import { EXIT } from "../../base/errors.ts";
import type { Invoke } from "../verb.ts";

/** The sub-command, wired to `invoke`. */
export function queueKeepVerb(invoke: Invoke) {
  const verb = new Command(QUEUE_KEEP).description("Looks after the queue while detached jobs wait in it.");
  verb.action(() =>
    invoke(verb, async (context) => {
      await keepQueue(context, context.openStore("queue"), context.settings.pools);
      return EXIT.DONE;
    })
  );
  return verb;
}
