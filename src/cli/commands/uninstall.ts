/** `corral uninstall`: removes what `corral install` made. The store, the records of jobs and the binary stay. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../../base/errors.ts";
import { usersDirectoryRemoval } from "../../act/install/users_directory.ts";
import { takeOrShow } from "../take_or_show.ts";
import { look } from "../../act/install/look.ts";
import { realPath } from "../../act/install/node_files.ts";
import { readPackaged } from "../../act/install/packaged.ts";
import { placesOf } from "../../act/install/places.ts";
import { lookForServe, servePaths, serveRemoval } from "../../act/install/serve_unit.ts";
import { foreignPaths, uninstallPlan } from "../../act/install/plan.ts";
import { quoted } from "../../base/text.ts";
import { SHARED_PATHS } from "../shared_files.ts";

/** The sub-command, wired to `invoke`. */
export function uninstallVerb(invoke: Invoke) {
  const uninstall = new Command("uninstall")
    .description(
      "Removes what `corral install` made: timer or cron line, the unit of `corral serve`, manual pages, completions, and the directories made for them. Jobs, " +
        "their records and the binary stay.",
    )
    .option("--print", "show what would go; change nothing");
  uninstall.action((options) =>
    invoke(uninstall, (context) => takeAway(context, { print: options.print ?? false }))
  );
  return uninstall;
}

async function takeAway(context: Context, { print }: { print: boolean }): Promise<number> {
  const places = placesOf({ ...context, prefix: null });
  const packaged = readPackaged({ ...context, binary: realPath(context.self.path) ?? context.self.path });
  const found = await look(context, places, { paths: SHARED_PATHS, packaged });
  const configured = context.settings.userStateDir;
  const serve = servePaths(places, context.uid);
  const acts = [
    ...serveRemoval(serve, await lookForServe(context, serve.unit)),
    ...uninstallPlan(places, found),
    // A package has made it, and takes it away.
    ...(packaged === null ? usersDirectoryRemoval({ uid: context.uid, etc: context.etc, configured }) : []),
  ];
  await takeOrShow(context, acts, { print: print ? "all" : null });
  if (acts.length === 0) context.stdout.write("nothing is installed\n");
  const foreign = foreignPaths(found);
  for (const path of foreign) {
    context.say(`left ${quoted(path, 400)}: it was not made by corral install; remove it by hand`);
  }
  return foreign.length === 0 ? EXIT.DONE : EXIT.NEGATIVE;
}
