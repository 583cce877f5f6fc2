/// <reference lib="dom" />
/** Lists of sentences: what needs attention, what waits, what ended badly. */
import type { VNode } from "preact";
import type { EndedRow, PageFinding, QueuedRow } from "../feed.ts";
import { html, type Markup } from "./dom.ts";
import { duration } from "./format.ts";
import { icon } from "./icon.ts";
import type { Page } from "./page.ts";
import { jobLink, name, refOf, sentence } from "./text.ts";
import { endWords, lookOfEnd } from "./words.ts";

interface Item {
  readonly key: string;
  readonly sign: VNode;
  readonly first: Markup;
  readonly second: Markup;
  readonly when: string;
}

function list(items: readonly Item[]): VNode {
  return html`
    <div class="panel"><ul class="sayings">${items.map(({ key, sign, first, second, when }) =>
      html`
        <li key="${key}">
          ${sign}<div><p>${first}</p>${second && html`
            <p>${second}</p>
          `}</div><span class="when">${when}</span>
        </li>
      `
    )}</ul></div>
  `;
}

/** What is wrong and its remedy, or that nothing is. */
export function attention(page: Page): VNode {
  const { findings } = page.node;
  return html`
    <section class="sec o2" aria-label="Needs attention">${findings.length > 0
      ? list(findings.map((finding, index) => findingItem(page, finding, index)))
      : calm(page)}</section>
  `;
}

function findingItem({ act }: Page, finding: PageFinding, index: number): Item {
  const { kind, jobId, severity, text, remedy, value } = finding;
  return {
    key: `${kind} ${jobId ?? index}`,
    sign: severity === "bad" ? icon("octagon", "bad") : icon("triangle", "att"),
    first: sentence(text, act),
    second: sentence(remedy, act),
    when: value,
  };
}

function calm({ node, nowMs }: Page): VNode {
  const { lastSweep } = node;
  const did = lastSweep !== null && lastSweep.ended > 0
    ? `ended ${lastSweep.ended}.`
    : "found nothing to do.";
  return html`
    <div class="panel calm">${icon("dot", "ok")}<p>Nothing needs attention.${lastSweep !== null &&
      ` The last sweep, ${duration(nowMs - lastSweep.atMs)} ago, ${did}`}</p></div>
  `;
}

/** In the rail of a wide page only. */
export function waiting(page: Page): VNode | null {
  const { queue } = page.node;
  if (queue.length === 0) return null;
  return html`
    <section class="sec o4 w-xl" aria-label="Queue">
      <header>
        <h2>Waits</h2><span class="grow"></span><a class="link" href="#/queue">queue and pools</a>
      </header>${list(queue.slice(0, 5).map((row) => waitingItem(page, row)))}
    </section>
  `;
}

function waitingItem({ act, nowMs }: Page, { id, name: job, ref, user, text, queuedMs }: QueuedRow): Item {
  return {
    key: id,
    sign: icon("clock", "quiet"),
    first: html`
      ${jobLink(id, job)}${refOf(ref)} of ${name(user)}
    `,
    second: sentence(text, act),
    when: duration(nowMs - queuedMs),
  };
}

/** The newest ends that were not well; null while there are none. */
export function endedLately(page: Page): VNode | null {
  const { endedLately: rows } = page.node;
  if (rows.length === 0) return null;
  return html`
    <section class="sec o5" aria-label="Ended lately">
      <header>
        <h2>Ended lately</h2><span class="t3 sm">not well</span><span class="grow"></span><a
          class="link"
          href="#/history"
        >all of last night</a>
      </header>${list(rows.map((row) => endedItem(page, row)))}
    </section>
  `;
}

function endedItem({ act, clock, nowMs }: Page, row: EndedRow): Item {
  const look = lookOfEnd(row.reason, row.exitCode);
  return {
    key: row.id,
    sign: icon(look.icon, look.tone),
    first: html`
      ${jobLink(row.id, row.name)}${refOf(row.ref)} of ${name(row.user)}: <b>${endWords(
        row.reason,
        row.exitCode,
      )}</b>
    `,
    second: row.text.length > 0 && sentence(row.text, act),
    when: clock.short(row.endedMs, nowMs),
  };
}
