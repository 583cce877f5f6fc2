/** Waiting on cgroup.events: `populated` and `frozen` (cgroup-v2.rst, "Core Interface Files"). */
import type { CgroupFs, OwnedCgroup } from "./file.ts";
import { Notices } from "../linux/notices.ts";
import { parseFlatKeyed } from "./parse.ts";

/** The two keys of cgroup.events. */
export interface CgroupEvents {
  populated: boolean;
  frozen: boolean;
}

/**
 * Looks at widening intervals. A wait of an ending takes milliseconds, at most a grace, and must not depend on inotify: the runtime has a
 * thread for each watch, and aborts the process where it gets none (ulimit -u, TasksMax), with the job frozen.
 */
const FIRST_LOOK_MS = 0.5;
const LAST_LOOK_MS = 20;
const LOOK_GROWTH = 1.25;

/** Reads cgroup.events; a cgroup that is gone is not populated. Throws CgroupError. */
export function readEvents(cgroup: OwnedCgroup): CgroupEvents {
  return parseEvents(cgroup.read("cgroup.events"), cgroup.path);
}

/** The same without the right to the cgroup. */
export function readEventsAt(fs: CgroupFs, path: string): CgroupEvents {
  return parseEvents(fs.readOptional(path, "cgroup.events"), path);
}

function parseEvents(text: string | null, path: string): CgroupEvents {
  if (text === null) return { populated: false, frozen: false };
  const values = parseFlatKeyed(text, path);
  return { populated: values.get("populated") === 1, frozen: values.get("frozen") === 1 };
}

/** How long to wait. */
export interface EventsWait {
  capMs: number;
  stop?: AbortSignal | undefined;
  /** Interval of the safety re-read while inotify works, and of the polling where no watch can be had. Raise it for waits of days. */
  recheckMs?: number;
}

/**
 * Waits until `reached` holds of the cgroup's events, at most `capMs`, or until `stop` aborts.
 * True when it held. Undoes nothing: the caller does (a freeze that timed out must be thawed).
 */
export async function waitForEvents(
  cgroup: OwnedCgroup,
  reached: (events: CgroupEvents) => boolean,
  { capMs, stop, recheckMs }: EventsWait,
): Promise<boolean> {
  const holds = () => reached(readEvents(cgroup));
  if (holds()) return true;
  const until = performance.now() + capMs;
  using notices = new Notices();
  if (recheckMs !== undefined) notices.add(cgroup.fs.locate(cgroup.path, "cgroup.events"));
  for (let lookMs = FIRST_LOOK_MS;; lookMs = Math.min(lookMs * LOOK_GROWTH, LAST_LOOK_MS)) {
    if (holds()) return true;
    const leftMs = until - performance.now();
    if (leftMs <= 0 || stop?.aborted) return false;
    await notices.next(Math.min(leftMs, notices.come ? recheckMs ?? lookMs : lookMs), stop);
  }
}
