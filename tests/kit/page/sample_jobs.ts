/** Jobs as a page might get them: one of every state, a hostile name, none of the limits. */
import type { EndedRow, LiveRow, Part, PoolRow, QueuedRow } from "../../../src/serve/feed.ts";

export const GIB = 1024 ** 3;
const MINUTE_MS = 60_000;
/** Fri 27 Nov 2026, 08:12:40 in Berlin. */
export const NOW_MS = Date.UTC(2026, 10, 27, 7, 12, 40);
export const HOSTILE =
  '"><img src=x onerror=alert(1)> \u202egpj.exe\u202c </script><b>bold</b> with a name that nobody shortened before typing it in, sample 0042';

const LIVE: Partial<LiveRow>[] = [
  { id: "7k2m9q", name: "train-unet", ref: "slurm-48211", user: "bob", cpuCores: 15.8, cpuMaxCores: 16 },
  { id: "n5w7ha", name: "cellranger", ref: "run-2208", user: "dave", cpuCores: 6.2, cpuMaxCores: 12 },
  { id: "h3r6tw", name: "registration", ref: "task-90", user: "carol", cpuCores: 0, cpuMaxCores: 8 },
  { id: "wv98pv", name: "convert", ref: "task-91", user: "carol", cpuCores: 0, cpuMaxCores: 2 },
  { id: "d9fzws", name: "fastsurfer", ref: "task-82", user: "alice", cpuCores: 6.1, cpuMaxCores: 8 },
  { id: "p4x8bn", name: "fastsurfer", ref: "task-83", user: "alice", cpuCores: 4.9, cpuMaxCores: 8 },
  { id: "m2c5yk", name: "nightly-backup", ref: null, user: "root", cpuCores: 0, cpuMaxCores: 4 },
  { id: "zt5w8c", name: "jupyter-lab", ref: null, user: "bob", cpuCores: 0.03, cpuMaxCores: null },
  { id: "bq7n4d", name: HOSTILE, ref: "sample-0042", user: "carol", cpuCores: 0.99, cpuMaxCores: 1 },
  { id: "gxp6dy", name: "convert", ref: "task-96", user: "carol", cpuCores: 0.12, cpuMaxCores: 2 },
  { id: "r1t9ue", name: "segment", ref: "task-97", user: "alice", cpuCores: null, cpuMaxCores: 4 },
];

/** Use, limit, processes, minutes since the start, minutes that are left. */
const FIGURES: [number | null, number | null, number | null, number, number | null][] = [
  [118, 128, 37, 282, 884],
  [61, 96, 29, 732, 708],
  [30.4, 32, 9, 422, 58],
  [1.2, 4, 2, 134, null],
  [17.2, 24, 14, 52, 308],
  [14.9, 24, 14, 46, 314],
  [11.3, 16, 5, 372, 108],
  [6.4, null, 6, 3133, null],
  [0.4, 2, 3, 9, 4],
  [0.9, 4, 4, 60, -0.01],
  [null, 8, null, 0, 120],
];

const STATES: LiveRow["state"][] = [
  ...["running", "running", "idle", "unkillable", "running", "running", "frozen", "running"] as const,
  ...["running", "ending", "starting"] as const,
];

export function liveRows(): LiveRow[] {
  return LIVE.map((some, index) => {
    const [memory, limit, processes, age, left] = FIGURES[index]!;
    const state = STATES[index]!;
    return {
      ...blankRow(),
      ...some,
      pool: ["d9fzws", "p4x8bn"].includes(some.id!) ? "fastsurfer" : some.id === "r1t9ue" ? "segment" : null,
      state,
      stateNote: state === "idle"
        ? { text: "1h04m", untilMs: null }
        : state === "ending"
        ? { text: "KILL in 1s", untilMs: NOW_MS + 1000 }
        : null,
      memoryBytes: memory === null ? null : memory * GIB,
      memoryMaxBytes: limit === null ? null : limit * GIB,
      memoryHighBytes: some.id === "d9fzws" ? 20.4 * GIB : null,
      memoryPeakBytes: memory === null ? null : memory * 1.03 * GIB,
      readBytesPerSec: index * 9e6 % 4e7,
      processes,
      startedMs: NOW_MS - age * MINUTE_MS,
      deadlineMs: left === null ? null : NOW_MS + left * MINUTE_MS,
      spark: Array.from(
        { length: 12 },
        (_, at) => (memory ?? 0.01) * GIB * (0.8 + 0.2 * at / 11 + wave(at, index) * 0.04),
      ),
    };
  });
}

