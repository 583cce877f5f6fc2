/** Where `corral serve` gets what it sends: the one file that says so. */
import { CorralError } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import type { PageFile } from "../serve/assets.ts";
import type { LiveRow, NodeState } from "../serve/feed.ts";
import type { PageSource, PlainSource } from "../serve/source.ts";
import type { Context } from "./context.ts";
import type { SweepNote } from "./serve_loop.ts";

const NO_SHARES = { cpu: null, memory: null, io: null };

/** Of one server. */
export interface ServeSources {
  page: PageSource;
  plain: PlainSource;
  files: readonly PageFile[];
}

/** What the sources are told by the server. */
export interface ServeSourceOptions {
  allowChanges: boolean;
  lastSweep: () => SweepNote | null;
}

/** Throws CorralError where the page is not built. */
export function serveSources(context: Context, options: ServeSourceOptions): Promise<ServeSources> {
  return Promise.resolve(placeholderSources(context, options));
}

/** Live jobs by id and name, and nothing else. */
function placeholderSources(context: Context, options: ServeSourceOptions): ServeSources {
  const html = new TextEncoder().encode("<!doctype html><title>corral</title>\n");
  return {
    page: pageSource(context, options),
    plain: PLAIN,
    files: [{ name: "index.html", contentType: "text/html; charset=utf-8", body: html }],
  };
}

function pageSource(context: Context, options: ServeSourceOptions): PageSource {
  return {
    look: () => {
      // Opened each time: before the first job there is no store, and a look is at an empty one.
      const store = context.openStore("serve");
      try {
        const jobs = store.live(() => {}).map(liveRow);
        return Promise.resolve({ node: nodeState(context, options), jobs, bin: null });
      } finally {
        store.close();
      }
    },
    course: () => refuse(),
    ended: () => refuse(),
    detail: () => Promise.resolve(null),
    effect: () => Promise.resolve(null),
    change: () => refuse(),
  };
}

const PLAIN: PlainSource = {
  api: () => Promise.resolve({ status: 404, contentType: "application/json", body: "{}\n" }),
  metrics: () => Promise.resolve({ status: 200, contentType: "text/plain", body: "" }),
};

function refuse(): Promise<never> {
  return Promise.reject(new CorralError("not served yet"));
}

function nodeState({ uid, userName, clock }: Context, options: ServeSourceOptions): NodeState {
  const { memory, cores } = { memory: Deno.systemMemoryInfo(), cores: navigator.hardwareConcurrency };
  return {
    ...{ scope: uid === 0 ? "node" : "user", user: uid === 0 ? null : userName, host: Deno.hostname() },
    ...{ bootId: clock.bootId(), nowMs: clock.wallMs(), zone: "UTC", versions: "corral" },
    ...{ allowChanges: options.allowChanges, lastSweep: options.lastSweep() },
    readouts: {
      ...{ memoryTotalBytes: memory.total, memoryAvailableBytes: memory.available, cores, cpuCores: null },
      ...{ outside: { memoryBytes: null, cpuCores: null }, pressure: NO_SHARES, jobsByState: {} },
      ...{ queueLength: 0, queueHeadSinceMs: null },
    },
    ...{ findings: [], queue: [], pools: [], room: null, endedLately: [], lastEnded: null, silentStores: [] },
  };
}

function liveRow({ spec: { id, name, ref, user } }: Job): LiveRow {
  return {
    ...{ id, name, ref, user, pool: null, state: "running", stateNote: null, memoryBytes: null },
    ...{
      memoryMaxBytes: null,
      memoryHighBytes: null,
      memoryPeakBytes: null,
      cpuCores: null,
      cpuMaxCores: null,
    },
    ...{ readBytesPerSec: null, writtenBytesPerSec: null, processes: null, pidsMax: null, startedMs: null },
    ...{ deadlineMs: null, spark: [], asOfMs: null },
  };
}
