/// <reference lib="dom" />
/** What a change will do, in words. */
import type { VNode } from "preact";
import type { Effect, LiveRow, Verb } from "../feed.ts";
import { html, type Markup } from "./dom.ts";
import { brief, coreLimit, duration, limitText } from "./format.ts";
import type { Page } from "./page.ts";
import { name } from "./text.ts";

interface VerbWords {
  readonly title: string;
  readonly isDeadly: boolean;
  readonly button: (effect: Effect | null, value: string | null) => string;
}

/** Of each verb; `isDeadly` decides which button has the focus. */
export const WORDS: Readonly<Record<Verb, VerbWords>> = {
  "kill": {
    title: "Kill",
    isDeadly: true,
    button: (effect, value) => `Kill ${processes(effect)}${value === "now" ? " at once" : ""}`,
  },
  "freeze": { title: "Freeze", isDeadly: false, button: () => "Freeze it" },
  "thaw": { title: "Thaw", isDeadly: false, button: () => "Thaw it" },
  "set-timeout": {
    title: "More time",
    isDeadly: false,
    button: (_, value) => `Give it ${value?.slice(1)} more`,
  },
  "set-memory": { title: "More memory", isDeadly: false, button: (_, value) => `Set it to ${value}` },
};

/** The two ways to kill. */
export const KILL_LABELS: Readonly<Record<string, string>> = { orderly: "TERM first", now: "KILL at once" };

/** Heading of the dialog. */
export function questionOf(verb: Verb, job: string): VNode {
  if (verb === "set-timeout") {
    return html`
      More time for ${name(job)}
    `;
  }
  if (verb === "set-memory") {
    return html`
      Raise the memory limit of ${name(job)}
    `;
  }
  return html`
    ${WORDS[verb].title} ${name(job)}?
  `;
}

/** A change that was not made yet, and what the server expects of it. */
export interface Planned {
  readonly page: Page;
  readonly verb: Verb;
  readonly jobId: string;
  readonly effect: Effect;
  readonly row: LiveRow | null;
  readonly value: string | null;
}

/** What dies, stops, comes free or changes. */
export function consequences(planned: Planned): Markup {
  switch (planned.verb) {
    case "kill":
      return killed(planned);
    case "freeze":
      return frozen(planned);
    case "thaw":
      return html`
        <p>${processes(planned.effect)} of ${owners(planned.effect)} go on where they stopped.</p>
      `;
    case "set-timeout":
      return moreTime(planned);
    case "set-memory":
      return moreMemory(planned);
  }
}

function killed({ effect, jobId, row, value }: Planned): Markup {
  const { lostMs, freedBytes, startsNext } = effect;
  const cpus = row?.cpuMaxCores != null && `${coreLimit(row.cpuMaxCores)} CPUs`;
  const free = [freedBytes !== null && brief(freedBytes), cpus].filter(Boolean).join(" and ");
  const next = startsNext !== null &&
    html`
      ; <a class="link" href="${`#/job/${startsNext.id}`}">${name(startsNext.name)}</a> starts next
    `;
  return html`
    <p>
      <b>${processes(effect)} of ${owners(effect)} ${effect.processes === 1
        ? "dies"
        : "die"}</b>, all of job ${jobId}. ${value === "now"
        ? "They get KILL at once: no first signal, no grace, nothing is saved."
        : "They get TERM first, and KILL when their grace is over."}
    </p><ul class="t2">${lostMs !== null &&
      html`
        <li>${duration(lostMs)} of work is lost.</li>
      `}${free !== "" && html`
      <li>${free} come free${next}.</li>
    `}<li>The record will say: killed, by you, from this page.</li></ul>
  `;
}

function frozen({ page, effect, row }: Planned): Markup {
  const deadline = row?.deadlineMs ?? null;
  const goesOn = deadline === null
    ? ""
    : `, and its deadline goes on: ${page.clock.short(deadline, page.nowMs)}`;
  return html`
    <p>${processes(effect)} stop where they are. <b>It keeps its ${brief(
      row?.memoryBytes ?? null,
    )}${goesOn}.</b></p>
  `;
}

function moreTime({ page, row, value }: Planned): Markup {
  const { clock, nowMs } = page;
  const deadline = row?.deadlineMs ?? null;
  if (deadline === null || value === null) {
    return html`
      <p>It has no time limit.</p>
    `;
  }
  const next = deadline + moreMs(value);
  return html`
    <p>It ends at ${clock.short(deadline, nowMs)}, in ${duration(deadline - nowMs)}. The new end is <b>${clock
      .short(next, nowMs)}</b>.</p>
  `;
}

/** Of `+30m` and `+4h`. */
function moreMs(value: string): number {
  return parseInt(value) * (value.endsWith("m") ? 60_000 : 3_600_000);
}

function moreMemory({ page, row }: Planned): Markup {
  const limit = row?.memoryMaxBytes ?? null;
  if (limit === null) {
    return html`
      <p>It has no memory limit.</p>
    `;
  }
  const { room } = page.node;
  return html`
    <p>It uses ${brief(row?.memoryBytes ?? null)} of ${limitText(limit)}.${room !== null &&
      ` The node has room for ${brief(room.freeBytes)} more.`}</p>
  `;
}

function processes(effect: Effect | null): string {
  if (effect === null) return "it";
  return effect.processes === 1 ? "1 process" : `${effect.processes} processes`;
}

function owners({ users }: Effect): Markup {
  return users.map((user, index) =>
    html`
      ${index > 0 && ", "}${name(user)}
    `
  );
}