/** Of very many. */
export function manyRows(count: number): LiveRow[] {
  return Array.from({ length: count }, (_, index) => ({
    ...blankRow(),
    id: `m${index.toString(36).padStart(5, "0")}`,
    name: `array-${index % 40}`,
    ref: `task-${index}`,
    user: ["alice", "bob", "carol", "dave"][index % 4]!,
    memoryBytes: (1 + (index * 7919) % 1000) / 1000 * 2 * GIB,
    memoryMaxBytes: 2.2 * GIB,
    cpuCores: (index * 31 % 100) / 100,
    cpuMaxCores: 1,
    processes: 1 + index % 5,
    startedMs: NOW_MS - (index % 500) * MINUTE_MS,
    deadlineMs: NOW_MS + (10 + index % 700) * MINUTE_MS,
    spark: Array.from({ length: 12 }, (_, at) => GIB * (1 + wave(at, index))),
  }));
}

export function blankRow(): LiveRow {
  return {
    ...{ id: "abc234", name: "job", ref: null, user: "alice", pool: null, state: "running", stateNote: null },
    ...{ memoryBytes: null, memoryMaxBytes: null, memoryHighBytes: null, memoryPeakBytes: null },
    ...{ cpuCores: null, cpuMaxCores: null, readBytesPerSec: 0, writtenBytesPerSec: 0 },
    ...{ processes: 1, pidsMax: 512, startedMs: NOW_MS, deadlineMs: null, spark: [], asOfMs: null },
  };
}

export function wave(at: number, seed: number): number {
  return Math.sin(at * 1.7 + seed * 3.1) * 0.6 + Math.sin(at * 0.61 + seed) * 0.4;
}

const text = (words: string): Part => ({ text: words });
const strong = (words: string): Part => ({ text: words, strong: true });
const flag = (words: string): Part => ({ flag: words });

export function queuedRows(): QueuedRow[] {
  const row = (
    [id, name, ref, user, pool]: [string, string, string | null, string, string],
    [priority, position, memory, cpus, minutes]: [number, number, number, number, number],
    rest: Pick<QueuedRow, "waitsFor" | "text" | "startsBy">,
  ): QueuedRow => ({
    ...{ id, name, ref, user, pool, priority, position, ...rest },
    needs: { memoryBytes: memory * GIB, cpus },
    queuedMs: NOW_MS - minutes * MINUTE_MS,
  });
  return [
    row(["a7d2mc", "fastsurfer", "task-84", "alice", "fastsurfer"], [0, 1, 24, 8, 51], {
      waitsFor: "pool-memory",
      text: [
        text("Waits for "),
        strong("memory of the pool"),
        text(": it needs 24G, 16G of 64G is not reserved."),
      ],
      startsBy: { afterId: "d9fzws", atMs: NOW_MS + 308 * MINUTE_MS },
    }),
    row(["e2j8kx", "fastsurfer", "task-85", "carol", "fastsurfer"], [0, 2, 24, 8, 25], {
      waitsFor: "behind",
      text: [
        text("Waits "),
        strong("behind a7d2mc"),
        text(": the pool is kept free for the head, which has waited for more than 10 minutes."),
      ],
      startsBy: { afterId: "a7d2mc", atMs: null },
    }),
    row(["u5c3ry", "atlas-big", null, "dave", "segment"], [5, 1, 220, 16, 14], {
      waitsFor: "node-memory",
      text: [
        text("Waits for "),
        strong("memory of the node"),
        text(": it needs 220G, the node has room for 107G."),
      ],
      startsBy: { afterId: "7k2m9q", atMs: NOW_MS + 884 * MINUTE_MS },
    }),
    row(["y9s4fn", "segment", "task-98", "bob", "segment"], [0, 2, 8, 4, 1.6], {
      waitsFor: "behind",
      text: [
        text("Waits "),
        strong("behind u5c3ry"),
        text(": it would fit, but has no time limit and could keep the head waiting. With "),
        flag("--timeout 12h"),
        text(" it would have started."),
      ],
      startsBy: { afterId: "u5c3ry", atMs: null },
    }),
  ];
}

export function pools(): PoolRow[] {
  const pool = (
    name: string,
    [jobs, jobsMax, queued]: [number, number, number],
    [memory, cpu]: [[number, number, number], [number, number, number]],
  ): PoolRow => ({
    ...{ name, jobs, jobsMax, queued, isDrained: name === "gpu" },
    memory: { usedBytes: memory[0] * GIB, reservedBytes: memory[1] * GIB, limitBytes: memory[2] * GIB },
    cpu: { usedCores: cpu[0], reservedCores: cpu[1], limitCores: cpu[2] },
  });
  return [
    pool("fastsurfer", [2, 3, 2], [[32.1, 48, 64], [11, 16, 24]]),
    pool("segment", [1, 4, 2], [[0, 8, 256], [0, 4, 32]]),
    pool("gpu", [0, 0, 0], [[0, 0, 128], [0, 0, 16]]),
  ];
}

