/** One look at the signs of life of a job: its cgroup, its processes, and its files. */
import { readEvents } from "../cgroup/events.ts";
import type { OwnedCgroup } from "../cgroup/file.ts";
import { readIoOperations, readStalls } from "../cgroup/stalls.ts";
import { type Readable, readCpuUsageUsec } from "../cgroup/usage.ts";
import type { Look } from "../health/judge.ts";
import type { HealthSpec, Stuck } from "../job/health.ts";
import type { RunningFacts } from "../job/job.ts";
import type { Procs } from "../linux/proc.ts";
import type { Clock } from "../linux/clock.ts";
import type { FileMarks } from "./file_marks.ts";

/** A job as it is looked at. */
export interface LookedAt {
  cgroup: OwnedCgroup;
  run: Pick<RunningFacts, "outputFile">;
  files: FileMarks;
}

/** What is needed to look. */
export interface LookSource {
  clock: Pick<Clock, "bootMs">;
  procs: Procs;
}

/** Of more processes only so many are looked at one by one. */
const MOST_PROCESSES = 1_000;

/** Looks now. Throws CgroupError, ParseError. */
export async function lookAtSigns(
  { clock, procs }: LookSource,
  { cgroup, run, files }: LookedAt,
  spec: HealthSpec,
): Promise<Look> {
  const output = spec.idle === undefined ? undefined : run.outputFile;
  const heartbeat = spec.heartbeat?.file;
  const paths = [output, heartbeat].filter((path) => path !== undefined);
  const marks = paths.length === 0 ? [] : await files.of(spec.user, paths);
  const pids = cgroup.pids();
  const file = filesOf(cgroup);
  const { cpuWaitUsec, stalledUsec } = readStalls(file);
  return {
    bootMs: clock.bootMs(),
    frozen: readEvents(cgroup).frozen,
    stuck: stuckAmong(pids, procs),
    signs: {
      cpuUsageUsec: readCpuUsageUsec(file),
      ioOperations: readIoOperations(file),
      output: output === undefined ? writtenBy(pids, procs) : marks[0] ?? null,
      cpuWaitUsec,
      stalledUsec,
      beat: heartbeat === undefined ? null : marks.at(-1) ?? null,
    },
  };
}

function filesOf(cgroup: OwnedCgroup): Readable {
  return { read: (file) => cgroup.read(file), locate: (file) => cgroup.fs.locate(cgroup.path, file) };
}

function stuckAmong(pids: readonly number[], procs: Procs): Stuck | null {
  const pid = pids.slice(0, MOST_PROCESSES).find((one) => procs.statIfShown(one)?.state === "D");
  if (pid === undefined) return null;
  const wchan = procs.readIfAllowed(pid, "wchan")?.trim() ?? "";
  return { pid, wchan: wchan === "" || wchan === "0" ? null : wchan };
}

/**
 * Where the output is the caller's own: what each process has written so far, to whatever it was (proc_pid_io(5)). A process that begins
 * or ends is another sign of life.
 */
function writtenBy(pids: readonly number[], procs: Procs): string | null {
  if (pids.length > MOST_PROCESSES) return null;
  return pids.map((pid) =>
    `${pid}:${/^wchar: (\d+)$/m.exec(procs.readIfAllowed(pid, "io") ?? "")?.[1] ?? ""}`
  )
    .join(" ");
}
