/** The record of a launch, whatever its store is like: busy, out of reach, or broken. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { errorText, StoreError } from "../../base/errors.ts";
import { TrustError } from "../../base/trust.ts";
import type { Node } from "../../observe/node.ts";
import { isBusy, LAUNCH_WAIT_MS, Ledger } from "../../store/ledger.ts";
import { noPool } from "./pool_store.ts";

/**
 * The ledger of one launch. A store that is busy is opened later; one that cannot be opened is reported, and the job runs unrecorded, unless
 * it `isNeeded`: then CorralError is thrown.
 */
export function openLedger(
  node: Pick<Node, "openLaunchStore" | "unwritten">,
  say: Diagnostics["say"],
  { isNeeded }: { isNeeded: boolean },
): Ledger {
  const launch = { unwritten: node.unwritten(), reopen: (waitMs: number) => node.openLaunchStore(waitMs) };
  const options = { isShared: false, launch };
  try {
    return new Ledger(node.openLaunchStore(LAUNCH_WAIT_MS), say, options);
  } catch (error) {
    // A store that others can change is no failure of the store: a record in it would have root act on theirs.
    if (error instanceof TrustError) throw error;
    if (isBusy(error)) return new Ledger(null, say, options);
    if (isNeeded && error instanceof StoreError) throw noPool(error);
    say(`warning: this job is not recorded: ${errorText(error)}`);
    return new Ledger(null, say);
  }
}
