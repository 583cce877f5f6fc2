/// <reference lib="dom" />
/** Ended jobs: how long ago, of whom, why, and what to try. */
import { Component, type VNode } from "preact";
import type { EndedPage, EndedRow } from "../feed.ts";
import { bar } from "./bar.ts";
import { chips, field, type Option, segmented } from "./control.ts";
import { html } from "./dom.ts";
import { cpuHours, duration, UNKNOWN } from "./format.ts";
import type { Page } from "./page.ts";
import { ended } from "./request.ts";
import { endWord, name, plain, refOf, sentence, sizeOf } from "./text.ts";
import { USERS_JOBS } from "../users_jobs.ts";
import { byUser } from "./users.ts";

/** `search` comes from the address. */
export interface HistoryProps {
  readonly page: Page;
  readonly search: string;
}

type Span = "today" | "night" | "week" | "all";

interface State {
  readonly span: Span;
  readonly search: string;
  readonly reason: string;
  readonly found: EndedPage | null;
  /** Counts of every reason: they stay when one is chosen. */
  readonly counts: Readonly<Record<string, number>>;
  readonly problem: string | null;
  readonly isAsking: boolean;
}

const SPANS = [
  { value: "today", label: "today" },
  { value: "night", label: "last night" },
  { value: "week", label: "7 days" },
  { value: "all", label: "all" },
] as const;
const HOUR_MS = 3_600_000;
const TYPING_MS = 200;
const ALL = "all";

/** Asks the server for each change of range, search or reason. */
export class HistoryView extends Component<HistoryProps, State> {
  #asked = 0;
  #timer: number | undefined;

  constructor(props: HistoryProps) {
    super(props);
    this.state = {
      ...{ span: props.search === "" ? "night" : "week", search: props.search, reason: ALL },
      ...{ found: null, counts: {}, problem: null, isAsking: true },
    };
  }

  override componentDidMount(): void {
    void this.#ask(null);
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#timer);
  }

  override componentDidUpdate({ page, search }: HistoryProps): void {
    if (search !== this.props.search) this.#choose({ search: this.props.search });
    else if (
      page.node.lastEnded?.id !== this.props.page.node.lastEnded?.id && this.state.found?.cursor === null
    ) {
      void this.#ask(null);
    }
  }

