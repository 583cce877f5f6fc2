/** Secrets of one server: the token of its address, made at each start, and the sessions of the browsers that showed it. */
import { timingSafeEqual } from "node:crypto";
import { lstatSync } from "node:fs";
import { CorralError } from "../base/errors.ts";
import { MOST_SESSIONS } from "./bounds.ts";

const SECRET_BYTES = 32;
/** A browser that has been away for longer opens the printed address again. */
const SESSION_MS = 7 * 24 * 3_600_000;
const PRIVATE = 0o600;
const OTHERS = 0o077;

type RandomBytes = (count: number) => Uint8Array;

/** 256 bits as 43 characters of base64url. */
export function newSecret(randomBytes: RandomBytes): string {
  return randomBytes(SECRET_BYTES).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Takes as long for a wrong secret as for the right one. */
export function isSame(given: string, secret: string): boolean {
  const [one, other] = [new TextEncoder().encode(given), new TextEncoder().encode(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Sessions in memory: they end with the server. A session is a secret of its own, so that a stolen cookie is not the token. */
export class Sessions {
  /** Secret to the moment of its last use, the longest unused first. */
  readonly #usedMs = new Map<string, number>();

  constructor(readonly randomBytes: RandomBytes, readonly nowMs: () => number) {}

  open(): string {
    const [oldest] = this.#usedMs.keys();
    if (this.#usedMs.size >= MOST_SESSIONS && oldest !== undefined) this.#usedMs.delete(oldest);
    const secret = newSecret(this.randomBytes);
    this.#usedMs.set(secret, this.nowMs());
    return secret;
  }

  /** True for a session that is known and not too old; it counts as used. */
  has(secret: string): boolean {
    const usedMs = this.#usedMs.get(secret);
    if (usedMs === undefined) return false;
    this.#usedMs.delete(secret);
    const nowMs = this.nowMs();
    if (nowMs - usedMs > SESSION_MS) return false;
    this.#usedMs.set(secret, nowMs);
    return true;
  }
}

/** Writes the token where only this user reads it, in place of one that an earlier server left. The directory is private (ensurePrivateDir). */
export function writeToken(path: string, token: string): void {
  const fresh = `${path}.${Deno.pid}`;
  Deno.writeTextFileSync(fresh, `${token}\n`, { createNew: true, mode: PRIVATE });
  Deno.renameSync(fresh, path);
}

/** The token of the server that runs; null without one. Throws CorralError for a file that others can read or have made. */
export function readToken(path: string, uid: number): string | null {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return null;
  if (!info.isFile() || info.uid !== uid || (info.mode & OTHERS) !== 0) {
    throw new CorralError(`${path} is not a file of yours alone`, {
      remedy: `rm ${path}, and start corral serve anew`,
    });
  }
  return Deno.readTextFileSync(path).trim();
}
