/// <reference lib="dom" />
/** Who used the node: the course of the last hours, and the list of a moment in it. */
import { Component, type VNode } from "preact";
import type { Course } from "../feed.ts";
import { segmented } from "./control.ts";
import { binOfNow, extended, firstRange, type Range, rangeMs, type Resource } from "./course.ts";
import { html } from "./dom.ts";
import type { Page } from "./page.ts";
import { Plot } from "./plot_later.ts";
import { course as askCourse } from "./request.ts";
import { momentList, sayMoment, specOf } from "./moment.ts";

interface Props {
  readonly page: Page;
}

interface State {
  readonly resource: Resource;
  readonly range: Range;
  readonly course: Course | null;
  readonly problem: string | null;
  readonly momentMs: number | null;
  readonly isHeld: boolean;
}

/** How often the whole course is asked for again: which jobs are the largest of the range changes slowly. */
const ASK_AGAIN_MS = 600_000;
const NARROW_PX = 500;

const RESOURCES = [{ value: "memory", label: "Memory" }, { value: "cpu", label: "CPU" }] as const;
const RANGES = [
  { value: "1h", label: "1h" },
  { value: "6h", label: "6h" },
  { value: "24h", label: "24h" },
  { value: "night", label: "last night" },
] as const;

/** Asks for the course of its range, and goes on with what the feed brings. */
export class WhoUsedIt extends Component<Props, State> {
  #timer: number | undefined;
  #asked = 0;
  #isFirst = true;

  constructor(props: Props) {
    super(props);
    this.state = {
      ...{ resource: "memory", range: innerWidth < NARROW_PX ? "6h" : "24h" },
      ...{ course: null, problem: null, momentMs: null, isHeld: false },
    };
  }

  override componentDidMount(): void {
    this.#ask();
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#timer);
  }

  override componentDidUpdate({ page }: Props): void {
    if (page.isStale && !this.props.page.isStale) this.#ask();
  }

  #span(): { fromMs: number; toMs: number | null } {
    const { nowMs, clock } = this.props.page;
    return rangeMs(this.state.range, nowMs, clock.startOfDayMs(nowMs));
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    const { fromMs, toMs } = this.#span();
    const { page } = this.props;
    try {
      const course = await askCourse(fromMs, toMs ?? page.nowMs);
      if (asked !== this.#asked) return;
      const range = this.#isFirst
        ? firstRange(this.state.range, course.timesMs, page.nowMs)
        : this.state.range;
      this.#isFirst = false;
      if (range !== this.state.range) return this.#choose({ range });
      page.slots.assign(course.series.flatMap(({ jobId }) => jobId ?? []));
      this.setState({ course, problem: null });
    } catch (error) {
      if (asked === this.#asked) this.setState({ problem: (error as Error).message });
    }
    this.#timer = setTimeout(() => this.#ask(), ASK_AGAIN_MS);
  }

  readonly #onMoment = (index: number | null, isHeld: boolean) => {
    const times = this.#course()?.timesMs ?? [];
    this.setState({ momentMs: index === null ? null : times[index] ?? null, isHeld });
  };

  #course(): Course | null {
    const { course } = this.state;
    const { page } = this.props;
    const { fromMs, toMs } = this.#span();
    if (course === null || toMs !== null) return course;
    const now = binOfNow(page.nowMs, page.state.jobs.values(), page.node.readouts);
    return extended(course, [...page.state.bins, now], fromMs);
  }

  #choose(change: Partial<State>): void {
    if (change.range) this.#isFirst = false;
    this.setState({ ...change, momentMs: null, isHeld: false }, () => change.range && this.#ask());
  }

  render(): VNode {
    const { resource, range, problem } = this.state;
    return html`
      <section class="sec o3" aria-label="Who used the node">
        <header>
          <h2>Who used it</h2>${segmented({
            ...{ label: "Resource", options: RESOURCES, value: resource },
            onChange: (resource) => this.#choose({ resource }),
          })}${segmented({
            ...{ label: "Time", options: RANGES, value: range },
            onChange: (range) => this.#choose({ range }),
          })}<span class="grow"></span><span class="t3 sm w-md"
          >Hover, or ← →. A click holds the moment.</span>
        </header>
        <div class="panel who-grid">${problem !== null
          ? html`
            <p class="empty">The course cannot be read: ${problem}.</p>
          `
          : this.#body()}</div>
      </section>
    `;
  }

  #body(): VNode {
    const course = this.#course();
    const { resource, momentMs, isHeld } = this.state;
    if (course === null) {
      return html`
        <div class="plot-wait"></div><div class="who"></div>
      `;
    }
    const view = { page: this.props.page, course, resource, momentMs, isHeld };
    return html`
      <${Plot}
        label="Moment"
        spec="${specOf(view)}"
        heldMs="${isHeld ? momentMs : null}"
        onMoment="${this.#onMoment}"
        say="${(
          index: number,
        ) => sayMoment(view, index)}"
      />${momentList(view)}
    `;
  }
}
