/** The steps of `corral install` and `corral uninstall`: taken, or only shown. */
import { carryOut } from "../act/install/carry_out.ts";
import type { Act } from "../act/install/plan.ts";
import { printable } from "../base/text.ts";
import { planText } from "../view/install.ts";
import type { Context } from "./context.ts";

/** Prints each step, as it is taken or, with `print`, instead. Throws PathError, SetupError at the first that fails. */
export async function takeOrShow(
  context: Context,
  acts: readonly Act[],
  { print }: { print: boolean },
): Promise<void> {
  if (print) { for (const act of acts) context.stdout.write(planText(act, context)); }
  else await carryOut(context, acts, (words) => void context.stdout.write(`${printable(words)}\n`));
}
