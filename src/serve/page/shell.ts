/// <reference lib="dom" />
/** What is around every view: bar on top (below, on a phone), the word of the contact, the foot. */
import type { VNode } from "preact";
import { Command } from "./control.ts";
import type { Contact } from "./contact.ts";
import { classes, html } from "./dom.ts";
import { duration } from "./format.ts";
import { icon } from "./icon.ts";
import type { Page } from "./page.ts";
import type { Route } from "./route.ts";
import { name } from "./text.ts";
import { toggleTheme } from "./theme.ts";

/** What bar, foot and dialogs need beside the state. */
export interface ShellProps {
  readonly page: Page;
  readonly route: Route;
  readonly contact: Contact;
  readonly showKeys: () => void;
  readonly tryNow: () => void;
}

/** Views, whether the page is live, theme and keys. */
export function topBar(props: ShellProps): VNode {
  const { page, route } = props;
  const tab = (view: Route["view"], href: string, label: string, count: number | null = null) =>
    html`
      <a href="${href}" aria-current="${route.view === view ? "page" : undefined}">${label}${count !== null &&
        html`
          <span class="count">${count}</span>
        `}</a>
    `;
  const { node, state } = page;
  return html`
    <header class="top">
      <a class="brand" href="#/">corral <span class="t3">${name(node.host)}</span></a><nav
        class="tabs"
        aria-label="Views"
      >
        ${tab("node", "#/", node.scope === "node" ? "Node" : "Jobs", state.jobs.size)}${tab(
          "queue",
          "#/queue",
          "Queue",
          node.readouts.queueLength,
        )}${tab("history", "#/history", "History")}
      </nav><span class="grow"></span>${live(props)}<button
        class="btn quiet"
        onClick="${toggleTheme}"
        title="Light or dark (t)"
        aria-label="Light or dark"
      >
        ${icon("contrast")}
      </button>
      <button class="btn quiet w-md" onClick="${props.showKeys}" title="Keys (?)" aria-label="Keys">?</button>
    </header>
  `;
}

function live({ page }: ShellProps): VNode {
  if (page.isStale) {
    return html`
      <span class="live" role="status">${icon("ring", "att")}<span class="att">${duration(
        page.ageMs,
      )} old</span></span>
    `;
  }
  return html`
    <span class="live"><span role="status">${icon("dot", "ok")} live</span><span class="t3 w-md">${page.clock
      .exact(page.nowMs)}</span></span>
  `;
}

/** The figures stay, marked as old. */
export function staleBar({ page, contact, tryNow }: ShellProps): VNode | null {
  if (!page.isStale) return null;
  const next = contact.kind === "lost"
    ? `next try in ${duration(contact.retryAtMs - performance.now())}`
    : "trying now";
  return html`
    <div class="stale-bar" role="alert">
      ${icon("triangle", "att")}<p>
        <b>No contact since ${page.clock.exact(page.nowMs)}.</b> What you see is ${duration(
          page.ageMs,
        )} old. Jobs and their limits do not depend
        on this page.
      </p><span class="t2 nw">${next}</span><button class="btn" onClick="${tryNow}">Try now</button>
    </div>
  `;
}

/** Where, whose, when last swept, and by which versions. */
export function foot({ node, nowMs }: Page): VNode {
  const { lastSweep, user } = node;
  const swept = lastSweep === null
    ? "no sweep so far"
    : `last sweep ${
      duration(nowMs - lastSweep.atMs)
    } ago: ended ${lastSweep.ended}, collected ${lastSweep.collected}`;
  const where = [
    ...[name(node.host), ", "],
    ...(node.scope === "user" && user !== null ? ["jobs of ", name(user), ", "] : []),
    `times are ${node.zone}`,
  ];
  const spans = [where, swept, node.versions, !node.allowChanges && "read-only"].filter(Boolean);
  return html`
    <footer>${spans.map((words) =>
      html`
        <span>${words}</span>
      `
    )}</footer>
  `;
}

/** Instead of a view: nothing is known yet, or the door is closed. */
export function doorstep(contact: Contact, tryNow: () => void): VNode {
  return html`
    <main id="main" class="doorstep" tabindex="-1"><section class="${classes(
      "panel pad",
      contact.kind,
    )}">${contact.kind === "refused" ? noToken() : noContact(contact, tryNow)}</section></main>
  `;
}

function noToken(): VNode {
  return html`
    <h1>This page needs its address with the token</h1>
    <p>
      When it started, <code class="flag">corral serve</code> printed an address that ends in <code class="flag"
      >#token=…</code>. Open that one, whole.
    </p>
    <p>Lost, or started as a service? On the node, this prints it again:</p>
    <${Command} line="corral serve --url" />
    <p class="t3">
      Each start of the server makes a new token. Jobs and their limits do not depend on this page.
    </p>
  `;
}

function noContact(contact: Contact, tryNow: () => void): VNode {
  if (contact.kind !== "lost") {
    return html`
      <p class="t2" role="status">Reading the node…</p>
    `;
  }
  return html`
    <h1>No contact with the server</h1><p>
      It does not answer. Jobs and their limits do not depend on it; what it shows is also in <code class="flag"
      >corral ps</code> and <code class="flag">corral top</code>.
    </p><div class="row">
      <button class="btn prime" onClick="${tryNow}">Try now</button><span class="t2" role="status"
      >next try in ${duration(contact.retryAtMs - performance.now())}</span>
    </div>
  `;
}
