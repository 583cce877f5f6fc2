/// <reference lib="dom" />
/** One job: one sentence, its limits, signs of life, course, processes, events, facts, output. */
import type { VNode } from "preact";
import type { JobDetail, Verb } from "../feed.ts";
import { Command } from "./control.ts";
import { classes, html, type Markup } from "./dom.ts";
import { duration } from "./format.ts";
import { icon, type IconName } from "./icon.ts";
import { JobCourse } from "./job_course.ts";
import { events, facts, limits, output, signs } from "./job_parts.ts";
import type { Page } from "./page.ts";
import { tree } from "./process_tree.ts";
import { historyHref } from "./route.ts";
import { endWord, name, plain, sentence, stateWord } from "./text.ts";
import { lookOfState } from "./words.ts";

/** The job that the server was asked for, or that there is none. */
export function jobView(page: Page, jobId: string): VNode {
  const { detail, noJobId } = page.state;
  if (noJobId === jobId) return noJob(page, jobId);
  if (detail === null || detail.id !== jobId) {
    return html`
      <p class="t2" role="status">Reading job ${jobId}…</p>
    `;
  }
  const isOver = detail.ended !== null;
  return html`
    ${head(page, detail)}${lead(page, detail)}<div class="job-columns">
      <div>${detail.queued === null &&
        html`
          <${JobCourse} key="${detail.id}" page="${page}" detail="${detail}" />
        `}${tree(detail)}${output(detail)}</div>
      <div>${limits(detail)}${!isOver && signs(detail)}${events(page, detail)}${facts(detail)}</div>
    </div>
  `;
}

function noJob({ node }: Page, jobId: string): VNode {
  return html`
    <h1>No job ${name(jobId)}</h1><div class="panel empty">
      <p>
        No store of this node has it${node.scope === "user" &&
          ", or it is another user's"}. Old records are removed after the time that the configuration
        says.
      </p>
      <p><a class="link" href="${historyHref(jobId)}">Search the history for it</a></p>
    </div>
  `;
}

function head(page: Page, detail: JobDetail): VNode {
  const row = (detail.live ?? detail.ended ?? detail.queued)!;
  const { live, ended } = detail;
  const state = ended !== null ? endWord(ended.reason, ended.exitCode) : stateWord(live?.state ?? "queued");
  const pool = live?.pool ?? detail.queued?.pool;
  const words = [
    ...(row.ref === null ? [] : [name(row.ref), " "]),
    ...["of ", name(row.user)],
    ...(pool ? [", pool ", name(pool)] : []),
    since(page, detail),
  ];
  return html`
    <div class="job-head">
      <h1>${name(row.name)}</h1>${state}<span class="t2">${words}</span><div class="acts">${acts(
        page,
        detail,
      )}</div>
    </div>
  `;
}

function since({ clock, nowMs }: Page, { live, ended, queued }: JobDetail): string {
  if (ended !== null) {
    const after = ended.wallMs === null ? "" : ` after ${duration(ended.wallMs)}`;
    return `, ended ${clock.short(ended.endedMs, nowMs)}${after}`;
  }
  const fromMs = live?.startedMs ?? queued?.queuedMs ?? null;
  return fromMs === null ? "" : `, for ${duration(nowMs - fromMs)}`;
}

/** Read-only: no dead buttons, the command to copy instead. */
function acts(page: Page, detail: JobDetail): Markup {
  const { live, ended, id } = detail;
  if (ended !== null) {
    return html`
      <a class="btn" href="${historyHref(ended.name)}">All of ${name(
        shortened(ended.name),
      )}</a><a class="btn" href="${`/api/show/${encodeURIComponent(id)}`}">Receipt (JSON)</a>
    `;
  }
  if (!page.node.allowChanges) {
    return html`
      <span class="t3">read-only; to change it:</span><${Command} line="${`corral kill ${id}`}" />
    `;
  }
  const button = (verb: Verb, label: string, tone: string | null = null) =>
    html`
      <button class="${classes("btn", tone)}" disabled="${page.act === null}" onClick="${() =>
        page.act?.(verb, id)}">${label}</button>
    `;
  return html`
    ${live?.deadlineMs != null && button("set-timeout", "More time…")}${live?.memoryMaxBytes != null &&
      button("set-memory", "More memory…")}${live !== null &&
      (live.state === "frozen" ? button("thaw", "Thaw…") : button("freeze", "Freeze…"))}${button(
        "kill",
        "Kill…",
        "danger",
      )}
  `;
}

function shortened(text: string): string {
  const shown = plain(text);
  return shown.length > 24 ? `${shown.slice(0, 23)}…` : shown;
}

function lead(page: Page, detail: JobDetail): VNode | null {
  const { severity, text, more, command } = detail.sentence;
  if (text.length === 0) return null;
  return html`
    <div class="${classes("lead", severity)}">${signOf(detail)}<div><p>${sentence(text, page.act)}</p>${more
      .map((parts) =>
        html`
          <p class="more-words">${sentence(parts, page.act)}</p>
        `
      )}${command !== null && html`
      <${Command} line="${command}" />
    `}</div></div>
  `;
}

function signOf({ sentence: { severity }, live, queued }: JobDetail): VNode {
  if (severity === "bad") return icon("octagon", "bad");
  if (severity === "attention") return icon("triangle", "att");
  const state = live?.state ?? (queued !== null ? "queued" : null);
  const look: { icon: IconName; tone: string } = state === null
    ? { icon: "check", tone: "quiet" }
    : lookOfState(state);
  return icon(look.icon, look.tone);
}
