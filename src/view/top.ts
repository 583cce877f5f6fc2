/** What `corral top` is to show, and the keys that change it. Pure. */
import { chooseOrder, type Order } from "./choose_columns.ts";
import { LIVE_COLUMNS, type LiveColumn } from "./ps.ts";

/** What the person at the terminal has chosen. */
export interface View {
  readonly order: Order<LiveColumn>;
  readonly showsHelp: boolean;
}

/** What a key asks for besides the view that it leads to. */
export type KeyAct = "quit" | "refresh" | "show";

/** Busiest first, as in top(1). */
export const DEFAULT_SORT = "-cpu%";
/** All keys on one line. */
export const HELP =
  "q quit  c cpu  m memory  l time left  a age  n name  r reverse  space refresh now  h no help";

/** ^C: in raw mode a key like any other. */
const INTERRUPT = "\x03";
/** What one looks for first: the most of it, the one that is over next, the alphabet. */
const SORT_OF_KEY: ReadonlyMap<string, string> = new Map([
  ["c", "-cpu%"],
  ["m", "-mem"],
  ["l", "left"],
  ["a", "-age"],
  ["n", "name"],
]);

/** The view after the key; null for one that means nothing. */
export function pressed(view: View, key: string): { view: View; act: KeyAct } | null {
  const sort = SORT_OF_KEY.get(key);
  if (sort !== undefined) return { view: { ...view, order: chooseOrder(sort, LIVE_COLUMNS) }, act: "show" };
  switch (key) {
    case "q":
    case INTERRUPT:
      return { view, act: "quit" };
    case " ":
      return { view, act: "refresh" };
    case "r":
      return { view: { ...view, order: reversed(view.order) }, act: "show" };
    case "h":
    case "?":
      return { view: { ...view, showsHelp: !view.showsHelp }, act: "show" };
    default:
      return null;
  }
}

function reversed<C>({ column, isDescending }: Order<C>): Order<C> {
  return { column, isDescending: !isDescending };
}
