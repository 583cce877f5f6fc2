/** `corral report --from`: takes the reports of many nodes in, and says what is missing. */
import { PathError } from "../base/errors.ts";
import { fromHere } from "../base/path.ts";
import { boundedLines, type Readable } from "../linux/bounded_lines.ts";
import type { ReportEnd } from "../job/report_end.ts";
import type { JobStore } from "../store/jobs.ts";
import { type LeftOut, MergedStore } from "../store/merged_store.ts";
import type { Context } from "./context.ts";

/** Longer than the line of any job: a command line has at most 2 MiB (execve(2)), or a little more in JSON. */
const LINE_BYTES = 4 * 1024 * 1024;
const LINES_BETWEEN = 4_096;
const NAMED = 8;

/** The jobs of all nodes; `isWhole` is false when some are missing, which has been said. */
export interface Merged {
  store: JobStore;
  nodes: Omit<ReportEnd, "rows">[];
  isWhole: boolean;
}

/** `1 node`, `3 nodes`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Reads all of a file, or of standard input for `-`. Throws PathError, StoreError. */
export function mergedReports(context: Context, from: string): Merged {
  const merged = new MergedStore(context.clock.wallMs());
  const { progress } = context;
  reading(context, from, (input) => {
    let lines = 0;
    for (const line of boundedLines(input, LINE_BYTES)) {
      merged.add(line);
      if (++lines % LINES_BETWEEN === 0) progress.tell(() => `${lines} lines taken in`);
    }
  });
  progress.clear();
  const store = merged.finish("report");
  return { store, nodes: nodesOf(merged), isWhole: sayMissing(context, merged) };
}

function reading({ cwd, stdin }: Context, from: string, act: (input: Readable) => void): void {
  if (from === "-") return act(stdin);
  const path = fromHere(cwd, from);
  try {
    using file = Deno.openSync(path);
    act(file);
  } catch (cause) {
    throw cause instanceof PathError ? cause : new PathError("cannot read", { path, cause });
  }
}

function nodesOf({ nodes }: MergedStore): Merged["nodes"] {
  return [...nodes.hosts].map((host) => ({ host, whole: nodes.isWhole(host) }));
}

/** True when nothing is missing. */
function sayMissing({ say }: Context, { nodes, others, damaged }: MergedStore): boolean {
  if (others.count > 0) say(leftOutWords(others, "other line", "skipped"));
  if (damaged.count > 0) say(leftOutWords(damaged, "row", "left out: it makes no sense"));
  const unfinished = [...nodes.unfinished()];
  if (unfinished.length > 0) {
    const named = unfinished.slice(0, NAMED).map(({ host, why }) => `${host} (${why})`).join(", ");
    const more = unfinished.length > NAMED ? ` and ${unfinished.length - NAMED} more` : "";
    say(`${counted(unfinished.length, "node")} without all rows: ${named}${more}`);
  }
  if (nodes.count === 0) say("no node has reported: neither a row nor an end was read");
  return unfinished.length === 0 && damaged.count === 0 && nodes.count > 0;
}

function leftOutWords({ count, first }: LeftOut, what: string, how: string): string {
  return `${counted(count, what)} ${how}, ${count === 1 ? "" : "the first: "}${first}`;
}
