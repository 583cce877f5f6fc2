/**
 * Who may ask the server for what. Pure: a request goes in, and comes out as allowed or with the status of its refusal.
 *
 * The contract with the browser:
 * - The address that `corral serve` prints is `http://HOST/#token=TOKEN`. A fragment is never sent, so neither a log nor a Referer has it.
 * - `/`, `/app.js` and `/app.css` need no token: they hold no data.
 * - The page sends `POST /api/session` with `Authorization: Bearer TOKEN`, gets a HttpOnly, SameSite=Strict cookie, and removes the fragment. The
 *   cookie is named after the port of the address, so that the pages of several nodes, forwarded to one machine, do not log each other out.
 * - Everything else below /api/, and /metrics, needs the cookie or `Authorization: Bearer TOKEN` (401). The WebSocket `/api/feed` needs an Origin
 *   that equals the Host as well (403).
 * - `POST /api/page/do` needs `--allow-changes`, that Origin, `Content-Type: application/json` and `X-Corral: 1` (403, 415).
 * - Every request needs a Host that is a loopback name (421). On TCP its port is the server's own; over the UNIX socket, which `ssh -L` forwards,
 *   it may be any. An Origin that is there is checked on every request, and so is Sec-Fetch-Site.
 * - A refusal below /api/ is `{"error": "..."}` of one line.
 */

/** What a request has that decides about it. Headers are null where there are none; two Host headers are one with a comma. */
export interface Asked {
  method: string;
  /** Without the query, as it was sent. */
  path: string;
  host: string | null;
  origin: string | null;
  authorization: string | null;
  cookie: string | null;
  contentType: string | null;
  /** Of X-Corral. */
  marker: string | null;
  /** Of Sec-Fetch-Site. */
  fetchSite: string | null;
}

/** What the server knows beside it. */
export interface Door {
  /** The port that it listens on; null for a UNIX socket. */
  port: number | null;
  allowChanges: boolean;
  isToken(token: string): boolean;
  isSession(value: string): boolean;
}

/** A refusal, with the line that says why. */
export interface Refusal {
  status: 401 | 403 | 404 | 405 | 415 | 421;
  error: string;
  /** Of a 405. */
  allow?: string;
}

/** What a path is, and how it may be asked for. */
type Kind = "page" | "session" | "read" | "feed" | "change";

const HTTP_PORT = 80;
const PAGE_PATHS: readonly string[] = ["/", "/app.js", "/app.css"];
const METHODS: Readonly<Record<Kind, readonly string[]>> = {
  page: ["GET", "HEAD"],
  session: ["POST"],
  read: ["GET", "HEAD"],
  feed: ["GET"],
  change: ["POST"],
};

/** Null when the request may be answered. The first rule that it breaks decides. */
export function refusalOf(asked: Asked, door: Door): Refusal | null {
  const kind = kindOf(asked.path);
  return refusedHost(asked, door) ?? refusedOrigin(asked, kind) ?? refusedKind(asked, kind) ??
    refusedStranger(asked, kind, door) ?? refusedChange(asked, kind, door);
}

function kindOf(path: string): Kind | null {
  if (PAGE_PATHS.includes(path)) return "page";
  if (path === "/api/session") return "session";
  if (path === "/api/feed") return "feed";
  if (path === "/api/page/do") return "change";
  return path === "/metrics" || path.startsWith("/api/") ? "read" : null;
}

/** Against DNS rebinding: the attacker's name leads to this server, and stays in the Host. */
function refusedHost({ host }: Asked, { port }: Door): Refusal | null {
  const asked = loopbackPort(host);
  if (asked !== null && (port === null || asked === port)) return null;
  return { status: 421, error: `this server answers to localhost${port === null ? "" : `:${port}`} only` };
}

/** The port of a Host that is a loopback name; null for any other. */
export function loopbackPort(host: string | null): number | null {
  const match = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?$/.exec(host?.toLowerCase() ?? "");
  return match === null ? null : Number(match[1] ?? HTTP_PORT);
}

function refusedOrigin({ host, origin, fetchSite }: Asked, kind: Kind | null): Refusal | null {
  const isNeeded = kind === "feed" || kind === "change";
  const isOwn = origin === null ? !isNeeded : origin === `http://${host?.toLowerCase()}`;
  // From a link or a bookmark the page itself may be opened, from another site too: it holds nothing.
  const isElsewhere = kind !== "page" && fetchSite !== null && !["same-origin", "none"].includes(fetchSite);
  if (isOwn && !isElsewhere) return null;
  return { status: 403, error: "a page of another origin may not ask this server" };
}

function refusedKind({ method }: Asked, kind: Kind | null): Refusal | null {
  if (kind === null) return { status: 404, error: "there is nothing here" };
  const allowed = METHODS[kind];
  if (allowed.includes(method)) return null;
  return { status: 405, error: `only ${allowed.join(" and ")} here`, allow: allowed.join(", ") };
}

function refusedStranger(asked: Asked, kind: Kind | null, door: Door): Refusal | null {
  if (kind === "page") return null;
  const [, token = null] = /^Bearer ([\w-]+)$/.exec(asked.authorization ?? "") ?? [];
  if (token !== null && door.isToken(token)) return null;
  const session = kind === "session" ? null : cookieOf(asked.cookie, cookieName(asked.host));
  if (session !== null && door.isSession(session)) return null;
  return { status: 401, error: "open the address that corral serve --url prints" };
}

function refusedChange({ contentType, marker }: Asked, kind: Kind | null, door: Door): Refusal | null {
  if (kind !== "change") return null;
  if (!door.allowChanges) {
    return {
      status: 403,
      error: "this server only shows; it changes jobs with: corral serve --allow-changes",
    };
  }
  if (!/^application\/json(?:;|$)/i.test(contentType ?? "")) {
    return { status: 415, error: "a change is sent as application/json" };
  }
  // A form cannot send a header, and a script of another origin only what this server allows it: nothing.
  return marker === "1" ? null : { status: 403, error: "a change is sent with X-Corral: 1" };
}

/** The cookie of the address in a checked Host. Browsers share the cookies of localhost among all its ports. */
export function cookieName(host: string | null): string {
  return `corral-${/:(\d+)$/.exec(host ?? "")?.[1] ?? HTTP_PORT}`;
}

/** The value of the first cookie of that name; null without one. */
function cookieOf(header: string | null, name: string): string | null {
  const pair = (header ?? "").split(";").map((part) => part.trim()).find((part) =>
    part.startsWith(`${name}=`)
  );
  return pair === undefined ? null : pair.slice(name.length + 1);
}