  #spanMs(): { sinceMs: number | null; untilMs: number | null } {
    const { nowMs, clock } = this.props.page;
    const today = clock.startOfDayMs(nowMs);
    return {
      today: { sinceMs: today, untilMs: null },
      night: { sinceMs: today - 6 * HOUR_MS, untilMs: Math.min(nowMs, today + 8 * HOUR_MS) },
      week: { sinceMs: nowMs - 7 * 24 * HOUR_MS, untilMs: null },
      all: { sinceMs: null, untilMs: null },
    }[this.state.span];
  }

  /** The first page, or the one after a cursor. */
  async #ask(cursor: string | null): Promise<void> {
    const asked = ++this.#asked;
    const { search, reason } = this.state;
    this.setState({ isAsking: true });
    try {
      const wanted = { ...this.#spanMs(), search, cursor, reason: reason === ALL ? null : reason };
      const page = await ended(wanted);
      if (asked !== this.#asked) return;
      this.setState(({ found, counts }) => ({
        found: cursor === null || found === null ? page : { ...page, rows: [...found.rows, ...page.rows] },
        counts: reason === ALL ? page.byReason : counts,
        ...{ problem: null, isAsking: false },
      }));
    } catch (error) {
      if (asked === this.#asked) this.setState({ problem: (error as Error).message, isAsking: false });
    }
  }

  #choose(change: Partial<State>, delayMs = 0): void {
    this.setState(change);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(null), delayMs);
  }

  render(): VNode {
    const { span, search, reason, found } = this.state;
    return html`
      <h1 class="sr">History</h1><div class="tools">
        ${field({
          ...{ label: "Search ended jobs", hint: "Name, ref, user, id", value: search },
          onInput: (search) => this.#choose({ search, reason: ALL }, TYPING_MS),
        })}${segmented<Span>({
          ...{ label: "Time", options: SPANS, value: span },
          onChange: (span) => this.#choose({ span, reason: ALL }),
        })}${chips({
          ...{ label: "Reason", options: this.#reasons(), value: reason },
          onChange: (reason) => this.#choose({ reason }),
        })}<span class="grow"></span><span class="t3 sm nw w-md">${this.#spanWords()}</span>
      </div>${found !== null && byUser(found)}${this.#list()}
    `;
  }

  #spanWords(): string {
    const { clock, nowMs } = this.props.page;
    const { sinceMs, untilMs } = this.#spanMs();
    if (sinceMs === null) return "everything that is kept";
    return `${clock.short(sinceMs, nowMs)} to ${untilMs === null ? "now" : clock.short(untilMs, nowMs)}`;
  }

  #reasons(): Option<string>[] {
    const { counts } = this.state;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const reasons = Object.entries(counts).sort(([, a], [, b]) => b - a).map(([value, count]) => ({
      ...{ value, count },
      label: value,
    }));
    return [{ value: ALL, label: "All", count: total }, ...reasons];
  }

  #list(): VNode {
    const { found, problem, isAsking } = this.state;
    if (problem !== null) {
      return html`
        <div class="panel empty"><p>The history cannot be read: ${problem}.</p></div>
      `;
    }
    if (found === null) {
      return html`
        <div class="panel empty"><p>Reading…</p></div>
      `;
    }
    if (found.rows.length === 0) return this.#nothing();
    return html`
      <section class="sec" aria-label="Ended jobs">
        <div class="panel clip">
          <table class="cards two history">
            <colgroup>
              <col class="k-reason" /><col class="k-job" /><col class="k-user" /><col class="w-md k-exit" /><col
                class="k-ended"
              /><col class="w-lg k-age" /><col class="w-lg k-procs" /><col class="w-md k-peak" /><col />
            </colgroup>
            <thead>
              <tr>
                <th>Reason</th>
                <th>Name and ref</th>
                <th>User</th>
                <th class="w-md num">Exit</th>
                <th class="num">Ended</th>
                <th class="w-lg num">Wall</th>
                <th class="w-lg num">CPU</th>
                <th class="w-md">Memory peak, of limit</th>
                <th>Why, and what to try</th>
              </tr>
            </thead>
            <tbody>${found.rows.map((row) => endedRow(this.props.page, row))}</tbody>
          </table>
        </div>${found.cursor !== null &&
          html`
            <div class="more">
              <span class="t3">${found.rows.length} of ${found.total}</span><button
                class="btn"
                disabled="${isAsking}"
                onClick="${() => this.#ask(found.cursor)}"
              >
                Show more
              </button>
            </div>
          `}${found.cursor === null && this.props.page.node.scope === "node" &&
          html`
            <p class="more t3">
              <span>Of each user but root the ${USERS_JOBS} jobs that were recorded last. All: <code
                class="flag"
              >corral report</code></span>
            </p>
          `}
      </section>
    `;
  }

  #nothing(): VNode {
    const { search, span } = this.state;
    const like = search === "" ? "No job ended" : `No ended job matches “${search}”`;
    return html`
      <div class="panel empty">
        <p><b>${like}${span === "all" ? "." : " in that time."}</b></p>
        <p>${span === "all"
          ? "Jobs are kept for as long as the configuration says."
          : "Widen the time, or clear the search."}</p>
      </div>
    `;
  }
}

function endedRow({ act, clock, nowMs }: Page, row: EndedRow): VNode {
  const href = `#/job/${encodeURIComponent(row.id)}`;
  return html`
    <tr key="${row.id}" data-href="${href}">
      <td class="b1">${endWord(row.reason, row.exitCode)}</td>
      <td class="a1"><a href="${href}" title="${plain(row.name)}"><b>${name(row.name)}</b></a>${refOf(
        row.ref,
      )}</td>
      <td class="b2">${name(row.user)}</td>
      <td class="w-md num">${row.exitCode ?? UNKNOWN}</td>
      <td class="a2 num t2">${clock.short(row.endedMs, nowMs)}</td>
      <td class="w-lg num">${duration(row.wallMs)}</td>
      <td class="w-lg num">${cpuHours(row.cpuUsageUsec)}${row.cpuUsageUsec !== null && html`
        <span class="u">h</span>
      `}</td>
      <td class="w-md hide"><div class="use">${bar(
        row.memoryPeakBytes,
        row.memoryMaxBytes,
      )}<span class="num">${sizeOf(row.memoryPeakBytes, row.memoryMaxBytes)}</span></div></td>
      <td class="c why">${sentence(row.text, act)}</td>
    </tr>
  `;
}
