/** What `corral doctor` finds out about `corral serve`. */
import { lstatSync } from "node:fs";
import type { CheckResult } from "../observe/doctor.ts";
import { type PlaceRequest, servePlace } from "./place.ts";

const OTHERS = 0o077;
const ANSWER_CAP_MS = 2_000;
const ASKED = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** A server at the usual place; that there is none is no problem. Never throws. */
export async function inspectServe(
  asked: Pick<PlaceRequest, "uid" | "env" | "runDir">,
): Promise<CheckResult> {
  const path = usualSocket(asked);
  const info = path === null ? undefined : lstatSync(path, { throwIfNoEntry: false });
  if (path === null || info === undefined) return finding(true, "not running");
  if (!info.isSocket() || info.uid !== asked.uid) {
    return finding(false, `${path} is no socket of yours`, `rm ${path}`);
  }
  if ((info.mode & OTHERS) !== 0) {
    return finding(false, `other users may connect to ${path}`, `chmod 600 ${path}`);
  }
  return await answersHttp(path) ? finding(true, `answers on ${path}`) : finding(
    false,
    `nothing answers on ${path}`,
    "corral serve, or: systemctl restart corral-serve.service",
  );
}

function finding(ok: boolean, detail: string, remedy: string | null = null): CheckResult {
  return { what: "serve", ok, detail, remedy };
}

/** Null for a user without a runtime directory. */
function usualSocket(asked: Pick<PlaceRequest, "uid" | "env" | "runDir">): string | null {
  try {
    const place = servePlace({ ...asked, listen: undefined, socket: undefined });
    return place.kind === "unix" ? place.path : null;
  } catch {
    return null;
  }
}

async function answersHttp(path: string): Promise<boolean> {
  try {
    using connection = await Deno.connect({ transport: "unix", path });
    const cap = setTimeout(() => connection.close(), ANSWER_CAP_MS);
    await connection.write(new TextEncoder().encode(ASKED));
    const bytes = new Uint8Array(ASKED.length);
    const count = await connection.read(bytes).finally(() => clearTimeout(cap));
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0)).startsWith("HTTP/1.1 200");
  } catch {
    return false;
  }
}
