/// <reference lib="dom" />
/** The panels beside the course of a job. */
import type { VNode } from "preact";
import type { JobDetail, JobSample } from "../feed.ts";
import { bar, spark } from "./bar.ts";
import { classes, html, type Markup } from "./dom.ts";
import { bytes, cores, duration, UNKNOWN } from "./format.ts";
import { icon, type IconName } from "./icon.ts";
import type { Page } from "./page.ts";
import { coresOf, name, sizeOf, visible } from "./text.ts";

type Limit = JobDetail["limits"][number];
type Sign = JobDetail["signs"][number];

/** Each limit with its use; null where there is none to show. */
export function limits(detail: JobDetail): VNode | null {
  if (detail.limits.length === 0) return null;
  const title = detail.ended !== null
    ? "Use, of limit"
    : detail.queued !== null
    ? "Limits"
    : "Use now, of limit";
  return html`
    <section class="sec o1" aria-label="Limits">
      <header><h2>${title}</h2></header>
      <div class="panel pad limits">${detail.limits.map((limit) => limitRow(detail, limit))}</div>
    </section>
  `;
}

function limitRow({ live }: JobDetail, limit: Limit): VNode {
  const { used, peak, unit } = limit;
  const isMemory = unit === "bytes";
  const high = isMemory && limit.key === "memory" ? live?.memoryHighBytes ?? null : null;
  const marks = [
    peak !== null && limit.limit !== null && peak > (used ?? 0) && `thin mark: peak ${shown(peak, unit)}`,
    high !== null && `faint mark: slowed down from ${bytes(high)}`,
  ].filter(Boolean);
  return html`
    <span class="t2">${limit.label}</span>${bar(used, limit.limit, {
      harmless: !isMemory,
      isTall: true,
      peak: peak !== null && peak > (used ?? 0) ? peak : null,
      high,
    })}<span class="num">${useOf(limit)}</span>${marks.length > 0 && html`
      <p class="sm t3 note-row">${marks.join("; ")}</p>
    `}
  `;
}

function useOf({ used, limit, unit }: Limit): Markup {
  const none = limit === null && html`
    <span class="t3"> / no limit</span>
  `;
  if (unit === "bytes") {
    return html`
      ${sizeOf(used, limit)}${none}
    `;
  }
  if (unit === "cores") {
    return html`
      ${coresOf(used, limit)}${none}
    `;
  }
  return html`
    ${shown(used, unit)}${limit === null ? none : html`
      <span class="t3"> / ${shown(limit, unit)}</span>
    `}
  `;
}

function shown(value: number | null, unit: Limit["unit"]): string {
  if (value === null) return UNKNOWN;
  if (unit === "bytes") return bytes(value);
  return unit === "ms" ? duration(value) : unit === "cores" ? cores(value) : String(value);
}

const SIGNS: Readonly<Record<Sign["key"], string>> = {
  cpu: "CPU",
  io: "Disk",
  output: "Output",
  heartbeat: "Heartbeat",
  health: "Health",
};
const VERDICTS: Readonly<Record<Sign["verdict"], readonly [IconName, string]>> = {
  well: ["dot", "ok"],
  quiet: ["ring", "att"],
  ill: ["octagon", "bad"],
  unknown: ["dash", "t3"],
};

/** What shows that a job is alive, and what is silent. */
export function signs(detail: JobDetail): VNode | null {
  if (detail.signs.length === 0) return null;
  return html`
    <section class="sec o2" aria-label="Signs of life">
      <header><h2>Signs of life</h2></header>
      <div class="panel pad signs">${detail.signs.map(({ key, verdict, text }) => {
        const [shape, tone] = VERDICTS[verdict];
        return html`
          ${icon(shape, tone)}<span>${SIGNS[key]}</span><span class="t2 words">${visible(text)}</span>${spark(
            lately(detail.samples, key),
          )}
        `;
      })}</div>
    </section>
  `;
}

const SPARKS = 24;

/** The last samples of what leaves any. */
function lately(samples: readonly JobSample[], key: Sign["key"]): number[] {
  const last = samples.slice(-SPARKS);
  if (key === "cpu") return last.map(({ cpuCores }) => cpuCores ?? 0);
  if (key !== "io") return [];
  return last.map(({ readBytesPerSec, writtenBytesPerSec }) =>
    (readBytesPerSec ?? 0) + (writtenBytesPerSec ?? 0)
  );
}

/** The newest first. */
export function events({ clock, nowMs }: Page, detail: JobDetail): VNode | null {
  if (detail.events.length === 0) return null;
  const newestFirst = [...detail.events].sort((a, b) => b.atMs - a.atMs);
  const day = (ms: number) => clock.startOfDayMs(ms);
  return html`
    <section class="sec o4" aria-label="Events">
      <header><h2>Events</h2></header>
      <div class="panel pad"><ol class="events">${newestFirst.map(({ atMs, text }) =>
        html`
          <li><time title="${clock.short(atMs, nowMs)}">${day(atMs) === day(nowMs)
            ? clock.exact(atMs)
            : clock.short(atMs, nowMs)}</time><span>${visible(text)}</span></li>
        `
      )}</ol></div>
    </section>
  `;
}

/** Values that are typed or pasted elsewhere. */
const CODE = /^(id|command|directory|slice|cgroup|unit|output|boot)/i;

/** In the order of `corral show --full`. */
export function facts({ facts }: JobDetail): VNode | null {
  if (facts.length === 0) return null;
  return html`
    <section class="sec o6" aria-label="Facts">
      <header><h2>Facts</h2></header>
      <div class="panel pad"><dl class="facts">${facts.map(({ label, value }) =>
        html`
          <dt>${label}</dt><dd class="${classes(CODE.test(label) && "mono")}">${name(value)}</dd>
        `
      )}</dl></div>
    </section>
  `;
}

/** The last lines of the file; the controls in them are written out. */
export function output({ output, live }: JobDetail): VNode | null {
  if (output === null) return null;
  const lines = output.tail?.replace(/\n$/, "").split("\n") ?? [];
  const instead = output.tail === null
    ? "the file does not answer, or is gone"
    : live === null
    ? "nothing was written"
    : "nothing written so far";
  return html`
    <section class="sec o7" aria-label="Output">
      <header><h2>Output</h2><span class="t3 mono path">${name(output.path)}</span></header>
      <div class="panel clip"><pre class="out" tabindex="0">${!output.tail
        ? instead
        : lines.map((line, index) =>
          html`
            ${index > 0 && "\n"}${tabbed(line)}
          `
        )}</pre></div>
    </section>
  `;
}

/** A tab is no danger in a block of its own. */
function tabbed(line: string): Markup {
  return line.split("\t").map((piece, index) =>
    html`
      ${index > 0 && "\t"}${visible(piece)}
    `
  );
}
