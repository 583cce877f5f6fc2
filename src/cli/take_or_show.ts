/** The steps of `corral install` and `corral uninstall`: taken, or only shown. */
import { takeSteps } from "../act/install/take_steps.ts";
import type { InstallStep } from "../act/install/plan.ts";
import { printable } from "../base/text.ts";
import { stepsText } from "../view/install.ts";
import type { Context } from "./context.ts";

/** Prints each step, as it is taken or, with `print`, instead. Throws PathError, SetupError at the first that fails. */
export async function takeOrShow(
  context: Context,
  acts: readonly InstallStep[],
  { print }: { print: "units" | "all" | null },
): Promise<void> {
  if (print === null) {
    await takeSteps(context, acts, (words) => void context.stdout.write(`${printable(words)}\n`));
  } else context.stdout.write(stepsText(acts, { ...context, isAll: print === "all" }));
}
