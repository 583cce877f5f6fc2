/** Where the server listens, as it was asked for: a UNIX socket of the user's alone, or a port of the loopback interface. */
import { dirname } from "node:path";
import { CorralError, UsageError } from "../base/errors.ts";
import { quoted } from "../base/text.ts";

/** Loopback, or a socket in a directory of the user's alone. */
export type ServePlace = {
  /** Token, lock and inner socket are in it; 0700. */
  directory: string;
  /** Of the files in it. */
  name: string;
} & ({ kind: "unix"; path: string } | { kind: "tcp"; hostname: string; port: number });

/** What was asked for, and of whom. */
export interface PlaceRequest {
  listen: string | undefined;
  socket: string | undefined;
  uid: number;
  env: Readonly<Record<string, string>>;
  /** /run; elsewhere on a fake node. */
  runDir: string;
}

const SOCKET = "serve.sock";
/** sun_path of unix(7), with its end. */
const MOST_PATH_BYTES = 107;
const LOOPBACK = /^(127\.0\.0\.1|\[::1\]|localhost):(\d{1,5})$/;
const MOST_PORT = 65_535;

/** `host:port` of --listen and --metrics-listen. Throws UsageError for one that other machines could reach. */
export function parseLoopback(option: string, text: string): { hostname: string; port: number } {
  const [, host = "", digits = ""] = LOOPBACK.exec(text) ?? [];
  const port = Number(digits);
  if (host === "" || port > MOST_PORT) {
    throw new UsageError(
      `${option}: ${quoted(text)} is no port of this machine alone; accepted: 127.0.0.1:PORT, [::1]:PORT`,
      {
        remedy: "from another machine: ssh -L 8000:/run/corral/serve.sock HOST",
      },
    );
  }
  return { hostname: host === "[::1]" ? "::1" : "127.0.0.1", port };
}

/** Throws UsageError, CorralError. */
export function servePlace({ listen, socket, uid, env, runDir }: PlaceRequest): ServePlace {
  if (listen !== undefined && socket !== undefined) {
    throw new UsageError("--listen and --socket: give one of them");
  }
  if (socket !== undefined) return socketPlace(socket);
  const directory = runtimeDirectory(uid, env, runDir);
  if (listen === undefined) return socketPlace(`${directory}/${SOCKET}`);
  const address = parseLoopback("--listen", listen);
  return { directory, name: `serve-${address.port}`, kind: "tcp", ...address };
}

function socketPlace(path: string): ServePlace {
  if (!path.startsWith("/")) throw new UsageError(`--socket: ${quoted(path)} does not begin with /`);
  if (new TextEncoder().encode(path).length > MOST_PATH_BYTES) {
    throw new UsageError(`--socket: ${quoted(path, 400)} has more than ${MOST_PATH_BYTES} bytes`);
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "") throw new UsageError(`--socket: ${quoted(path)} names a directory`);
  return { directory: dirname(path), name, kind: "unix", path };
}

function runtimeDirectory(uid: number, env: Readonly<Record<string, string>>, runDir: string): string {
  if (uid === 0) return `${runDir}/corral`;
  const named = env["XDG_RUNTIME_DIR"];
  if (named?.startsWith("/")) return `${named}/corral`;
  throw new CorralError("no place for a socket: XDG_RUNTIME_DIR is not set", {
    remedy: "give --socket PATH, in a directory of yours alone",
  });
}

/** The line for a browser: its fragment, the token, is never sent. Over `ssh -L` the port is the one of that machine. */
export function addressOf(place: ServePlace, token: string): string {
  const host = place.kind === "unix" ? "localhost:8000" : hostOf(place);
  return `http://${host}/#token=${token}`;
}

function hostOf({ hostname, port }: { hostname: string; port: number }): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** What leads there. */
export function linesOf(place: ServePlace, token: string, host: string): string[] {
  if (place.kind === "tcp") return [addressOf(place, token)];
  return [`ssh -L 8000:${place.path} ${host}`, `then open ${addressOf(place, token)}`];
}
