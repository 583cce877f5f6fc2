/**
 * The server of `corral serve`: an outer socket with bounds (front.ts), the inner one of Deno.serve (routes.ts) and a look at the node every
 * two seconds for the pages that are open (feed_clients.ts). It knows HTTP and sockets; the sources know the jobs.
 */
import { within } from "../base/poll.ts";
import { Garbage } from "../linux/garbage.ts";
import { Assets, type PageFile } from "./assets.ts";
import { LOOK_EVERY_MS, LOOK_UNSEEN_EVERY_MS } from "./bounds.ts";
import { claim, type Claimed, filesOf, privately } from "./claim.ts";
import { FeedClients } from "./feed_clients.ts";
import { Front, type FrontTimes } from "./front.ts";
import { respondMetrics } from "./metrics_door.ts";
import type { ServePlace } from "./place.ts";
import { respond } from "./routes.ts";
import type { PageSource, PlainSource } from "./source.ts";
import { isSame, newSecret, Sessions, writeToken } from "./token.ts";

/** For answers under way when the server ends. */
const END_CAP_MS = 300;

/** What a server is made from. */
export interface ServerRequest {
  place: ServePlace;
  /** host and port of --metrics-listen. */
  metricsAt: { hostname: string; port: number } | null;
  uid: number;
  allowChanges: boolean;
  files: readonly PageFile[];
  page: PageSource;
  plain: PlainSource;
  randomBytes(count: number): Uint8Array;
  warn(line: string): void;
  /** For tests. */
  times?: FrontTimes;
}

/** A server that listens. */
export interface Server extends AsyncDisposable {
  /** With the port that it got. */
  place: ServePlace;
  token: string;
}

/** Throws CorralError when it cannot have its place. */
export async function startServer(request: ServerRequest): Promise<Server> {
  const { place, uid, page, plain, warn, randomBytes } = request;
  await using undone = new AsyncDisposableStack();
  const claimed = undone.use(await claim(place, uid));
  const token = newSecret(randomBytes);
  const sessions = new Sessions(randomBytes, Date.now);
  const clients = new FeedClients(page, warn);
  const assets = new Assets(request.files);
  const door = {
    port: claimed.port,
    allowChanges: request.allowChanges,
    isToken: (given: string) => isSame(given, token),
    isSession: (secret: string) => sessions.has(secret),
    isPage: (path: string) => assets.has(path),
  };
  const served = { door, sessions, clients, page, plain, warn, assets };
  undone.use(open(claimed, (asked) => respond(asked, served), request));
  undone.defer(() => clients.close());
  if (request.metricsAt !== null) {
    const metrics = undone.use(
      await claim({ ...place, ...request.metricsAt, kind: "tcp", name: `${place.name}.metrics` }, uid),
    );
    undone.use(open(metrics, (asked) => respondMetrics(asked, plain, warn), request));
  }
  undone.use(looking(clients));
  writeToken(filesOf(place).token, token);
  const held = undone.move();
  return {
    place: place.kind === "tcp" ? { ...place, port: claimed.port ?? place.port } : place,
    token,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Serves on claimed sockets until it is disposed of. */
function open(
  { listener, innerPath }: Claimed,
  handler: (request: Request) => Promise<Response>,
  { warn, times }: Pick<ServerRequest, "warn" | "times">,
): AsyncDisposable {
  const ending = new AbortController();
  const onError = () => {
    warn("an answer failed");
    return new Response(null, { status: 500 });
  };
  const options = { path: innerPath, signal: ending.signal, onListen() {}, onError };
  const inner = privately(() => Deno.serve(options, handler));
  const front = new Front(listener, innerPath, ...(times === undefined ? [] : [times]));
  void front.run();
  return {
    async [Symbol.asyncDispose]() {
      front.close();
      ending.abort();
      // An answer that hangs does not hold up the end.
      await within(inner.finished, END_CAP_MS);
    },
  };
}

/** Looks now and then while no page is open: the course of the node is kept all the same. */
function looking(clients: FeedClients): Disposable {
  let sinceMs = LOOK_UNSEEN_EVERY_MS;
  const garbage = new Garbage();
  const timer = setInterval(() => {
    sinceMs += LOOK_EVERY_MS;
    if (clients.count === 0 && sinceMs < LOOK_UNSEEN_EVERY_MS) return;
    sinceMs = 0;
    void clients.tick().then(() => garbage.bound());
  }, LOOK_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
