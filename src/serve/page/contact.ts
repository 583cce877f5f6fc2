/// <reference lib="dom" />
/** The line to the server: session, WebSocket, and what to do when it is silent. */
import type { FeedMessage, PageMessage } from "../feed.ts";
import { isWelcome, openSession } from "./request.ts";
import { NOTHING, type PageState, reduce } from "./state.ts";

/** Times are of the browser's steady clock, ms. */
export type Contact =
  | { readonly kind: "opening" }
  | { readonly kind: "live" }
  | { readonly kind: "lost"; readonly retryAtMs: number }
  | { readonly kind: "refused" };

/** The server sends each 2 s: this long a silence is a dead connection. */
const SILENCE_MS = 8_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Doubles, up to half a minute. */
export function retryDelayMs(failures: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
}

/** Keeps the state, and tries again for as long as the page is open. */
export class Line {
  state: PageState = NOTHING;
  contact: Contact = { kind: "opening" };
  #socket: WebSocket | null = null;
  #failures = 0;
  #jobId: string | null = null;
  #retryTimer: number | undefined;
  #silenceTimer: number | undefined;
  /** Server's clock less the browser's steady one. */
  #aheadMs = 0;
  /** Server's clock at the newest message. */
  lastMs = 0;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** With the token of a fresh address, or with the cookie of before. */
  async open(token: string | null): Promise<void> {
    clearTimeout(this.#retryTimer);
    const answer = token === null ? await isWelcome() : await openSession(token);
    if (answer === "refused") return this.#become({ kind: "refused" });
    if (answer === "silent") return this.#lose(token);
    this.#connect();
  }

  /** Wall clock of the server; it stands still while there is no contact. */
  nowMs(): number {
    return this.contact.kind === "live" ? this.#aheadMs + performance.now() : this.lastMs;
  }

  /** How old the newest message is, ms. */
  ageMs(): number {
    return this.#aheadMs + performance.now() - this.lastMs;
  }

  subscribe(jobId: string | null): void {
    if (jobId === this.#jobId) return;
    this.#jobId = jobId;
    this.state = { ...this.state, detail: null, noJobId: null };
    this.#send({ type: "subscribe", jobId });
  }

  #connect(): void {
    const socket = new WebSocket(
      `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/feed`,
    );
    this.#socket = socket;
    socket.onopen = () => this.#jobId === null || this.#send({ type: "subscribe", jobId: this.#jobId });
    socket.onmessage = ({ data }) => this.#read(JSON.parse(data) as FeedMessage);
    socket.onclose = () => socket === this.#socket && this.#lose(null);
    this.#watchSilence();
  }

  #read(message: FeedMessage): void {
    const hadGap = this.state.gap;
    this.state = reduce(this.state, message);
    if (this.state.gap && !hadGap) this.#send({ type: "resync" });
    const nowMs = message.type === "snapshot"
      ? message.nowMs
      : message.type === "diff"
      ? message.changed.nowMs
      : undefined;
    if (nowMs !== undefined) this.#aheadMs = nowMs - performance.now();
    this.lastMs = this.#aheadMs + performance.now();
    this.#failures = 0;
    this.#watchSilence();
    this.#become({ kind: "live" });
  }

  #watchSilence(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#lose(null), SILENCE_MS);
  }

  #lose(token: string | null): void {
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#retryTimer);
    const dead = this.#socket;
    this.#socket = null;
    dead?.close();
    const delayMs = retryDelayMs(this.#failures++);
    this.#retryTimer = setTimeout(() => this.open(token), delayMs);
    this.#become({ kind: "lost", retryAtMs: performance.now() + delayMs });
  }

  #become(contact: Contact): void {
    this.contact = contact;
    this.#changed();
  }

  #send(message: PageMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
