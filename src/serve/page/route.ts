/** What is in the address after `#`: the view, the job, and what was searched for. */
export type Route =
  | { readonly view: "node" }
  | { readonly view: "queue" }
  | { readonly view: "history"; readonly search: string }
  | { readonly view: "job"; readonly jobId: string };

/** Anything unknown is the node. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, id] = path.split("/");
  if (view === "queue") return { view };
  if (view === "history") return { view, search: new URLSearchParams(query).get("search") ?? "" };
  if (view === "job" && id) return { view, jobId: decoded(id) };
  return { view: "node" };
}

/** The token of a fresh address, `#token=…`; null where there is none. */
export function tokenOf(hash: string): string | null {
  return /^#token=([^&]+)/.exec(hash)?.[1] ?? null;
}

/** The history with a search in it. */
export function historyHref(search: string): string {
  return `#/history?search=${encodeURIComponent(search)}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
