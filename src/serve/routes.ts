/** Answers the requests that access.ts lets through. */
import { CorralError, errorText } from "../base/errors.ts";
import { toJsonLine } from "../base/json.ts";
import { type Asked, cookieName, type Door, refusalOf } from "./access.ts";
import type { Assets } from "./assets.ts";
import { MOST_BODY_BYTES, PING_SECONDS } from "./bounds.ts";
import { changeOf, courseQuery, effectQuery, endedQuery } from "./queries.ts";
import type { FeedClients } from "./feed_clients.ts";
import { answer } from "./headers.ts";
import type { PageSource, PlainSource } from "./source.ts";
import type { Sessions } from "./token.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";

/** What the answers are made from. */
export interface Served {
  door: Door;
  sessions: Sessions;
  assets: Assets;
  clients: FeedClients;
  page: PageSource;
  plain: PlainSource;
  warn(line: string): void;
}

/** Of Deno.serve. Never rejects. */
export async function respond(request: Request, served: Served): Promise<Response> {
  const { path, query } = targetOf(request.url);
  try {
    const asked = askedOf(request, path);
    const refusal = refusalOf(asked, served.door);
    if (refusal !== null) return refused(path, refusal);
    return await answered(request, { path, query, host: asked.host }, served);
  } catch (error) {
    const isSaid = error instanceof CorralError;
    if (!isSaid) served.warn(`a request for ${path.slice(0, 100)} failed: ${errorText(error)}`);
    // No word of an unexpected error goes out: it may hold a path or a value.
    return failed(isSaid ? 400 : 500, isSaid ? errorText(error) : "corral serve failed; see its log");
  }
}

/** Path and query as they were sent. A UNIX socket's URL begins with http+unix. */
export function targetOf(url: string): { path: string; query: URLSearchParams } {
  const target = url.replace(/^[a-z+]+:\/\/[^/?#]*/i, "").replace(/#.*$/s, "");
  const [path = ""] = target.split("?", 1);
  return { path: path === "" ? "/" : path, query: new URLSearchParams(target.slice(path.length + 1)) };
}

function askedOf({ method, headers }: Request, path: string): Asked {
  return {
    method,
    path,
    host: headers.get("host"),
    origin: headers.get("origin"),
    authorization: headers.get("authorization"),
    cookie: headers.get("cookie"),
    contentType: headers.get("content-type"),
    marker: headers.get("x-corral"),
    fetchSite: headers.get("sec-fetch-site"),
  };
}

function refused(
  path: string,
  { status, error, allow }: NonNullable<ReturnType<typeof refusalOf>>,
): Response {
  const own: Record<string, string> = {
    ...(allow === undefined ? {} : { allow }),
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
  };
  return path.startsWith("/api/") ? failed(status, error, own) : answer(status, TEXT_TYPE, `${error}\n`, own);
}

interface Target {
  path: string;
  query: URLSearchParams;
  host: string | null;
}

async function answered(request: Request, { path, query, host }: Target, served: Served): Promise<Response> {
  const { page, plain } = served;
  switch (path) {
    case "/api/session":
      return session(host, served);
    case "/api/feed":
      return feed(request, served);
    case "/api/page/course": {
      const { fromMs, toMs } = courseQuery(query);
      return json(await page.course(fromMs, toMs));
    }
    case "/api/page/ended":
      return json(await page.ended(endedQuery(query)));
    case "/api/page/effect": {
      const { jobId, verb } = effectQuery(query);
      const effect = await page.effect(jobId, verb);
      return effect === null ? failed(404, "there is no such job") : json(effect);
    }
    case "/api/page/do":
      return await change(request, served);
    case "/metrics":
      return passed(await plain.metrics(request.headers.get("accept")));
  }
  if (path.startsWith("/api/page/")) return failed(404, "there is nothing here");
  if (path.startsWith("/api/")) return passed(await plain.api(path.slice("/api/".length), query));
  return served.assets.answer(path) ?? answer(404, TEXT_TYPE, "there is nothing here\n");
}

function session(host: string | null, { sessions }: Served): Response {
  const cookie = `${cookieName(host)}=${sessions.open()}; Path=/; HttpOnly; SameSite=Strict`;
  return answer(204, JSON_TYPE, null, { "set-cookie": cookie });
}

function feed(request: Request, { clients }: Served): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return failed(426, "this is a WebSocket", { upgrade: "websocket" });
  }
  if (clients.isFull) return failed(503, "too many pages are open");
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: PING_SECONDS });
  clients.add(socket);
  return response;
}

async function change(request: Request, { page }: Served): Promise<Response> {
  const body = await readBody(request);
  if (body === null) return failed(413, `a change has at most ${MOST_BODY_BYTES} bytes`);
  return json({ said: await page.change(changeOf(body)) });
}

/** Null for a body that is too long; the rest of it is not read. */
async function readBody({ body }: Request): Promise<string | null> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > MOST_BODY_BYTES) return null;
    pieces.push(piece);
  }
  return await new Blob(pieces).text();
}

function passed({ status, contentType, body }: Awaited<ReturnType<PlainSource["metrics"]>>): Response {
  return answer(status, contentType, body);
}

function json(value: unknown): Response {
  return answer(200, JSON_TYPE, `${toJsonLine(value)}\n`);
}

function failed(status: number, error: string, own: Record<string, string> = {}): Response {
  return answer(status, JSON_TYPE, `${toJsonLine({ error })}\n`, own);
}
