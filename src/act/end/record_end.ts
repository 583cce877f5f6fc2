/** The record of an end: in the store, and, by the process that was first, in the journal. */
import type { Ending, StoredEvent } from "../../job/events.ts";
import type { JobSpec } from "../../job/job.ts";
import { endEntry } from "../../job/journal_entry.ts";
import type { Node } from "../../observe/node.ts";
import type { Ledger } from "../../store/ledger.ts";

/** Where the end of a job is written to. */
export interface EndRecord extends Pick<Node, "journal"> {
  ledger: Ledger;
}

/** A job that has ended, and how. */
export interface EndOf {
  spec: JobSpec;
  ending: Ending;
  steps: StoredEvent[];
}

/** False when another process had recorded the end before: then the journal has its line. */
export function recordEnd({ ledger, journal }: EndRecord, { spec, ending, steps }: EndOf): boolean {
  const isFirst = ledger.markEnded(spec.id, ending, steps);
  if (isFirst) journal(endEntry(spec, ending));
  return isFirst;
}
