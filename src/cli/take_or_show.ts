/** The steps of `corral install` and `corral uninstall`: taken, or only shown. */
import { takeSteps } from "../act/install/take_steps.ts";
import type { InstallStep } from "../act/install/plan.ts";
import { printable } from "../base/text.ts";
import { stepText } from "../view/install.ts";
import type { Context } from "./context.ts";

/** Prints each step, as it is taken or, with `print`, instead. Throws PathError, SetupError at the first that fails. */
export async function takeOrShow(
  context: Context,
  acts: readonly InstallStep[],
  { print }: { print: boolean },
): Promise<void> {
  if (print) { for (const act of acts) context.stdout.write(stepText(act, context)); }
  else await takeSteps(context, acts, (words) => void context.stdout.write(`${printable(words)}\n`));
}
