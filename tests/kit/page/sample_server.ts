/** A server of the built page for tests: speaks what `corral serve` speaks, about jobs that do not exist. */
import type {
  Change,
  Effect,
  EndedPage,
  FeedMessage,
  LiveRow,
  NodeState,
  PageMessage,
} from "../../../src/serve/feed.ts";
import { pageFiles } from "../../../src/serve/page_files.ts";
import { sampleDetail } from "./sample_details.ts";
import { endedRows, liveRows, NOW_MS } from "./sample_jobs.ts";
import { busyNode, sampleCourse } from "./sample_node.ts";

export const TOKEN = "sample-token";
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What a test may set before or while pages are open. */
export interface Sample {
  node: NodeState;
  jobs: LiveRow[];
  changes: Change[];
  /** Requests for anything else than the page knows. */
  strange: string[];
}

export class SampleServer implements AsyncDisposable {
  readonly sample: Sample = { node: busyNode(), jobs: liveRows(), changes: [], strange: [] };
  readonly #sockets = new Set<WebSocket>();
  #seq = 0;
  #isSilent = false;
  #server: Deno.HttpServer<Deno.NetAddr> | null = null;
  #files = new Map<string, { contentType: string; body: Uint8Array<ArrayBuffer> }>();

  static async start(): Promise<SampleServer> {
    const server = new SampleServer();
    for (const file of await pageFiles()) server.#files.set(`/${file.name}`, file);
    server.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => server.#answer(request),
    );
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server!.addr.port}`;
  }

  /** As `corral serve` prints it. */
  get address(): string {
    return `${this.origin}/#token=${TOKEN}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.#server?.shutdown();
  }

  /** Sends a state of the jobs as a diff; `skip`: as if messages before it were lost. */
  show(change: { jobs?: LiveRow[]; gone?: string[]; node?: Partial<NodeState>; skip?: number }): void {
    const { jobs = [], gone = [], node = {}, skip = 0 } = change;
    const changedIds = new Set([...jobs.map(({ id }) => id), ...gone]);
    this.sample.jobs = [...this.sample.jobs.filter(({ id }) => !changedIds.has(id)), ...jobs];
    this.sample.node = { ...this.sample.node, ...node };
    this.#seq += 1 + skip;
    this.#send({
      type: "diff",
      seq: this.#seq,
      changed: { ...node, nowMs: this.sample.node.nowMs },
      jobs,
      goneJobIds: gone,
      course: null,
    });
  }

  /** Closes every socket and refuses new ones until `isSilent` is false. */
  set isSilent(isSilent: boolean) {
    this.#isSilent = isSilent;
    if (isSilent) { for (const socket of this.#sockets) socket.close(); }
  }

  #send(message: FeedMessage): void {
    for (const socket of this.#sockets) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (this.#isSilent) return new Response(null, { status: 503 });
    if (pathname === "/api/session") return this.#session(request);
    const file = this.#files.get(pathname === "/" ? "/index.html" : pathname);
    if (file !== undefined) {
      return new Response(file.body, {
        headers: { "Content-Type": file.contentType, "Content-Security-Policy": CSP },
      });
    }
    if (!request.headers.get("cookie")?.includes(`session=${TOKEN}`)) {
      return new Response(null, { status: 401 });
    }
    if (pathname === "/api/feed") return this.#feed(request);
    if (pathname === "/api/page/do") return await this.#do(request);
    const body = this.#get(pathname, searchParams);
    if (body !== null) return Response.json(body);
    this.sample.strange.push(pathname);
    return Response.json({ error: "there is no such thing" }, { status: 404 });
  }

  #session(request: Request): Response {
    if (request.headers.get("authorization") !== `Bearer ${TOKEN}`) {
      return new Response(null, { status: 401 });
    }
    return new Response(null, {
      status: 204,
      headers: { "Set-Cookie": `session=${TOKEN}; HttpOnly; SameSite=Strict; Path=/` },
    });
  }

  #get(pathname: string, query: URLSearchParams): unknown {
    if (pathname === "/api/page/course") {
      return sampleCourse(Number(query.get("from")), Number(query.get("to")), this.sample.jobs.length === 0);
    }
    if (pathname === "/api/page/ended") return endedPage(query);
    if (pathname === "/api/page/effect") return this.#effect(query);
    return null;
  }

  #effect(query: URLSearchParams): Effect {
    const row = this.sample.jobs.find(({ id }) => id === query.get("job"));
    return {
      ...{
        processes: row?.processes ?? 0,
        users: [row?.user ?? "alice"],
        lostMs: NOW_MS - (row?.startedMs ?? NOW_MS),
      },
      ...{ freedBytes: row?.memoryBytes ?? null, startsNext: { id: "a7d2mc", name: "fastsurfer" } },
      command: `corral ${query.get("verb")} ${row?.id}`,
    };
  }

  async #do(request: Request): Promise<Response> {
    if (request.headers.get("x-corral") !== "1") {
      return Response.json({ error: "X-Corral is missing" }, { status: 403 });
    }
    const change = await request.json() as Change;
    this.sample.changes.push(change);
    if (change.jobId === "wv98pv") {
      return Response.json({ error: "2 processes live on, 10s after KILL" }, { status: 409 });
    }
    return Response.json({ said: `${change.verb} ${change.jobId}: done` });
  }

  #feed(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => {
      this.#sockets.add(socket);
      socket.send(JSON.stringify(this.#snapshot()));
    };
    socket.onclose = () => this.#sockets.delete(socket);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as PageMessage;
      if (message.type === "resync") socket.send(JSON.stringify(this.#snapshot()));
      else if (message.jobId !== null) socket.send(JSON.stringify(this.#detail(message.jobId)));
    };
    return response;
  }

  #snapshot(): FeedMessage {
    return { type: "snapshot", seq: this.#seq, ...this.sample.node, jobs: this.sample.jobs };
  }

  #detail(jobId: string): FeedMessage {
    const detail = sampleDetail(jobId, this.sample.jobs);
    return detail === null ? { type: "no-job", jobId } : { type: "job", detail };
  }
}

const PAGE_ROWS = 10;

function endedPage(query: URLSearchParams): EndedPage {
  const search = (query.get("search") ?? "").toLowerCase();
  const found = endedRows().filter((row) =>
    [row.id, row.name, row.ref, row.user].some((word) => word?.toLowerCase().includes(search)) &&
    (query.get("reason") === null || row.reason === query.get("reason"))
  );
  const start = Number(query.get("cursor") ?? 0);
  const end = start + PAGE_ROWS;
  const users = ["bob", "alice", "dave", "carol", "root"];
  return {
    rows: found.slice(start, end),
    cursor: end < found.length ? String(end) : null,
    total: found.length,
    byReason: Object.fromEntries([...new Set(found.map(({ reason }) => reason))].map((reason) => [
      reason,
      found.filter((row) => row.reason === reason).length,
    ])),
    byUser: users.map((user, index) => ({
      ...{ user, jobs: 2 + index * 7 % 31, cpuUsageUsec: [82.1, 64, 41.7, 14.2, 0.9][index]! * 3.6e9 },
      memoryByteSeconds: (96 - index * 20) * 1024 ** 3 * 7200,
    })),
  };
}
