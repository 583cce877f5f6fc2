/// <reference lib="dom" />
/** The figures on top: what is used now, by which jobs, and what tasks wait for. */
import type { VNode } from "preact";
import type { LiveRow } from "../feed.ts";
import { bar } from "./bar.ts";
import type { Resource } from "./course.ts";
import { classes, html, type Markup } from "./dom.ts";
import { bytes, coreLimit, cores, duration, ofLimit, percent } from "./format.ts";
import { icon } from "./icon.ts";
import type { Page } from "./page.ts";
import { name, plain } from "./text.ts";
import { lookOfState } from "./words.ts";

/** Memory, CPU, pressure, jobs. */
export function readouts(page: Page): VNode {
  return html`
    <section class="panel readouts o1" aria-label="The node now">
      ${memory(page)}${cpu(page)}${pressure(page)}${jobs(page)}
    </section>
  `;
}

interface Figures {
  readonly label: string;
  readonly resource: Resource;
  readonly used: string;
  readonly of: string;
  readonly total: number;
  readonly outside: number | null;
  readonly outsideText: string;
  readonly free: string;
  readonly show: (value: number | null) => string;
}

function memory(page: Page): VNode {
  const { memoryTotalBytes: total, memoryAvailableBytes: free, outside } = page.node.readouts;
  const { used, limit } = ofLimit(free === null ? 0 : total - free, total);
  return readout(page, {
    ...{ label: "Memory", resource: "memory", total, outside: outside.memoryBytes, show: bytes },
    ...{ used: free === null ? "-" : trimmedUse(used), of: limit },
    outsideText: `${bytes(outside.memoryBytes)} outside of jobs`,
    free: `${bytes(free)} available`,
  });
}

function cpu(page: Page): VNode {
  const { cores: total, cpuCores, outside } = page.node.readouts;
  return readout(page, {
    ...{ label: "CPU", resource: "cpu", total, outside: outside.cpuCores, show: cores },
    ...{ used: cores(cpuCores), of: `${coreLimit(total)} cores` },
    outsideText: `${cores(outside.cpuCores)} outside of jobs`,
    free: cpuCores === null ? "" : `${cores(Math.max(0, total - cpuCores))} free`,
  });
}

function readout(page: Page, figures: Figures): VNode {
  const rows = ranked(page, figures.resource);
  const most = rows[0];
  return html`
    <div>
      <div class="lab"><span>${figures.label}</span>${most &&
        html`
          <span class="most">most: ${name(most.row.name)} of ${name(most.row.user)}, ${figures.show(
            most.value,
          )}</span>
        `}</div>
      <p class="big">${figures.used} <small>of ${figures.of}</small></p>${segments(
        page,
        figures,
        rows,
      )}<div class="lab sm t3 under">
        <span>${figures.outsideText}</span><span>${figures.free}</span>
      </div>
    </div>
  `;
}

/** `288` instead of `288.0` beside a total of hundreds. */
function trimmedUse(used: string): string {
  return Number(used) >= 10 ? Number(used).toFixed(0) : used;
}

interface Ranked {
  readonly row: LiveRow;
  readonly value: number;
}

function ranked({ state }: Page, resource: Resource): Ranked[] {
  return [...state.jobs.values()].map((row) => ({
    row,
    value: (resource === "memory" ? row.memoryBytes : row.cpuCores) ?? 0,
  })).filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
}

/** Outside of jobs, the jobs that have a colour, the others. */
function segments({ slots }: Page, figures: Figures, rows: readonly Ranked[]): VNode {
  const { total, outside, show } = figures;
  const coloured = rows.filter(({ row }) => slots.has(row.id));
  const others = rows.filter(({ row }) => !slots.has(row.id)).reduce((sum, { value }) => sum + value, 0);
  const piece = (value: number, title: string, colour: string | null, href: string | null = null) =>
    value / total < 0.002 ? null : html`
      <a class="${classes(colour === null && "hatch")}" href="${href}" tabindex="${href &&
        "-1"}" title="${title}" style="${{
        "--v": `${Math.min(100, value / total * 100).toFixed(2)}%`,
        "--c": colour &&
          `var(${colour})`,
      }}"></a>
    `;
  const words = [
    `outside of jobs ${show(outside)}`,
    ...coloured.map(({ row, value }) => `${plain(row.name)} ${show(value)}`),
  ];
  return html`
    <div class="segments" role="img" aria-label="${words.join(", ")}">${piece(
      outside ?? 0,
      `outside of jobs: ${show(outside)}`,
      null,
    )}${coloured.map(({ row, value }) =>
      piece(
        value,
        `${plain(row.name)} of ${plain(row.user)}: ${show(value)}`,
        slots.colourOf(row.id),
        `#/job/${row.id}`,
      )
    )}${piece(others, `other jobs: ${show(others)}`, "--other")}</div>
  `;
}

/** Above this share of time a user should look. */
const PRESSURE_HIGH = 20;

function pressure({ node }: Page): VNode {
  const { pressure } = node.readouts;
  const row = (label: string, value: number | null) => {
    const isHigh = value !== null && value >= PRESSURE_HIGH;
    return html`
      <span class="t2">${label}</span>${bar(value, 100, {
        harmless: true,
        noMark: true,
      })}<span class="${classes("num", isHigh && "att")}">${isHigh && icon("triangle", "att")} ${percent(
        value,
      )}<span class="u"
        >%</span></span>
    `;
  };
  return html`
    <div>
      <div class="lab"><span>Waiting for (pressure, 10s)</span></div>
      <div class="waits">${row("CPU", pressure.cpu)}${row("memory", pressure.memory)}${row(
        "IO",
        pressure.io,
      )}</div>
    </div>
  `;
}

function jobs({ node, state, clock, nowMs }: Page): VNode {
  const { jobsByState, queueLength, queueHeadSinceMs } = node.readouts;
  const live = state.jobs.size;
  return html`
    <div>
      <div class="lab"><span>Jobs</span>${queueHeadSinceMs !== null &&
        html`
          <a class="link most" href="#/queue" title="${`for ${
            duration(nowMs - queueHeadSinceMs)
          }`}">head of the queue since ${clock.short(queueHeadSinceMs, nowMs)}</a>
        `}</div>
      <p class="big">${live} <small>live, ${queueLength} queued</small></p>
      <p class="t2 states">${stateCounts(jobsByState)}</p>
    </div>
  `;
}

const STATES = ["running", "starting", "ending", "frozen", "idle", "unkillable"];

function stateCounts(byState: Readonly<Record<string, number>>): Markup {
  const there = STATES.filter((state) => (byState[state] ?? 0) > 0);
  if (there.length === 0) return "none";
  return there.map((state, index) => {
    const tone = state === "ending" ? "quiet" : lookOfState(state).tone;
    return html`
      ${index > 0 && ", "}<span class="${classes("nw", tone)}">${byState[state]} ${state}</span>
    `;
  });
}
