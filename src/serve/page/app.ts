/// <reference lib="dom" />
/** The page of `corral serve`: the state that the feed keeps, shown as one of four views. */
import { Component, render, type VNode } from "preact";
import type { Verb } from "../feed.ts";
import { Line } from "./contact.ts";
import { Slots } from "./course.ts";
import type { ChangeProps, KeysProps } from "./dialog.ts";
import { html } from "./dom.ts";
import { Clock } from "./format.ts";
import type { HistoryProps } from "./history_view.ts";
import { jobView } from "./job_view.ts";
import { listenToKeys } from "./keys.ts";
import { later } from "./later.ts";
import { nodeView } from "./node_view.ts";
import type { Page } from "./page.ts";
import { queueView } from "./queue_view.ts";
import { type Route, routeOf, tokenOf } from "./route.ts";
import { doorstep, foot, type ShellProps, staleBar, topBar } from "./shell.ts";
import { plain } from "./text.ts";
import { applyTheme } from "./theme.ts";

const ChangeDialog = later<ChangeProps>(async () => (await import("./dialog.ts")).ChangeDialog);
const KeysDialog = later<KeysProps>(async () => (await import("./dialog.ts")).KeysDialog);
const HistoryView = later<HistoryProps>(async () => (await import("./history_view.ts")).HistoryView);

type Open = { readonly verb: Verb; readonly jobId: string } | "keys" | null;

interface State {
  readonly route: Route;
  readonly open: Open;
}

const TICK_MS = 1000;

class App extends Component<Record<never, never>, State> {
  override state: State = { route: routeOf(location.hash), open: null };
  readonly #line = new Line(() => this.forceUpdate());
  readonly #slots = new Slots();
  #clock: { zone: string; clock: Clock } | null = null;

  override componentDidMount(): void {
    const token = tokenOf(location.hash);
    if (token !== null) history.replaceState(null, "", "#/");
    this.#follow();
    void this.#line.open(token);
    addEventListener("hashchange", this.#moved);
    setInterval(() => document.hidden || this.forceUpdate(), TICK_MS);
    listenToKeys({ showKeys: this.#showKeys });
  }

  /** A fresh address in an open tab is a new session. */
  readonly #moved = () => {
    const token = tokenOf(location.hash);
    if (token !== null) {
      history.replaceState(null, "", "#/");
      void this.#line.open(token);
    }
    this.setState({ route: routeOf(location.hash), open: null }, () => {
      scrollTo(0, 0);
      document.getElementById("main")?.focus({ preventScroll: true });
    });
    this.#follow();
  };

  #follow(): void {
    const route = routeOf(location.hash);
    this.#line.subscribe(route.view === "job" ? route.jobId : null);
  }

  readonly #showKeys = () => this.setState({ open: "keys" });
  readonly #close = () => this.setState({ open: null });
  readonly #act = (verb: Verb, jobId: string) => this.setState({ open: { verb, jobId } });
  readonly #tryNow = () => void this.#line.open(null);

  #page(): Page | null {
    const { state, contact } = this.#line;
    const { node } = state;
    if (node === null || contact.kind === "refused") return null;
    if (this.#clock?.zone !== node.zone) this.#clock = { zone: node.zone, clock: new Clock(node.zone) };
    const isStale = contact.kind !== "live";
    return {
      ...{ node, state, isStale, slots: this.#slots, clock: this.#clock.clock },
      nowMs: this.#line.nowMs(),
      ageMs: this.#line.ageMs(),
      act: node.allowChanges && !isStale ? this.#act : null,
    };
  }

  render(): VNode {
    const page = this.#page();
    const { contact } = this.#line;
    if (page === null) {
      document.title = "corral";
      return doorstep(contact, this.#tryNow);
    }
    const { route } = this.state;
    document.title = titleOf(page, route);
    const shell: ShellProps = {
      ...{ page, route, contact },
      ...{ showKeys: this.#showKeys, tryNow: this.#tryNow },
    };
    return html`
      <div class="${page.isStale ? "stale" : "fresh"}">
        <a class="skip" href="#main" onClick="${skip}">Skip to the content</a>${topBar(shell)}${staleBar(
          shell,
        )}<main
          id="main"
          tabindex="-1"
        >
          ${view(page, route)}${foot(page)}
        </main>${this.#dialog(page)}
      </div>
    `;
  }

  #dialog(page: Page): VNode | null {
    const { open } = this.state;
    if (open === null) return null;
    if (open === "keys") {
      return html`
        <${KeysDialog} onClose="${this.#close}" />
      `;
    }
    return html`
      <${ChangeDialog} page="${page}" verb="${open.verb}" jobId="${open.jobId}" onClose="${this.#close}" />
    `;
  }
}

function view(page: Page, route: Route): VNode {
  switch (route.view) {
    case "node":
      return nodeView(page);
    case "queue":
      return queueView(page);
    case "history":
      return html`
        <${HistoryView} page="${page}" search="${route.search}" />
      `;
    case "job":
      return jobView(page, route.jobId);
  }
}

/** What is wrong is read in the row of tabs: `✕ 1 ▲ 3  node17 · corral`. */
function titleOf({ node, state, isStale }: Page, route: Route): string {
  const bad = node.findings.filter(({ severity }) => severity === "bad").length;
  const attention = node.findings.length - bad;
  const signs = [bad > 0 && `✕ ${bad}`, attention > 0 && `▲ ${attention}`].filter(Boolean).join(" ");
  const { detail } = state;
  const job = route.view === "job" ? `${plain(namedIn(detail) ?? route.jobId).slice(0, 40)} · ` : "";
  return `${isStale ? "○ " : signs && `${signs}  `}${job}${plain(node.host)} · corral`;
}

function namedIn(detail: Page["state"]["detail"]): string | undefined {
  return (detail?.live ?? detail?.ended ?? detail?.queued)?.name;
}

/** The fragment is the route: it stays. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

applyTheme();
render(
  html`
    <${App} />
  `,
  document.getElementById("app")!,
);
