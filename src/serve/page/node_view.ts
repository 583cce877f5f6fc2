/// <reference lib="dom" />
/** The node: what is used and by whom, what is wrong, who it was, what lives, what ended. */
import type { VNode } from "preact";
import { Command } from "./control.ts";
import { html } from "./dom.ts";
import { attention, endedLately, waiting } from "./findings.ts";
import { LiveJobs } from "./jobs.ts";
import type { Page } from "./page.ts";
import { readouts } from "./readouts.ts";
import { jobLink, name } from "./text.ts";
import { endWords } from "./words.ts";
import { WhoUsedIt } from "./who.ts";

/** In the order of the questions: how much, what is wrong, who, what lives, what ended. */
export function nodeView(page: Page): VNode {
  const isEmpty = page.state.jobs.size === 0;
  const title = page.node.scope === "node" ? `The node ${page.node.host}` : `Your jobs on ${page.node.host}`;
  return html`
    <h1 class="sr">${title}</h1><div class="columns">
      <div class="main-column">${readouts(page)}<${WhoUsedIt} page="${page}" />${isEmpty ? noJob(page) : html`
        <${LiveJobs} page="${page}" />
      `}</div>
      <div class="rail">${attention(page)}${waiting(page)}${endedLately(page)}</div>
    </div>
  `;
}

function noJob({ node, clock, nowMs }: Page): VNode {
  const last = node.lastEnded;
  return html`
    <section class="sec o4" aria-label="Live jobs">
      <div class="panel empty">
        <p><b>No job is live.</b></p>${last !== null &&
          html`
            <p>The last one, ${jobLink(last.id, last.name)} of ${name(last.user)}, ended at ${clock.short(
              last.endedMs,
              nowMs,
            )}: ${last.reason === "exited" && last.exitCode === 0
              ? "exited 0"
              : endWords(last.reason, last.exitCode)}.</p>
          `}<${Command}
          line="corral run --detach --name hello --timeout 5m -- sleep 60"
        />
      </div>
    </section>
  `;
}