/** Id, name, ref, user, reason, exit code, minutes ago, wall seconds, CPU hours, peak, limit, sentence with `code`. */
type Ended = [
  ...[string, string, string | null, string, string, number | null, number, number | null],
  ...[number | null, number | null, number | null, string],
];
const ENDED: Ended[] = [
  ["c6y1vr", "fastsurfer", "task-78", "alice", "exited", 0, 54, 7020, 13.8, 20.6, 24, ""],
  [
    "t3n7qe",
    "convert",
    "task-95",
    "carol",
    "timeout",
    124,
    70,
    3602,
    1.1,
    0.8,
    4,
    "It used its whole hour and was at work to the end: 1.1 cores. Try `--timeout 2h`.",
  ],
  [
    "b8m2xz",
    "fastsurfer",
    "task-79",
    "carol",
    "unhealthy",
    125,
    92,
    9120,
    4,
    18.2,
    24,
    "Its heartbeat did not change for 10m, three looks in a row.",
  ],
  [
    "s6p4hd",
    "segment",
    "task-92",
    "alice",
    "exited",
    3,
    141,
    412,
    0.4,
    3.1,
    8,
    "Its command exited with 3, its own word. The output's last line: “no space left on /scratch/tmp”.",
  ],
  ["v2k9wt", "nightly", null, "root", "exited", 0, 221, 1860, 0.9, 2.2, 4, ""],
  [
    "k8v3se",
    "train-unet",
    "slurm-48190",
    "bob",
    "oom",
    137,
    300,
    16364,
    67.4,
    96,
    96,
    "It reached its own memory limit of 96G. Six jobs of this name that ended well had up to 98G: try `--memory 118G`.",
  ],
  [
    "x7f1gu",
    "fastsurfer",
    "task-77",
    "alice",
    "finished-by-owner",
    143,
    317,
    4210,
    6.6,
    17.7,
    24,
    "Its owner called task-77 cancelled while 14 processes lived.",
  ],
  [
    "j5q8nb",
    "registration",
    "task-89",
    "carol",
    "cpu-time",
    124,
    423,
    3900,
    8,
    28.9,
    32,
    "It used its 8h of CPU time, 7.4 cores at once. Try `--cpu-time 12h`, or fewer threads.",
  ],
  [
    "w1d6sk",
    "adopted-matlab",
    null,
    "dave",
    "lost",
    null,
    466,
    null,
    null,
    null,
    null,
    "Its cgroup was gone without a trace at 00:26. corral did not end it; a user with root may have removed it by hand.",
  ],
  [
    "f4z3my",
    "convert",
    "task-88",
    "carol",
    "failed-to-start",
    127,
    504,
    0,
    0,
    0,
    4,
    "Its command was not found: apptainer-exec.",
  ],
  [
    "g9r5ca",
    "fastsurfer",
    "task-74",
    "alice",
    "orphaned",
    143,
    512,
    20400,
    38.1,
    21.2,
    24,
    "Its supervisor was gone (Celery worker 4711 was killed); a sweep ended 14 processes 41s later.",
  ],
  [
    "h7x2pw",
    "train-unet",
    "slurm-48188",
    "bob",
    "killed",
    143,
    574,
    640,
    2.6,
    14.1,
    96,
    "bob asked: `corral kill`, from pts/3.",
  ],
  ["l3v8tj", "segment", "task-91", "alice", "exited", 0, 602, 388, 0.4, 3, 8, ""],
  ["q4w8zn", HOSTILE, "sample-0041", "carol", "exited", 0, 609, 391, 0.4, 3.1, 8, ""],
];

export function endedRows(): EndedRow[] {
  return ENDED.map(([id, name, ref, user, reason, exitCode, ago, wall, hours, peak, limit, words]) => ({
    ...{ id, name, ref, user, reason, exitCode },
    endedMs: NOW_MS - ago * MINUTE_MS,
    startedMs: wall === null ? null : NOW_MS - ago * MINUTE_MS - wall * 1000,
    wallMs: wall === null ? null : wall * 1000,
    cpuUsageUsec: hours === null ? null : hours * 3.6e9,
    memoryPeakBytes: peak === null ? null : peak * GIB,
    memoryMaxBytes: limit === null ? null : limit * GIB,
    text: words.split("`").map((piece, index) => index % 2 === 1 ? flag(piece) : text(piece)).filter((part) =>
      "flag" in part || ("text" in part && part.text !== "")
    ),
  }));
}
