/// <reference lib="dom" />
/** The course as a plot, and one moment of it as a list: largest first. */
import type { VNode } from "preact";
import type { Course, CourseEvent, CourseSeries } from "../feed.ts";
import type { Resource } from "./course.ts";
import { classes, html, type Markup } from "./dom.ts";
import { bytes, coreLimit, cores, limitText, ofLimit } from "./format.ts";
import type { Page } from "./page.ts";
import type { Lane, Layer, Mark, PlotSpec } from "./spec.ts";
import { name, plain, refOf, size } from "./text.ts";
import { endWords, lookOfEnd } from "./words.ts";

/** A course, and which moment of it is shown. */
export interface CourseView {
  readonly page: Page;
  readonly course: Course;
  readonly resource: Resource;
  readonly momentMs: number | null;
  readonly isHeld: boolean;
}

/** Share of waiting tasks at which a lane is darkest, percent. */
const DARKEST = 40;

/** The course as layers over the pressure of the same time. */
export function specOf({ page, course, resource }: CourseView): PlotSpec {
  const isMemory = resource === "memory";
  const max = isMemory ? course.memoryTotalBytes : course.cores;
  const text = isMemory ? `${limitText(max)} in the node` : `${coreLimit(max)} cores`;
  const { nowMs, isStale, clock } = page;
  const spec: PlotSpec = {
    timesMs: course.timesMs,
    layers: [...course.series].sort((a, b) => place(a) - place(b)).map((series) =>
      layer(page, series, resource)
    ),
    ...{ max, clock, unit: isMemory ? "bytes" : "cores", height: plotHeight() },
    limits: [{ value: max, text, atLeft: false }],
    lanes: [
      lane("CPU", course.pressure.cpu),
      lane("mem", course.pressure.memory),
      lane("IO", course.pressure.io),
    ],
    marks: course.events.flatMap((event) => markOf(event)),
    stale: isStale ? { fromMs: nowMs, text: `no data since ${clock.exact(nowMs)}` } : null,
  };
  return isStale ? staleTo(nowMs + page.ageMs, spec) : spec;
}

/** Time goes on, knowledge does not: the rest of the axis stays empty. */
export function staleTo(untilMs: number, spec: PlotSpec): PlotSpec {
  return {
    ...spec,
    timesMs: [...spec.timesMs, untilMs],
    layers: spec.layers.map((layer) => ({ ...layer, values: [...layer.values, null] })),
  };
}

function plotHeight(): number {
  return innerWidth < 500 ? 184 : innerWidth > 1799 ? 376 : 248;
}

/** What is outside of jobs lies at the bottom, the jobs without a colour on top. */
function place({ kind }: CourseSeries): number {
  return { outside: 0, job: 1, other: 2 }[kind];
}

function layer({ slots }: Page, series: CourseSeries, resource: Resource): Layer {
  const { kind, jobId, user } = series;
  const label = titleOf(series);
  return {
    key: jobId ?? kind,
    label: kind === "outside" ? "" : user === null ? label : `${shortened(label)} · ${plain(user)}`,
    colour: slots.colourOf(jobId),
    isHatched: kind === "outside",
    values: valuesOf(series, resource),
  };
}

function titleOf({ kind, name }: CourseSeries): string {
  return kind === "outside" ? "outside of jobs" : kind === "other" ? "other jobs" : plain(name);
}

function shortened(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

function valuesOf({ memoryBytes, cpuCores }: CourseSeries, resource: Resource): readonly (number | null)[] {
  return resource === "memory" ? memoryBytes : cpuCores;
}

function lane(label: string, values: readonly (number | null)[]): Lane {
  return { kind: "heat", label, top: "", max: DARKEST, values };
}

function markOf({ atMs, kind, name, reason }: CourseEvent): Mark[] {
  if (kind === "started" || kind === "sweep" || (kind === "ended" && reason === "exited")) return [];
  const word = reason ?? kind;
  const { icon, tone } = lookOfEnd(word, null);
  return [{
    atMs,
    icon,
    tone: tone === "ok" ? "quiet" : tone,
    text: `${endWords(word, null)}: ${shortened(plain(name))}`,
  }];
}

interface Used {
  readonly series: CourseSeries;
  readonly value: number;
}

function usedAt({ course, resource }: CourseView, index: number): Used[] {
  return course.series.map((series) => ({ series, value: valuesOf(series, resource)[index] ?? 0 })).filter((
    { value },
  ) => value > (resource === "memory" ? course.memoryTotalBytes : course.cores) * 0.0005).sort((a, b) =>
    b.value - a.value
  );
}

/** For a reader of the screen: the four largest. */
export function sayMoment(view: CourseView, index: number): string {
  const { page, course, resource } = view;
  const show = resource === "memory" ? bytes : cores;
  const words = usedAt(view, index).slice(0, 4).map(({ series, value }) =>
    `${titleOf(series)} ${show(value)}`
  );
  return `${page.clock.short(course.timesMs[index] ?? page.nowMs, page.nowMs)}: ${words.join(", ")}`;
}

/** All that used the node at the moment, the largest first. */
export function momentList(view: CourseView): VNode {
  const { page, course, momentMs, isHeld, resource } = view;
  const found = momentMs === null ? -1 : course.timesMs.findIndex((ms) => ms >= momentMs);
  const index = found < 0 ? course.timesMs.length - 1 : found;
  const used = usedAt(view, index);
  return html`
    <div class="who">
      <div class="lab"><b>${when(view, found < 0)}</b><span>${isHeld
        ? "held, esc lets go"
        : sumOf(view, used)}</span></div>
      <ol>${used.map(({ series, value }) =>
        html`
          <li key="${series.jobId ?? series.kind}">
            <a href="${series.jobId && `#/job/${series.jobId}`}"><i class="${classes(
              "swatch",
              series.kind === "outside" && "hatch",
            )}" style="${{ "--c": `var(${page.slots.colourOf(series.jobId)})` }}"></i><span class="n"
              >${name(titleOf(series))}${refOf(series.user)}</span><span class="num">${resource === "memory"
                ? size(value)
                : cores(value)}</span></a>
            </li>
          `
        )}</ol>
        <p class="sm t3">${waited(course, index)}</p>
      </div>
    `;
  }

  function when({ page, course, momentMs }: CourseView, isEnd: boolean): string {
    if (!isEnd && momentMs !== null) return page.clock.short(momentMs, page.nowMs);
    const lastMs = course.timesMs.at(-1) ?? page.nowMs;
    if (page.isStale) return `At ${page.clock.exact(page.nowMs)}`;
    return page.nowMs - lastMs > 60_000 ? page.clock.short(lastMs, page.nowMs) : "Now";
  }

  function sumOf({ course, resource }: CourseView, used: readonly Used[]): string {
    const sum = used.reduce((total, { value }) => total + value, 0);
    if (resource === "cpu") return `${cores(sum)} of ${coreLimit(course.cores)}`;
    const text = ofLimit(sum, course.memoryTotalBytes);
    return `${text.used} of ${text.limit}`;
  }

  function waited({ pressure }: Course, index: number): Markup {
    const share = (values: readonly (number | null)[]) =>
      values[index] == null ? "-" : `${values[index]!.toFixed(0)} %`;
    return `waiting: CPU ${share(pressure.cpu)}, memory ${share(pressure.memory)}, IO ${share(pressure.io)}`;
  }
