/// <reference lib="dom" />
/** What the page asks for beside the feed. */
import type { Change, Course, Effect, EndedPage, Verb } from "../feed.ts";

/** Whether the server lets this browser in; `silent`: it gave no answer. */
export type Welcome = "welcome" | "refused" | "silent";

/** The token goes into a cookie that no script can read. */
export async function openSession(token: string): Promise<Welcome> {
  return await welcome("/api/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
}

/** Whether the cookie of before still opens the door. */
export async function isWelcome(): Promise<Welcome> {
  const now = Date.now();
  return await welcome(`/api/page/course?from=${now - 1000}&to=${now}`, {});
}

async function welcome(path: string, init: RequestInit): Promise<Welcome> {
  try {
    const { status } = await fetch(path, init);
    return status === 401 || status === 403 ? "refused" : status < 500 ? "welcome" : "silent";
  } catch {
    return "silent";
  }
}

/** Rejects with the server's own words. */
export function course(fromMs: number, toMs: number): Promise<Course> {
  return get("course", { from: Math.round(fromMs), to: Math.round(toMs) });
}

/** Null: not asked. */
export interface EndedRequest {
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly search: string;
  readonly reason: string | null;
  readonly cursor: string | null;
}

/** One page of the ended jobs. */
export function ended({ sinceMs, untilMs, search, reason, cursor }: EndedRequest): Promise<EndedPage> {
  return get("ended", { since: sinceMs, until: untilMs, search: search || null, reason, cursor });
}

/** What a change would do now. */
export function effect(job: string, verb: Verb): Promise<Effect> {
  return get("effect", { job, verb });
}

/** Resolves to what was done; rejects with the line that says why not. */
export async function change(wanted: Change): Promise<string> {
  const headers = { "Content-Type": "application/json", "X-Corral": "1" };
  const answer = await fetch("/api/page/do", { method: "POST", headers, body: JSON.stringify(wanted) });
  const { said, error } = await answer.json().catch(() => ({})) as { said?: string; error?: string };
  if (answer.ok) return said ?? "Done.";
  throw new Error(error ?? `the server answered ${answer.status}`);
}

async function get<T>(path: string, query: Record<string, string | number | null>): Promise<T> {
  const asked = Object.entries(query).filter(([, value]) => value !== null).map((
    [key, value],
  ) => [key, String(value)]);
  const answer = await fetch(`/api/page/${path}?${new URLSearchParams(asked)}`);
  if (answer.ok) return await answer.json();
  const { error } = await answer.json().catch(() => ({})) as { error?: string };
  throw new Error(error ?? `the server answered ${answer.status}`);
}
