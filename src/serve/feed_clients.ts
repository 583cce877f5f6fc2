/**
 * The pages that are open. A look is made once for all of them, and so is its text; each page is sent the difference to what it has. A page
 * that does not read gets nothing more, and once it has read, a whole snapshot: what waits for it is bounded.
 */
import { toJsonLine } from "../base/json.ts";
import { errorText } from "../base/errors.ts";
import { MOST_BUFFERED_BYTES, MOST_MESSAGE_CHARACTERS, MOST_MESSAGES, MOST_PAGES } from "./bounds.ts";
import { differenceOf, snapshotOf, type State, stateOf } from "./difference.ts";
import type { FeedMessage, JobDetail, PageMessage } from "./feed.ts";
import { moreOf } from "./job_feed.ts";
import type { PageSource } from "./source.ts";

/** What is used of a WebSocket. */
export type PageSocket = Pick<
  WebSocket,
  "send" | "close" | "bufferedAmount" | "readyState" | "onopen" | "onmessage" | "onclose" | "onerror"
>;

const OPEN = 1;
/** RFC 6455, 7.4.1: what was sent breaks a rule; try again later. */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
const GOING_AWAY = 1001;

interface Page {
  socket: PageSocket;
  /** Of the state that it has; null: it gets a snapshot. */
  seq: number | null;
  jobId: string | null;
  /** It has the detail of that job as of the last tick. */
  hasJob: boolean;
  /** Since the last look. */
  messages: number;
}

/** Told when a look fails, once until one succeeds. */
type Warn = (line: string) => void;

/** All open pages of one server. */
export class FeedClients {
  readonly #pages = new Set<Page>();
  readonly #details = new Map<string, JobDetail>();
  #state: State | null = null;
  #isLooking = false;
  #hasFailed = false;

  constructor(readonly source: Pick<PageSource, "look" | "detail">, readonly warn: Warn) {}

  get count(): number {
    return this.#pages.size;
  }

  get isFull(): boolean {
    return this.count >= MOST_PAGES;
  }

  /** Takes a socket that may not be open yet. */
  add(socket: PageSocket): void {
    const page: Page = { socket, seq: null, jobId: null, hasJob: false, messages: 0 };
    socket.onopen = () => this.#open(page);
    socket.onmessage = ({ data }) => this.#receive(page, data);
    socket.onclose = () => void this.#pages.delete(page);
    // The runtime closes the socket then.
    socket.onerror = (event) => event.preventDefault?.();
  }

  /** Looks, and sends each page what it has not. Never throws: the next look is the remedy. */
  async tick(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const before = this.#state;
      this.#state = stateOf(await this.source.look(), (before?.seq ?? 0) + 1);
      this.#sendState(before, this.#state);
      await this.#sendJobs();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.warn(`the page cannot be brought up to date: ${errorText(error)}`);
      this.#hasFailed = true;
    } finally {
      this.#isLooking = false;
    }
  }

  /** Of a server that ends. */
  close(): void {
    for (const { socket } of this.#pages) socket.close(GOING_AWAY, "corral serve has ended");
    this.#pages.clear();
  }

  #open(page: Page): void {
    if (this.isFull) return page.socket.close(TRY_AGAIN_LATER, `${MOST_PAGES} pages are open already`);
    this.#pages.add(page);
    if (this.#state === null) return void this.tick();
    page.seq = this.#state.seq;
    send(page, text({ type: "snapshot", ...snapshotOf(this.#state) }));
  }

  #sendState(before: State | null, after: State): void {
    const snapshot = once(() => text({ type: "snapshot", ...snapshotOf(after) }));
    const diff = once(() => text({ type: "diff", ...differenceOf(before!, after) }));
    for (const page of this.#pages) {
      page.messages = 0;
      if (isBehind(page)) {
        page.seq = null;
        page.hasJob = false;
        continue;
      }
      send(page, before !== null && page.seq === before.seq ? diff() : snapshot());
      page.seq = after.seq;
    }
  }

  async #sendJobs(): Promise<void> {
    const watched = new Set([...this.#pages].map(({ jobId }) => jobId).filter((id) => id !== null));
    for (const id of [...this.#details.keys()]) if (!watched.has(id)) this.#details.delete(id);
    await Promise.all([...watched].map((id) => this.#sendJob(id)));
  }

  /** To each page that watches it. */
  async #sendJob(jobId: string): Promise<void> {
    const before = this.#details.get(jobId) ?? null;
    const after = await this.source.detail(jobId);
    const whole = once(() =>
      text(after === null ? { type: "no-job", jobId } : { type: "job", detail: after })
    );
    const more = once(() => text(moreOf(before!, after!)));
    for (const page of this.#pages) {
      if (page.jobId !== jobId || page.seq === null) continue;
      send(page, page.hasJob && before !== null && after !== null ? more() : whole());
      page.hasJob = after !== null;
      if (after === null) page.jobId = null;
    }
    if (after === null) this.#details.delete(jobId);
    else this.#details.set(jobId, after);
  }

  #receive(page: Page, data: unknown): void {
    const message = ++page.messages > MOST_MESSAGES ? null : readMessage(data);
    if (message === null) return this.#refuse(page);
    if (message.type === "resync") {
      // With the next look: a page that asks again and again costs no more than one that reads.
      page.seq = null;
      page.hasJob = false;
      return;
    }
    page.jobId = message.jobId;
    page.hasJob = false;
    if (message.jobId !== null) void this.#sendFirst(page, message.jobId);
  }

  /** At once: a user has opened the view of that job. */
  async #sendFirst(page: Page, jobId: string): Promise<void> {
    try {
      const detail = await this.source.detail(jobId);
      if (page.jobId !== jobId) return;
      send(page, text(detail === null ? { type: "no-job", jobId } : { type: "job", detail }));
      if (detail === null) page.jobId = null;
    } catch {
      // The next look tries again, and says so.
    }
  }

  #refuse(page: Page): void {
    this.#pages.delete(page);
    page.socket.close(POLICY_VIOLATION, "not a message of the page");
  }
}

function isBehind({ socket }: Page): boolean {
  return socket.bufferedAmount > MOST_BUFFERED_BYTES;
}

function send({ socket }: Page, text: string): void {
  if (socket.readyState === OPEN) socket.send(text);
}

function text(message: FeedMessage): string {
  return toJsonLine(message);
}

/** Null for anything else. */
export function readMessage(data: unknown): PageMessage | null {
  if (typeof data !== "string" || data.length > MOST_MESSAGE_CHARACTERS) return null;
  try {
    const { type, jobId } = Object(JSON.parse(data)) as { type: unknown; jobId: unknown };
    if (type === "resync") return { type };
    if (type === "subscribe" && (jobId === null || typeof jobId === "string")) return { type, jobId };
    return null;
  } catch {
    return null;
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
