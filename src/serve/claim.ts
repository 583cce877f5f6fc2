/** Takes the server's place: its directory, its lock, and the socket that an earlier server may have left. */
import { lstatSync } from "node:fs";
import { CorralError } from "../base/errors.ts";
import { quoted } from "../base/text.ts";
import { ensurePrivateDir } from "../store/private_dir.ts";
import { lockFile } from "../store/sweep_lock.ts";
import type { ServePlace } from "./place.ts";

/** For the socket itself; no other user can pass through its directory. */
const ONLY_OWNER = 0o177;

/** The sockets of a server. */
export interface Claimed extends Disposable {
  listener: Deno.Listener;
  innerPath: string;
  /** The port that it got, for port 0. */
  port: number | null;
}

/** Paths of a place's files. */
export function filesOf({ directory, name }: Pick<ServePlace, "directory" | "name">) {
  const base = `${directory}/${name}`;
  return { token: `${base}.token`, lock: `${base}.lock`, inner: `${base}.inner` };
}

/** Throws CorralError where another server answers, or where what is in the way is not a socket of this user's. */
export async function claim(place: ServePlace, uid: number): Promise<Claimed> {
  using undone = new DisposableStack();
  ensureOwn(place.directory, uid);
  const files = filesOf(place);
  const lock = lockFile(files.lock);
  if (lock === null) throw isServing(place);
  undone.use(lock);
  await clearSocket(files.inner, uid, place);
  undone.defer(() => removeIfThere(files.inner));
  const listener = await listen(place, uid);
  if (place.kind === "unix") undone.defer(() => removeIfThere(place.path));
  undone.defer(() => removeIfThere(files.token));
  const port = listener.addr.transport === "tcp" ? listener.addr.port : null;
  const held = undone.move();
  return { listener, innerPath: files.inner, port, [Symbol.dispose]: () => held.dispose() };
}

function ensureOwn(directory: string, uid: number): void {
  try {
    ensurePrivateDir(directory, uid);
  } catch (cause) {
    throw new CorralError(`${quoted(directory, 400)} is not a directory of yours alone`, {
      cause,
      remedy: "give --socket PATH, with a directory that only you can enter (mode 0700)",
    });
  }
}

async function listen(place: ServePlace, uid: number): Promise<Deno.Listener> {
  try {
    if (place.kind === "tcp") return Deno.listen({ hostname: place.hostname, port: place.port });
    await clearSocket(place.path, uid, place);
    return privately(() => Deno.listen({ transport: "unix", path: place.path }));
  } catch (cause) {
    if (cause instanceof CorralError) throw cause;
    if (cause instanceof Deno.errors.AddrInUse) throw isServing(place);
    throw new CorralError(`cannot listen on ${whereOf(place)}`, {
      cause,
      remedy: "choose another with --listen or --socket",
    });
  }
}

/** Calls `make` with an umask that leaves a socket to its owner: Deno.listen gives it 0755 otherwise. */
export function privately<T>(make: () => T): T {
  const before = Deno.umask(ONLY_OWNER);
  try {
    return make();
  } finally {
    Deno.umask(before);
  }
}

/** Removes the socket of a server that is gone. A link, a file and another user's socket stay, and are refused. */
async function clearSocket(path: string, uid: number, place: ServePlace): Promise<void> {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return;
  if (!info.isSocket() || info.uid !== uid) {
    throw new CorralError(`${quoted(path, 400)} is in the way: it is no socket of yours`, {
      remedy: "move it away, or give --socket PATH",
    });
  }
  if (await answers(path)) throw isServing(place);
  removeIfThere(path);
}

/** True when a process listens there. */
export async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

function isServing(place: ServePlace): CorralError {
  return new CorralError(`another server listens on ${whereOf(place)}`, {
    remedy: "its address: corral serve --url",
  });
}

/** For people. */
export function whereOf(place: ServePlace): string {
  return place.kind === "unix" ? quoted(place.path, 400) : `port ${place.port}`;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Gone already.
  }
}
