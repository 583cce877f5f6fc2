/** A node as a page might get it: node17, a Friday morning. */
import type { Course, CourseSeries, NodeState, PageFinding, Part } from "../../../src/serve/feed.ts";
import { endedRows, GIB, HOSTILE, NOW_MS, pools, queuedRows, wave } from "./sample_jobs.ts";

const MINUTE_MS = 60_000;
const BIN_MS = 5 * MINUTE_MS;

const text = (words: string): Part => ({ text: words });
const strong = (words: string): Part => ({ text: words, strong: true });
const flag = (words: string): Part => ({ flag: words });

export function busyNode(): NodeState {
  return {
    ...quietNode(),
    readouts: {
      ...quietNode().readouts,
      ...{
        memoryAvailableBytes: 215 * GIB,
        cpuCores: 35.6,
        outside: { memoryBytes: 26.6 * GIB, cpuCores: 1.5 },
      },
      pressure: { cpu: 8.4, memory: 0.3, io: 2.1 },
      jobsByState: { running: 6, starting: 1, ending: 1, frozen: 1, idle: 1, unkillable: 1 },
      ...{ queueLength: 4, queueHeadSinceMs: NOW_MS - 51 * MINUTE_MS },
    },
    findings: findings(),
    queue: queuedRows(),
    pools: pools(),
    endedLately: endedRows().filter(({ exitCode }) => exitCode !== 0).slice(0, 5),
  };
}

/** Nothing lives, nothing waits, nothing is wrong. */
export function quietNode(): NodeState {
  return {
    ...{ scope: "node", user: null, host: "node17", bootId: "b00t", nowMs: NOW_MS, zone: "Europe/Berlin" },
    ...{ versions: "corral 0.2.0, Linux 6.12, systemd 257", allowChanges: true },
    lastSweep: { atMs: NOW_MS - 4000, ended: 0, collected: 2 },
    readouts: {
      ...{ memoryTotalBytes: 503 * GIB, memoryAvailableBytes: 476 * GIB, cores: 64, cpuCores: 1.6 },
      outside: { memoryBytes: 26.6 * GIB, cpuCores: 1.5 },
      pressure: { cpu: 0, memory: 0, io: 0.2 },
      ...{ jobsByState: {}, queueLength: 0, queueHeadSinceMs: null },
    },
    ...{ findings: [], queue: [], pools: [], endedLately: [], silentStores: [] },
    room: {
      ...{
        totalBytes: 503 * GIB,
        availableBytes: 215 * GIB,
        promisedBytes: 83 * GIB,
        reserveBytes: 25 * GIB,
      },
      ...{ freeBytes: 107 * GIB, pressureLimitPercent: 20 },
    },
    lastEnded: endedRows()[0]!,
  };
}

function findings(): PageFinding[] {
  const job = (jobId: string, name: string): Part => ({ jobId, name });
  return [
    {
      ...{
        kind: "unkillable",
        severity: "bad",
        jobId: "wv98pv",
        sinceMs: NOW_MS - 41 * MINUTE_MS,
        value: "for 41m",
      },
      text: [
        job("wv98pv", "convert"),
        text(" of carol "),
        strong("cannot be killed"),
        text(": 2 processes wait in "),
        flag("nfs4_wait_bit_killable"),
        text("."),
      ],
      remedy: [
        text("They hold 1.2G. Each sweep tries again. See whether "),
        flag("filer2:/scratch"),
        text(" answers; if it is gone for good, "),
        flag("umount -f /scratch"),
        text(" lets them die."),
      ],
    },
    {
      ...{
        kind: "idle",
        severity: "attention",
        jobId: "h3r6tw",
        sinceMs: NOW_MS - 64 * MINUTE_MS,
        value: "idle 1h04m",
      },
      text: [
        job("h3r6tw", "registration"),
        text(" of carol "),
        strong("looks hung"),
        text(": no CPU, no disk, no new output since 07:08."),
      ],
      remedy: [
        text("It holds 30.4G and 8 CPUs. At 2h corral reports it again and leaves it alone ("),
        flag("--idle-action report"),
        text("). Ask carol, or "),
        { action: "kill", jobId: "h3r6tw", text: "kill it" },
        text("."),
      ],
    },
    {
      ...{ kind: "memory-near-limit", severity: "attention", jobId: "7k2m9q", sinceMs: null, value: "92 %" },
      text: [
        job("7k2m9q", "train-unet"),
        text(" of bob "),
        strong("nears its memory limit"),
        text(": 118 of 128G, and 2G more each hour."),
      ],
      remedy: [text("At this pace the kernel kills it at about 13:00. The node has room: "), {
        action: "set-memory",
        jobId: "7k2m9q",
        text: "raise the limit",
      }, text(".")],
    },
    {
      ...{ kind: "deadline-near", severity: "attention", jobId: "bq7n4d", sinceMs: null, value: "4m left" },
      text: [
        job("bq7n4d", `${HOSTILE.slice(0, 40)}…`),
        text(" of carol "),
        strong("has 4m left"),
        text(" of its 13m."),
      ],
      remedy: [text("It has used 99 % of its one CPU throughout and will not notice. "), {
        action: "set-timeout",
        jobId: "bq7n4d",
        text: "Give it more time",
      }, text(".")],
    },
  ];
}

