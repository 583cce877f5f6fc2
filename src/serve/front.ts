/**
 * The server's outer socket. Deno.serve (2.7.11) waits for ever for the rest of a request's head, speaks HTTP/2 to whichever client begins it,
 * and takes connections until there are no descriptors left. So this accepts them: it counts them, reads the head of a request within
 * bounds, and only then connects them to the inner socket, where Deno.serve answers one request a connection.
 */
import { pause } from "../base/poll.ts";
import {
  EXCHANGE_TIMEOUT_MS,
  HEAD_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MOST_CONNECTIONS,
  MOST_HEAD_BYTES,
} from "./bounds.ts";

const PIECE_BYTES = 16_384;
/** RFC 9112, 3: method, target and version; the target a path only, never another server's address. */
const REQUEST_LINE = /^[A-Z]{1,16} \/[\x21-\x7e]* HTTP\/1\.[01]\r?\n/;
const END_OF_HEAD = /\r?\n\r?\n/;

/** The times that a test shortens. */
export interface FrontTimes {
  headMs: number;
  exchangeMs: number;
  idleMs: number;
}

const TIMES: FrontTimes = {
  headMs: HEAD_TIMEOUT_MS,
  exchangeMs: EXCHANGE_TIMEOUT_MS,
  idleMs: IDLE_TIMEOUT_MS,
};

interface Connection {
  outer: Deno.Conn;
  /** Null until the head of its request is there. */
  inner: Deno.Conn | null;
  idle: ReturnType<typeof setTimeout> | undefined;
  deadline: ReturnType<typeof setTimeout> | undefined;
}

/** Of one server. */
export class Front {
  readonly #connections = new Set<Connection>();

  /** `innerPath` is the socket of Deno.serve. */
  constructor(
    readonly listener: Deno.Listener,
    readonly innerPath: string,
    readonly times: FrontTimes = TIMES,
  ) {}

  /** Resolves when the listener is closed. */
  async run(): Promise<void> {
    for await (const outer of accepted(this.listener)) {
      if (!this.#makeRoom()) close(outer);
      else void this.#serve({ outer, inner: null, idle: undefined, deadline: undefined });
    }
  }

  close(): void {
    close(this.listener);
    for (const connection of [...this.#connections]) this.#end(connection);
  }

  #makeRoom(): boolean {
    if (this.#connections.size < MOST_CONNECTIONS) return true;
    for (const connection of this.#connections) {
      if (connection.inner !== null) continue;
      this.#end(connection);
      return true;
    }
    return false;
  }

  async #serve(connection: Connection): Promise<void> {
    this.#connections.add(connection);
    try {
      const { outer } = connection;
      connection.deadline = setTimeout(() => this.#end(connection), this.times.headMs);
      const head = await readHead(outer);
      if (!this.#connections.has(connection)) return;
      if (typeof head === "string") return await refuse(outer, head);
      connection.inner = await Deno.connect({ transport: "unix", path: this.innerPath });
      clearTimeout(connection.deadline);
      connection.deadline = isUpgrade(head)
        ? undefined
        : setTimeout(() => this.#end(connection), this.times.exchangeMs);
      await writeWhole(connection.inner, head);
      await this.#joined(connection);
    } catch {
      // Either side has gone: the end of the connection.
    } finally {
      this.#end(connection);
    }
  }

  /** Resolves when the server has said all, or the client of a WebSocket has gone: of any other it may have closed its own direction only. */
  async #joined(connection: Connection): Promise<void> {
    const { outer, inner } = connection;
    const moved = () => {
      clearTimeout(connection.idle);
      connection.idle = setTimeout(() => this.#end(connection), this.times.idleMs);
    };
    const isLasting = connection.deadline === undefined;
    const asked = copy(outer, inner!, moved).catch(() => {}).finally(() =>
      isLasting && this.#end(connection)
    );
    await copy(inner!, outer, moved).finally(() => this.#end(connection));
    await asked;
  }

  #end(connection: Connection): void {
    this.#connections.delete(connection);
    clearTimeout(connection.idle);
    clearTimeout(connection.deadline);
    close(connection.outer);
    if (connection.inner !== null) close(connection.inner);
  }
}

/** A moment, in which descriptors may come free. */
const AGAIN_MS = 100;

/** Goes on after a connection that was gone before it was accepted, and after a moment without descriptors (EMFILE). */
async function* accepted(listener: Deno.Listener): AsyncGenerator<Deno.Conn> {
  for (;;) {
    try {
      yield await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
      await pause(AGAIN_MS);
    }
  }
}

/** All bytes up to the end of the head, and what came with it; or the status line of the refusal. */
async function readHead(from: Deno.Conn): Promise<Uint8Array<ArrayBuffer> | string> {
  const bytes = new Uint8Array(MOST_HEAD_BYTES + MOST_HEAD_BYTES);
  let length = 0;
  for (;;) {
    const count = await from.read(bytes.subarray(length));
    if (count === null) throw new Deno.errors.UnexpectedEof("the client has gone");
    const before = Math.max(0, length - 3);
    length += count;
    if (END_OF_HEAD.test(latin1(bytes.subarray(before, length)))) {
      const head = bytes.slice(0, length);
      return REQUEST_LINE.test(latin1(head)) ? head : "400 Bad Request";
    }
    if (length >= MOST_HEAD_BYTES) return "431 Request Header Fields Too Large";
  }
}

function isUpgrade(head: Uint8Array): boolean {
  return /^upgrade:[ \t]*websocket/im.test(latin1(head));
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

async function refuse(to: Deno.Conn, status: string): Promise<void> {
  await writeWhole(
    to,
    new TextEncoder().encode(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`),
  );
}

async function copy(from: Deno.Conn, to: Deno.Conn, moved: () => void): Promise<void> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    moved();
    const count = await from.read(piece);
    if (count === null) return;
    await writeWhole(to, piece.subarray(0, count));
  }
}

async function writeWhole(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await to.write(bytes.subarray(done));
}

function close(closer: { close(): void }): void {
  try {
    closer.close();
  } catch {
    // Closed already.
  }
}
