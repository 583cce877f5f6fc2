/// <reference lib="dom" />
/** Words on the page: names from outside, sentences of corral, figures with a muted unit. */
import type { VNode } from "preact";
import type { Part, Verb } from "../feed.ts";
import { printableParts } from "../../base/text.ts";
import { html, type Markup } from "./dom.ts";
import { coreLimit, cores, ofLimit, quantity, UNKNOWN } from "./format.ts";
import { icon } from "./icon.ts";
import { endWords, lookOfEnd, lookOfState } from "./words.ts";

/** A name of a user, job or file: isolated, and what is not visible is written out. */
export function name(text: string): VNode {
  return html`
    <bdi>${visible(text)}</bdi>
  `;
}

/** The same within other text. */
export function visible(text: string): Markup {
  return printableParts(text).map(({ text, isEscape }) =>
    isEscape
      ? html`
        <span class="esc">${text}</span>
      `
      : text
  );
}

/** What an attribute shows, such as a title. */
export function plain(text: string): string {
  return printableParts(text).map(({ text }) => text).join("");
}

/** To the page of a job, which need not exist any more. */
export function jobLink(id: string, label: string): VNode {
  return html`
    <a class="link" href="${`#/job/${encodeURIComponent(id)}`}">${name(label)}</a>
  `;
}

/** The user's own word for the job, after its name. */
export function refOf(ref: string | null): Markup {
  return ref !== null && [
    " ",
    html`
      <span class="t3">${name(ref)}</span>
    `,
  ];
}

/** Opens the dialog of an action; null where nothing may be changed. */
export type Act = ((verb: Verb, jobId: string) => void) | null;

/** A sentence of corral's; its parts are data, never markup. */
export function sentence(parts: readonly Part[], act: Act): Markup {
  return parts.map((part) => partOf(part, act));
}

function partOf(part: Part, act: Act): Markup {
  if ("flag" in part) {
    return html`
      <code class="flag">${visible(part.flag)}</code>
    `;
  }
  if ("action" in part) return actionOf(part, act);
  if ("jobId" in part) return jobLink(part.jobId, part.name);
  return part.strong
    ? html`
      <b>${visible(part.text)}</b>
    `
    : visible(part.text);
}

function actionOf(part: { action: Verb; jobId: string; text: string }, act: Act): VNode {
  const href = `#/job/${encodeURIComponent(part.jobId)}`;
  if (act === null) {
    return html`
      <a class="link" href="${href}">${part.text}</a>
    `;
  }
  return html`
    <button class="link" onClick="${() => act(part.action, part.jobId)}">${part.text}</button>
  `;
}

/** `118 G`, the unit muted. */
export function size(value: number | null): Markup {
  if (value === null) return UNKNOWN;
  const { number, unit } = quantity(value);
  return html`
    ${number}<span class="u">${unit}</span>
  `;
}

/** `17.2 / 24G`; without a limit the use alone. */
export function sizeOf(used: number | null, limit: number | null): Markup {
  if (used === null || limit === null) return size(used);
  const text = ofLimit(used, limit);
  return html`
    ${text.used}<span class="t3"> / ${text.limit}</span>
  `;
}

/** `6.1 / 8`; without a limit the use alone. */
export function coresOf(used: number | null, limit: number | null): Markup {
  return html`
    ${cores(used)}${limit !== null && used !== null &&
      html`
        <span class="t3"> / ${coreLimit(limit)}</span>
      `}
  `;
}

/** A live state with its shape. */
export function stateWord(state: string): VNode {
  const { icon: shape, tone } = lookOfState(state);
  return html`
    <span class="st">${icon(shape, tone)}<span class="${tone}">${state}</span></span>
  `;
}

/** An end reason with its shape. */
export function endWord(reason: string, exitCode: number | null): VNode {
  const { icon: shape, tone } = lookOfEnd(reason, exitCode);
  return html`
    <span class="st">${icon(shape, tone)}<span class="${tone}">${visible(
      endWords(reason, exitCode),
    )}</span></span>
  `;
}
