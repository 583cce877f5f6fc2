/**
 * The receipt that a refused `corral run` names. The words were refused while they were read, perhaps before the parser came to --receipt,
 * and what an earlier run left there must not be taken for the receipt of this one.
 */
import { removeEarlierReceiptOf } from "../act/run/for_user.ts";
import { runVerb } from "./commands/run.ts";
import type { Context } from "./context.ts";
import { commandIndex, withOwnCommand } from "./words.ts";

/** What is read of an option of `corral run`. */
interface KnownOption {
  readonly long?: string | undefined;
  readonly short?: string | undefined;
  /** It takes a value. */
  readonly required: boolean;
}

/** Removes it. The user of the job is not known, so only a file that is a receipt goes. Never throws. */
export async function removeRefusedReceipt(
  args: readonly string[],
  makeContext: () => Promise<Context>,
): Promise<void> {
  const words = withOwnCommand(args);
  const at = commandIndex(words);
  if (words[at] !== "run") return;
  const { options } = runVerb(() => Promise.resolve());
  const receipt = receiptIn(words.slice(at + 1), options);
  if (receipt === undefined) return;
  try {
    await removeEarlierReceiptOf(await makeContext(), receipt, "unknown");
  } catch {
    // The refusal is what the caller must see.
  }
}

/** The value of --receipt among the options; what stands behind the command is the command's. */
function receiptIn(words: readonly string[], options: readonly KnownOption[]): string | undefined {
  let receipt: string | undefined;
  for (let at = 0; at < words.length && isOption(words[at]!); at++) {
    const [, name = "", inline] = /^([^=]*)(?:=(.*))?$/s.exec(words[at]!) ?? [];
    const known = options.find(({ long, short }) => name === long || name === short);
    // A misspelt option is taken to have a value where one can follow it.
    const isValued = known?.required ?? isValue(words[at + 1]);
    const value = inline ?? (isValued ? words[++at] : undefined);
    if (name === "--receipt") receipt = value;
  }
  return receipt;
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "--";
}

function isValue(word: string | undefined): boolean {
  return word !== undefined && !word.startsWith("-");
}
