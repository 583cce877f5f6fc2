/// <reference lib="dom" />
/** The live jobs: filter, chips, sort. Rows keep their places while the pointer or the focus is among them. */
import { Component, createRef, type VNode } from "preact";
import type { LiveRow } from "../feed.ts";
import { chips, field } from "./control.ts";
import { classes, html, type Markup } from "./dom.ts";
import { bytes, cores } from "./format.ts";
import { icon } from "./icon.ts";
import { JobRow, rowClock } from "./job_row.ts";
import {
  BY_MEMORY,
  type Chip,
  isOf,
  keptInOrder,
  matches,
  nextSort,
  type Sort,
  sorted,
  type SortKey,
} from "./order.ts";
import type { Page } from "./page.ts";

interface Props {
  readonly page: Page;
}

interface State {
  readonly filter: string;
  readonly chip: Chip;
  readonly sort: Sort;
  /** How many rows are built; more when the user comes near the last one. */
  readonly shown: number;
}

const STEP = 40;

interface Column {
  readonly key: SortKey | null;
  readonly label: string;
  readonly width: string;
  readonly isNumber?: true;
}

const COLUMNS: readonly Column[] = [
  { key: "state", label: "State", width: "k-state" },
  { key: "name", label: "Name and ref", width: "" },
  { key: "user", label: "User", width: "k-user" },
  { key: "pool", label: "Pool", width: "w-lg k-pool" },
  { key: "memory", label: "Memory, of limit", width: "k-memory" },
  { key: null, label: "Last hour", width: "w-lg k-spark" },
  { key: "cpu", label: "CPU in cores, of limit", width: "k-cpu" },
  { key: "disk", label: "Disk", width: "w-xl k-disk", isNumber: true },
  { key: "processes", label: "Procs", width: "w-lg k-procs", isNumber: true },
  { key: "age", label: "Age", width: "w-lg k-age", isNumber: true },
  { key: "left", label: "Left", width: "k-left", isNumber: true },
];

/** Builds the rows near the window only; the others follow as the user scrolls. */
export class LiveJobs extends Component<Props, State> {
  override state: State = { filter: "", chip: "all", sort: BY_MEMORY, shown: STEP };
  #order: string[] = [];
  #isBusy = false;
  readonly #end = createRef<HTMLDivElement>();
  #observer: IntersectionObserver | null = null;

