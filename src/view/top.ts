/** What `corral top` is to show, and the keys that change it. Pure. */
import type { Job } from "../job/job.ts";
import { chooseOrder, type Order } from "./choose_columns.ts";
import { LIVE_COLUMNS, type LiveColumn } from "./ps.ts";
import { edited, meantBy, type Prompt } from "./top_prompt.ts";

/** What the person at the terminal has chosen. */
export interface View {
  readonly order: Order<LiveColumn>;
  readonly showsHelp: boolean;
  /** Whole command lines in place of most figures. */
  readonly showsCommand: boolean;
  /** Only jobs that have it in id, name, ref, user or command line. */
  readonly filter: string;
  /** Only jobs of this user, name or uid. */
  readonly user: string | null;
  /** What is being asked, if anything. */
  readonly prompt: Prompt | null;
  /** What became of the last thing that was asked for. */
  readonly note: string;
}

/** What a key asks for besides the view that it leads to. */
export type KeyAct = "quit" | "refresh" | "show" | "end";

/** `job` is the one that is to be ended. */
export interface Pressed {
  readonly view: View;
  readonly act: KeyAct;
  readonly job?: Job;
}

/** Busiest first, as in top(1). */
export const DEFAULT_SORT = "-cpu%";
/** All keys. Two spaces stand between them, and no line is wider than a usual terminal. */
export const HELP_LINES = [
  "q quit  k kill a job  / filter  u user  c command line  h no help",
  "p cpu  m memory  l time left  a age  n name  r reverse  space refresh now",
];

/** ^C: in raw mode a key like any other. */
const INTERRUPT = "\x03";
/** ^L, as in any program that fills the screen. */
const REDRAW = "\x0c";
/** What one looks for first: the most of it, the one that is over next, the alphabet. */
const SORT_OF_KEY: ReadonlyMap<string, string> = new Map([
  ["p", "-cpu%"],
  ["P", "-cpu%"],
  ["m", "-mem"],
  ["M", "-mem"],
  ["l", "left"],
  ["a", "-age"],
  ["n", "name"],
]);
const PROMPT_OF_KEY: ReadonlyMap<string, "end" | "filter" | "user"> = new Map([
  ["k", "end"],
  ["/", "filter"],
  ["u", "user"],
]);

/** Before any key. */
export function firstView(order: View["order"], user: string | null = null): View {
  return {
    order,
    user,
    showsHelp: false,
    showsCommand: false,
    filter: "",
    prompt: null,
    note: "",
  };
}

/** The view after the key; null for one that means nothing. `jobs` are those that can be ended. */
export function pressed(before: View, key: string, jobs: readonly Job[] = []): Pressed | null {
  if (key === INTERRUPT) return { view: before, act: "quit" };
  if (before.prompt !== null) return typed(before, before.prompt, { key, jobs });
  const view = before.note === "" ? before : { ...before, note: "" };
  const sort = SORT_OF_KEY.get(key);
  if (sort !== undefined) return { view: { ...view, order: chooseOrder(sort, LIVE_COLUMNS) }, act: "show" };
  const asks = PROMPT_OF_KEY.get(key);
  if (asks !== undefined) {
    const text = asks === "filter" ? view.filter : "";
    return { view: { ...view, prompt: { asks, text } }, act: "show" };
  }
  switch (key) {
    case "q":
      return { view, act: "quit" };
    case " ":
      return { view, act: "refresh" };
    case REDRAW:
      return { view, act: "show" };
    case "r":
      return { view: { ...view, order: reversed(view.order) }, act: "show" };
    case "c":
      return { view: { ...view, showsCommand: !view.showsCommand }, act: "show" };
    case "h":
    case "?":
      return { view: { ...view, showsHelp: !view.showsHelp }, act: "show" };
    default:
      return null;
  }
}

function typed(
  view: View,
  prompt: Prompt,
  { key, jobs }: { key: string; jobs: readonly Job[] },
): Pressed | null {
  const answered = { ...view, prompt: null };
  if (prompt.asks === "sure") {
    if (/^y$/i.test(key)) {
      return { view: { ...answered, note: `ending job ${prompt.job.spec.id}` }, act: "end", job: prompt.job };
    }
    return { view: { ...answered, note: "nothing is ended" }, act: "show" };
  }
  const next = edited(prompt, key);
  if (next === null) return null;
  if (next === "left") return { view: answered, act: "show" };
  if (next !== "entered") return { view: { ...view, prompt: next }, act: "show" };
  const text = prompt.text.trim();
  if (prompt.asks === "filter") return { view: { ...answered, filter: text }, act: "show" };
  if (prompt.asks === "user") return { view: { ...answered, user: text === "" ? null : text }, act: "show" };
  const meant = text === "" ? "nothing is ended" : meantBy(text, jobs);
  return typeof meant === "string"
    ? { view: { ...answered, note: meant }, act: "show" }
    : { view: { ...view, prompt: { asks: "sure", job: meant } }, act: "show" };
}

function reversed<C>({ column, isDescending }: Order<C>): Order<C> {
  return { column, isDescending: !isDescending };
}
