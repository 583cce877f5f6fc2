/** What the owner of strays thinks of them, by the refs in their command lines. */
import type { Diagnostics } from "../base/diagnostics.ts";
import type { Node } from "./node.ts";
import { UsageError } from "../base/errors.ts";
import { ownersWord } from "./owner_answers.ts";
import { askOwner } from "./owner.ts";
import { unclearLines } from "./owner_unclear.ts";
import type { Stray } from "./strays_select.ts";

/** How the owner is asked, and whether its word decides. */
export interface OwnersViewOptions {
  statusCommand: string | null;
  refPattern: RegExp | null;
  finishedOnly: boolean;
  /** In lower case. */
  finishedStatuses: readonly string[];
}

/** The owner's word for each stray. */
export interface OwnersView {
  /** In lower case, null without an answer; null altogether when it was not asked. */
  statusOf: ((stray: Stray) => string | null) | null;
  /** False for one that is not wanted, because the owner did not call it finished. */
  fits: (stray: Stray) => boolean;
}

/** Asked once: what is found later with another ref has no answer. Throws UsageError. */
export async function askOwnerOf(
  node: Pick<Node, "shell"> & Diagnostics,
  strays: readonly Stray[],
  { statusCommand, refPattern, finishedOnly, finishedStatuses }: OwnersViewOptions,
): Promise<OwnersView> {
  if (finishedOnly && (statusCommand === null || refPattern === null)) {
    throw new UsageError("--finished-only: by whose word? give --ref-pattern and --status-command");
  }
  if (statusCommand === null) return { statusOf: null, fits: () => true };
  const refs = strays.map(({ ref }) => ref).filter((ref) => ref !== null);
  const answers = await askOwner(node, statusCommand, refs, finishedStatuses);
  for (const line of unclearLines(answers)) node.say(`warning: ${line}`);
  return {
    statusOf: ({ ref }) => ref === null ? null : answers.states.get(ref.trim()) ?? null,
    fits: ({ ref }) => !finishedOnly || ownersWord(answers, ref, finishedStatuses) === true,
  };
}
