/** A server of `corral serve` on sockets of its own, over jobs that a test makes up, and clients that send what they like. */
import type { Change, LiveRow, NodeState } from "../../../src/serve/feed.ts";
import type { ServePlace } from "../../../src/serve/place.ts";
import { type Server, type ServerRequest, startServer } from "../../../src/serve/server.ts";
import type { Look, PageSource, PlainSource } from "../../../src/serve/source.ts";
import { CorralError } from "../../../src/base/errors.ts";
import { TempDir } from "./temp.ts";

const NO_SHARES = { cpu: null, memory: null, io: null };

export const NODE: NodeState = {
  ...{
    scope: "user",
    user: "ada",
    host: "node17",
    bootId: "b",
    nowMs: 1_000,
    zone: "UTC",
    versions: "corral",
  },
  ...{ allowChanges: false, lastSweep: null },
  readouts: {
    ...{ memoryTotalBytes: 1, memoryAvailableBytes: null, cores: 2, cpuCores: null, queueLength: 0 },
    ...{ outside: { memoryBytes: null, cpuCores: null }, pressure: NO_SHARES, jobsByState: {} },
    queueHeadSinceMs: null,
  },
  ...{ findings: [], queue: [], pools: [], room: null, endedLately: [], lastEnded: null, silentStores: [] },
};

export function rowOf(id: string, own: Partial<LiveRow> = {}): LiveRow {
  return {
    ...{
      id,
      name: id,
      ref: null,
      user: "ada",
      pool: null,
      state: "running",
      stateNote: null,
      memoryBytes: null,
    },
    ...{
      memoryMaxBytes: null,
      memoryHighBytes: null,
      memoryPeakBytes: null,
      cpuCores: null,
      cpuMaxCores: null,
    },
    ...{ readBytesPerSec: null, writtenBytesPerSec: null, processes: null, pidsMax: null, startedMs: null },
    ...{ deadlineMs: null, spark: [], asOfMs: null },
    ...own,
  };
}

/** Jobs as a test sets them; remembers the changes that got through. */
export class FakeSource implements PageSource, PlainSource {
  jobs: LiveRow[] = [];
  node = NODE;
  readonly changes: Change[] = [];

  look = (): Promise<Look> => Promise.resolve({ node: this.node, jobs: this.jobs, bin: null });
  course = () => Promise.reject(new CorralError("no course"));
  ended = () => Promise.reject(new Error("/secret/path"));
  detail = () => Promise.resolve(null);
  effect = () => Promise.resolve(null);
  change = (change: Change) => {
    this.changes.push(change);
    return Promise.resolve("done");
  };
  api = (path: string) =>
    Promise.resolve({
      status: 200,
      contentType: "application/json",
      body: JSON.stringify({ path, jobs: this.jobs }),
    });
  metrics = () => Promise.resolve({ status: 200, contentType: "text/plain", body: "corral_build_info 1\n" });
}

const text = (body: string) => new TextEncoder().encode(body);
const FILES = [
  { name: "index.html", contentType: "text/html; charset=utf-8", body: text("<!doctype html>page") },
  { name: "app.js", contentType: "text/javascript; charset=utf-8", body: text("script") },
  { name: "app.css", contentType: "text/css; charset=utf-8", body: text("style") },
  { name: "secret.map", contentType: "text/plain", body: text("not of the page") },
];

/** On TCP, on a port that the kernel chose; with `socket` on a UNIX socket. */
export class TestServer implements AsyncDisposable {
  readonly warnings: string[] = [];

  private constructor(
    readonly source: FakeSource,
    readonly temp: TempDir,
    readonly server: Server,
    warnings: string[],
  ) {
    this.warnings = warnings;
  }

  static async start(
    own: Partial<ServerRequest> & { socket?: string } = {},
    temp = new TempDir(),
  ): Promise<TestServer> {
    const source = new FakeSource();
    const warnings: string[] = [];
    const { socket, ...rest } = own;
    const directory = `${temp.path}/run`;
    const place: ServePlace = socket === undefined
      ? { directory, name: "serve", kind: "tcp", hostname: "127.0.0.1", port: 0 }
      : { directory, name: socket, kind: "unix", path: `${directory}/${socket}` };
    const server = await startServer({
      ...{
        place,
        metricsAt: null,
        uid: Deno.uid()!,
        allowChanges: false,
        files: FILES,
        page: source,
        plain: source,
      },
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      warn: (line) => void warnings.push(line),
      ...rest,
    });
    return new TestServer(source, temp, server, warnings);
  }

  get port(): number {
    return this.server.place.kind === "tcp" ? this.server.place.port : 0;
  }

  get host(): string {
    return `localhost:${this.port}`;
  }

  get bearer(): string {
    return `Authorization: Bearer ${this.server.token}`;
  }

  connect(): Promise<Deno.Conn> {
    const { place } = this.server;
    return place.kind === "unix"
      ? Deno.connect({ transport: "unix", path: place.path })
      : Deno.connect({ hostname: "127.0.0.1", port: place.port });
  }

  /** One request with these headers and no others, and its answer. */
  async ask(request: string, headers: readonly string[] = [], body = ""): Promise<Reply> {
    const host = headers.some((line) => /^host:/i.test(line)) ? [] : [`Host: ${this.host}`];
    const length = body === "" ? [] : [`Content-Length: ${text(body).length}`];
    return await this.send([`${request} HTTP/1.1`, ...host, ...headers, ...length, "", body].join("\r\n"));
  }

  /** These bytes, and whatever comes until the server closes. */
  async send(bytes: string): Promise<Reply> {
    const connection = await this.connect();
    try {
      await writeAll(connection, text(bytes));
    } catch {
      // Closed by the server meanwhile; it may have said why.
    }
    return replyOf(await readAll(connection));
  }

  /** A session's cookie, as a browser gets it. */
  async cookie(): Promise<string> {
    const { headers } = await this.ask("POST /api/session", [this.bearer, "Content-Length: 0"]);
    return (headers["set-cookie"] ?? "").split(";")[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.temp[Symbol.dispose]();
  }
}

export interface Reply {
  /** 0 when there was no answer. */
  status: number;
  headers: Record<string, string>;
  body: string;
}

function replyOf(answer: string): Reply {
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  const [line = "", ...lines] = head.split("\r\n");
  const headers = lines.map((header) => header.split(/: ?(.*)/s)).map(([name = "", value = ""]) =>
    [name.toLowerCase(), value] as const
  );
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? 0),
    headers: Object.fromEntries(headers),
    body: rest.join("\r\n\r\n"),
  };
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await to.write(bytes.subarray(done));
}

export async function readAll(from: Deno.Conn): Promise<string> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  try {
    for await (const piece of from.readable) pieces.push(piece);
  } catch {
    // Reset: what came before it is the answer.
  }
  return await new Blob(pieces).text();
}