/** Id, name, user, from and to in minutes before now, memory at both ends, cores. */
type Track = [string | null, string, string | null, number, number, number, number, number];
const TRACKS: Track[] = [
  ["7k2m9q", "train-unet", "bob", 282, 0, 22, 118, 15.8],
  ["k8v3se", "train-unet", "bob", 572, 300, 22, 96, 15.1],
  ["n5w7ha", "cellranger", "dave", 732, 0, 18, 61, 6.2],
  ["d9fzws", "fastsurfer", "alice", 52, 0, 6, 17.2, 6.1],
  ["h3r6tw", "registration", "carol", 422, 0, 12, 30.4, 4],
  ["c6y1vr", "fastsurfer", "alice", 1390, 54, 17, 21, 7.2],
  ["zt5w8c", "jupyter-lab", "bob", 3000, 0, 5, 6.4, 0.3],
  ["l8w3ka", "atlas-build", "carol", 1280, 912, 44, 74, 12],
];

export function sampleCourse(fromMs: number, toMs: number, isEmpty = false): Course {
  const timesMs: number[] = [];
  const start = Math.ceil(Math.max(fromMs, NOW_MS - 8 * 86_400_000) / BIN_MS) * BIN_MS;
  for (let ms = start; ms <= Math.min(toMs, NOW_MS); ms += BIN_MS) timesMs.push(ms);
  const jobs = isEmpty ? [] : TRACKS.map((track, index) => seriesOf(track, timesMs, index));
  const other = seriesOf([null, "other jobs", null, 5000, 0, 26, 28.7, 6], timesMs, 9);
  const outside = seriesOf([null, "outside of jobs", null, 5000, 0, 25, 26.6, 1.5], timesMs, 10);
  const waits = (from: number, to: number, height: number, seed: number) =>
    timesMs.map((ms, index) => {
      const ago = (NOW_MS - ms) / MINUTE_MS;
      return ago < from && ago > to
        ? height * (0.6 + 0.4 * wave(index, seed))
        : Math.abs(wave(index, seed)) * 1.5;
    });
  const quiet = timesMs.map(() => 0);
  return {
    timesMs,
    series: [
      ...jobs.filter(({ memoryBytes }) => memoryBytes.some((value) => value! > 0)),
      ...(isEmpty ? [] : [{ ...other, kind: "other" as const }]),
      {
        ...outside,
        kind: "outside",
      },
    ],
    pressure: isEmpty
      ? { cpu: quiet, memory: quiet, io: quiet }
      : { cpu: waits(570, 60, 20, 1), memory: waits(350, 300, 24, 2), io: waits(380, 240, 30, 3) },
    events: isEmpty ? [] : [
      { atMs: NOW_MS - 300 * MINUTE_MS, kind: "oom", jobId: "k8v3se", name: "train-unet", reason: "oom" },
      {
        atMs: NOW_MS - 512 * MINUTE_MS,
        kind: "ended",
        jobId: "g9r5ca",
        name: "fastsurfer",
        reason: "orphaned",
      },
      { atMs: NOW_MS - 70 * MINUTE_MS, kind: "timeout", jobId: "t3n7qe", name: "convert", reason: "timeout" },
      { atMs: NOW_MS - 54 * MINUTE_MS, kind: "ended", jobId: "c6y1vr", name: "fastsurfer", reason: "exited" },
    ],
    ...{ memoryTotalBytes: 503 * GIB, cores: 64 },
  };
}

function seriesOf(
  [jobId, name, user, from, to, first, last, cpu]: Track,
  timesMs: number[],
  seed: number,
): CourseSeries {
  const at = (ms: number, value: (share: number, index: number) => number, index: number) => {
    const ago = (NOW_MS - ms) / MINUTE_MS;
    return ago > from || ago < to ? 0 : value(Math.pow((from - ago) / Math.max(1, from - to), 0.4), index);
  };
  return {
    ...{ kind: "job", jobId, name, user },
    memoryBytes: timesMs.map((ms, index) =>
      at(ms, (share, i) => (first + (last - first) * share) * GIB * (1 + wave(i, seed) * 0.012), index)
    ),
    cpuCores: timesMs.map((ms, index) => at(ms, (_, i) => cpu * (1 + wave(i, seed) * 0.06), index)),
  };
}
