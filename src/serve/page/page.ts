/** What every view gets: the state of this moment and the means to show it. */
import type { NodeState } from "../feed.ts";
import type { Slots } from "./course.ts";
import type { Clock } from "./format.ts";
import type { PageState } from "./state.ts";
import type { Act } from "./text.ts";

/** One reading of the state; a view keeps none of it. */
export interface Page {
  readonly node: NodeState;
  readonly state: PageState;
  /** Wall clock of the server; it stands still while there is no contact. */
  readonly nowMs: number;
  readonly isStale: boolean;
  /** How old the newest message is, ms. */
  readonly ageMs: number;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly act: Act;
}