  override componentDidMount(): void {
    this.#observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting && this.state.shown < this.#order.length) {
        this.setState(({ shown }) => ({ shown: shown + STEP }));
      }
    }, { rootMargin: "800px" });
    this.#observer.observe(this.#end.current!);
  }

  /** The observer calls back on a change alone: it is set anew, so that an end that is in sight again counts. */
  override componentDidUpdate(_: Props, { shown }: State): void {
    if (shown === this.state.shown) return;
    this.#observer?.disconnect();
    this.#observer?.observe(this.#end.current!);
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
  }

  /** Another choice of the user's: its order holds at once. */
  #choose(change: Partial<State>): void {
    this.#order = [];
    this.setState({ ...change, shown: STEP });
  }

  #rows(): LiveRow[] {
    const { page } = this.props;
    const { filter, chip, sort } = this.state;
    const wanted = [...page.state.jobs.values()].filter((row) =>
      isOf(row, chip, page.nowMs) && matches(row, filter)
    );
    const rows = this.#isBusy && this.#order.length > 0
      ? keptInOrder(wanted, this.#order)
      : sorted(wanted, sort);
    this.#order = rows.map(({ id }) => id);
    return rows;
  }

  readonly #busy = () => this.#isBusy = true;

  readonly #free = ({ currentTarget }: Event) => {
    const table = currentTarget as HTMLElement;
    queueMicrotask(() => this.#isBusy = table.matches(":hover") || table.contains(document.activeElement));
  };

  render(): VNode {
    const { filter } = this.state;
    const rows = this.#rows();
    return html`
      <section class="sec o4" aria-label="Live jobs">
        <header><h2 class="w-md">Live jobs</h2>${field({
          ...{ label: "Filter jobs", hint: "Name, ref, user, id", value: filter },
          onInput: (filter) => this.#choose({ filter }),
        })}${this.#chips()}</header>
        <div
          class="panel clip"
          onPointerEnter="${this.#busy}"
          onPointerLeave="${this.#free}"
          onFocusIn="${this.#busy}"
          onFocusOut="${this.#free}"
        >
          ${this.#table(rows)}
        </div>
        <div ref="${this.#end}"></div>
      </section>
    `;
  }

  #chips(): VNode {
    const { jobs } = this.props.page.state;
    const { nowMs } = this.props.page;
    const count = (chip: Chip) => [...jobs.values()].filter((row) => isOf(row, chip, nowMs)).length;
    return chips<Chip>({
      label: "Which jobs",
      value: this.state.chip,
      onChange: (chip) => this.#choose({ chip }),
      options: [
        { value: "all", label: "All", count: jobs.size },
        {
          value: "attention",
          label: [icon("triangle", "att"), "Needs attention"],
          count: count("attention"),
        },
        { value: "running", label: "Running", count: count("running") },
      ],
    });
  }

  #table(rows: readonly LiveRow[]): VNode {
    const { nowMs } = this.props.page;
    const { filter, chip, shown } = this.state;
    return html`
      <table class="cards live-jobs" aria-rowcount="${rows.length + 1}">
        <colgroup>${COLUMNS.map(({ width }) =>
          html`
            <col class="${width}" />
          `
        )}</colgroup>
        <thead><tr>${COLUMNS.map((column) => this.#head(column))}</tr></thead>
        <tbody>${rows.slice(0, shown).map((row) =>
          html`
            <${JobRow} key="${row.id}" row="${row}" nowMs="${rowClock(row, nowMs)}" />
          `
        )}${rows.length === 0 && noMatch(filter)}${chip === "all" && filter === "" &&
          outside(this.props.page)}</tbody>
      </table>
    `;
  }

  #head({ key, label, width, isNumber }: Column): VNode {
    const { sort } = this.state;
    const isSorted = key === sort.key;
    const direction = sort.descending ? "descending" : "ascending";
    const text: Markup = key === null ? label : html`
      <button onClick="${() => this.#choose({ sort: nextSort(sort, key) })}">${label}${isSorted &&
        (sort.descending ? " ↓" : " ↑")}</button>
    `;
    const where = width.split(" ").find((one) => one.startsWith("w-"));
    return html`
      <th class="${classes(where, isNumber && "num")}" aria-sort="${isSorted
        ? direction
        : undefined}">${text}</th>
    `;
  }
}

function noMatch(filter: string): VNode {
  const words = filter === "" ? "No live job is like that." : `No live job matches “${filter}”.`;
  return html`
    <tr>
      <td class="c" colspan="${COLUMNS.length}">
        <p class="empty">${words} <a class="link" href="${`#/history?search=${
          encodeURIComponent(filter)
        }`}">Look among the ended ones</a>.</p>
      </td>
    </tr>
  `;
}

/** What belongs to no job, in the same columns. */
function outside({ node }: Page): VNode {
  const { memoryBytes, cpuCores } = node.readouts.outside;
  const empty = (className: string) =>
    html`
      <td class="${classes("hide", className)}"></td>
    `;
  return html`
    <tr class="foot">
      ${empty("")}<td class="a1">outside of jobs</td>${empty("")}${empty("w-lg")}<td class="a2">
        <div class="use"><span class="w-md"></span><span class="num">${bytes(memoryBytes)}</span></div>
      </td>${empty("w-lg")}<td class="hide">
        <div class="use short"><span></span><span class="num">${cores(cpuCores)}</span></div>
      </td>${empty("w-xl")}${empty("w-lg")}${empty("w-lg")}${empty("")}
    </tr>
  `;
}
