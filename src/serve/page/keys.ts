/// <reference lib="dom" />
/** The keyboard: rows, views, the filter. A dialog that is open keeps its keys. */
import { toggleTheme } from "./theme.ts";

/** What keys do that is not in the document. */
export interface KeyActs {
  readonly showKeys: () => void;
}

const SECOND_MS = 1000;
const VIEWS: Readonly<Record<string, string>> = { n: "#/", q: "#/queue", h: "#/history" };

/** Keys and what they do, for the dialog. */
export const KEY_HELP: readonly [keys: string[], does: string][] = [
  [["/"], "filter or search"],
  [["j", "k"], "next row, row before"],
  [["enter"], "open the row"],
  [["esc"], "let go of a moment, clear the filter, back"],
  [["←", "→"], "in a plot: the moment before, after"],
  [["g", "n"], "the node"],
  [["g", "q"], "the queue"],
  [["g", "h"], "the history"],
  [["t"], "light or dark"],
  [["?"], "this list"],
];

/** Once, for the whole page. */
export function listenToKeys({ showKeys }: KeyActs): void {
  let goneMs = -Infinity;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") !== null) {
      return;
    }
    if (event.key === "Escape") return escape(event);
    if (event.target instanceof HTMLInputElement) return;
    const view = VIEWS[event.key];
    if (view !== undefined && event.timeStamp - goneMs < SECOND_MS) location.hash = view;
    goneMs = event.key === "g" ? event.timeStamp : -Infinity;
    if (event.key === "/") toFilter(event);
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
    if (event.key === "t") toggleTheme();
    if (event.key === "?") showKeys();
  });
  addEventListener("click", openRow);
}

/** Clears the filter that has the focus; else goes back from a job to where the user came from. */
function escape({ target }: KeyboardEvent): void {
  if (target instanceof HTMLInputElement) {
    target.value = "";
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.blur();
  } else if (location.hash.length > 2) history.length > 1 ? history.back() : location.hash = "#/";
}

function toFilter(event: KeyboardEvent): void {
  event.preventDefault();
  const filter = document.getElementById("filter");
  if (filter === null) location.hash = "#/history";
  else filter.focus();
}

/** Moves the real focus, so that enter opens the link. */
function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("tbody tr[data-href] td a")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

/** The whole row is a target, the name is the link. */
function openRow(event: MouseEvent): void {
  const target = event.target as Element;
  if (target.closest("a, button, input, summary") !== null || getSelection()?.isCollapsed === false) return;
  const href = target.closest<HTMLElement>("tr[data-href]")?.dataset["href"];
  if (href !== undefined) location.hash = href;
}
