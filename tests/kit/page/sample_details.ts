/** One job each as its page might get it: at work, hung, dead of memory, without limits, with a hostile name, waiting. */
import type { EndedRow, JobDetail, JobSample, LiveRow, Part } from "../../../src/serve/feed.ts";
import { endedRows, GIB, HOSTILE, liveRows, NOW_MS, queuedRows, wave } from "./sample_jobs.ts";

const MINUTE_MS = 60_000;
const text = (words: string): Part => ({ text: words });
const strong = (words: string): Part => ({ text: words, strong: true });
const flag = (words: string): Part => ({ flag: words });

export function sampleDetail(id: string, rows: readonly LiveRow[] = liveRows()): JobDetail | null {
  const live = rows.find((row) => row.id === id) ?? null;
  const ended = endedRows().find((row) => row.id === id) ?? null;
  const queued = queuedRows().find((row) => row.id === id) ?? null;
  if (live !== null) return ofLive(live);
  if (ended !== null) return ofEnded(ended);
  if (queued === null) return null;
  return {
    ...blank(id),
    queued,
    sentence: { severity: "ok", text: queued.text, more: [], command: null },
    limits: [
      {
        key: "memory",
        label: "Memory",
        unit: "bytes",
        used: null,
        peak: null,
        limit: queued.needs.memoryBytes,
      },
      { key: "cpus", label: "CPU", unit: "cores", used: null, peak: null, limit: queued.needs.cpus },
    ],
    events: [{ atMs: queued.queuedMs, text: `queued by ${queued.user}: 24G and 8 CPUs wanted` }],
    facts: facts(id, queued.user),
  };
}

function blank(id: string): JobDetail {
  return {
    ...{ id, live: null, ended: null, queued: null },
    sentence: { severity: "ok", text: [], more: [], command: null },
    ...{
      limits: [],
      signs: [],
      samples: [],
      limitChanges: [],
      tree: [],
      treeCut: 0,
      events: [],
      facts: [],
      output: null,
    },
  };
}

function ofLive(live: LiveRow): JobDetail {
  const isIdle = live.state === "idle";
  const startedMs = live.startedMs!;
  return {
    ...blank(live.id),
    live,
    sentence: sentenceOf(live),
    limits: limitsOf(live, NOW_MS - startedMs),
    signs: isIdle ? HUNG : WELL,
    samples: live.memoryBytes === null ? [] : samples(live, startedMs, NOW_MS),
    limitChanges: live.id === "d9fzws"
      ? [{ atMs: NOW_MS - 21 * MINUTE_MS, key: "timeout", value: 360 * MINUTE_MS }]
      : [],
    tree: live.id === "d9fzws" ? TREE : [
      process(20117, 0, "S", 0, 0.02, isIdle ? "bash register.sh task-90" : live.name),
      ...(isIdle
        ? [{ ...process(20140, 1, "S", 0, 30.1, "antsRegistration -d 3 --float 1"), wchan: "futex_wait" }]
        : []),
    ],
    treeCut: live.id === "7k2m9q" ? 34 : 0,
    events: [
      { atMs: startedMs - 1000, text: `starting: by ${live.user}` },
      { atMs: startedMs, text: "running: pid 4711, systemd backend" },
      ...(isIdle ? [{ atMs: NOW_MS - 4 * MINUTE_MS, text: "no sign of life for half of 2h" }] : []),
      ...(live.id === "d9fzws"
        ? [{ atMs: NOW_MS - 21 * MINUTE_MS, text: "set --timeout +1h by alice" }]
        : []),
    ],
    facts: facts(live.id, live.user),
    output: {
      path: `/var/lib/corral/users/1001/output/${live.id}.log`,
      tail: live.name === HOSTILE
        ? `<script>alert(2)</script>\n\u001b[31mred\u001b[0m\t${HOSTILE}\n`
        : "[08:11:58] smoothing lh.smoothwm, 5 iterations\n[08:12:07] inflating: step 010, RMS=0.104 (target=0.015)\n[08:12:21] inflating: step 020, RMS=0.074 (target=0.015)\n[08:12:38] inflating: step 030, RMS=0.061 (target=0.015)\n",
    },
  };
}

function sentenceOf(live: LiveRow): JobDetail["sentence"] {
  if (live.state === "idle") {
    return {
      severity: "attention",
      text: [
        text("It runs, but "),
        strong("looks hung"),
        text(": no CPU, no disk and no new output since "),
        strong("07:08"),
        text(", for 1h04m of 2h."),
      ],
      more: [[
        text("A job that only waits for the network looks the same. All 9 processes sleep in "),
        flag("futex_wait"),
        text(": threads wait for each other. corral will report it at 08:58 and leave it alone."),
      ]],
      command: null,
    };
  }
  if (live.id === "bq7n4d") {
    return {
      severity: "attention",
      text: [text("corral ends it "), strong("in 4m"), text(", at 08:16. It is at work: 1.0 of 1 cores.")],
      more: [[text("If it needs longer, give it more time now.")]],
      command: "corral set bq7n4d --timeout +1h",
    };
  }
  const deadline = live.deadlineMs === null
    ? [text("It has no time limit.")]
    : [text("corral ends it at "), strong("13:20"), text(", in 5h08m.")];
  return {
    severity: "ok",
    text: [text("It runs and is at work: "), strong("6.1 cores"), text(" busy, 17.2 of 24G. "), ...deadline],
    more: [],
    command: null,
  };
}

function ofEnded(ended: EndedRow): JobDetail {
  const isOom = ended.reason === "oom";
  const live = {
    memoryBytes: ended.memoryPeakBytes,
    memoryMaxBytes: ended.memoryMaxBytes,
    cpuCores: 15.1,
    cpuMaxCores: 16,
    id: ended.id,
  };
  return {
    ...blank(ended.id),
    ended,
    sentence: isOom
      ? OOM
      : { severity: ended.text.length === 0 ? "ok" : "attention", text: ended.text, more: [], command: null },
    limits: [
      {
        key: "memory",
        label: "Memory",
        unit: "bytes",
        used: ended.memoryPeakBytes,
        peak: ended.memoryPeakBytes,
        limit: ended.memoryMaxBytes,
      },
      { key: "cpus", label: "CPU", unit: "cores", used: 15.1, peak: null, limit: 16 },
      { key: "pids", label: "Tasks", unit: "count", used: 234, peak: null, limit: 512 },
      { key: "timeout", label: "Time", unit: "ms", used: ended.wallMs, peak: null, limit: 86_400_000 },
    ],
    samples: ended.startedMs === null || ended.wallMs === 0
      ? []
      : samples(live, ended.startedMs, ended.endedMs),
    tree: isOom
      ? [process(31002, 0, "S", 0, 0.1, "python3 launch.py --config unet.yaml"), {
        ...process(31044, 1, "R", 1490, 91.6, "python3 train.py --batch 48"),
        wchan: "killed first",
      }, { ...process(31060, 1, "S", 12, 3.8, "dataloader"), count: 24 }]
      : [],
    events: [
      { atMs: ended.startedMs ?? ended.endedMs, text: "running: pid 31002, systemd backend" },
      ...(isOom
        ? [{ atMs: ended.endedMs - 1000, text: "memory limit reached; the kernel killed 26 processes" }]
        : []),
      { atMs: ended.endedMs, text: `ended: ${ended.reason}, exit ${ended.exitCode ?? "unknown"}` },
    ],
    facts: facts(ended.id, ended.user),
    output: {
      path: `/var/lib/corral/users/1001/output/${ended.id}.log`,
      tail: "epoch 11/40  batch 2210/4096  loss 0.0412\nepoch 11/40  batch 2211/4096  loss 0.0409\n",
    },
  };
}

const OOM: JobDetail["sentence"] = {
  severity: "bad",
  text: [
    text("The kernel killed it at "),
    strong("03:12:44"),
    text(": the job reached "),
    strong("its own memory limit of 96G"),
    text(". The node had 188G free."),
  ],
  more: [[
    text("Six jobs named train-unet that ended well had up to 98G. "),
    strong("118G"),
    text(" would have fitted (p95 + 20 %). bob started it again at 03:30 as "),
    { jobId: "7k2m9q", name: "7k2m9q" },
    text("."),
  ]],
  command:
    "corral run --memory 118G --cpus 16 --timeout 24h --ref slurm-48190 -- python3 launch.py --config unet.yaml",
};

function limitsOf(live: LiveRow, ageMs: number): JobDetail["limits"] {
  const { deadlineMs, startedMs } = live;
  return [
    {
      key: "memory",
      label: "Memory",
      unit: "bytes",
      used: live.memoryBytes,
      peak: live.memoryPeakBytes,
      limit: live.memoryMaxBytes,
    },
    { key: "cpus", label: "CPU", unit: "cores", used: live.cpuCores, peak: null, limit: live.cpuMaxCores },
    { key: "pids", label: "Tasks", unit: "count", used: (live.processes ?? 0) * 9, peak: null, limit: 512 },
    {
      key: "timeout",
      label: "Time",
      unit: "ms",
      used: ageMs,
      peak: null,
      limit: deadlineMs === null ? null : deadlineMs - startedMs!,
    },
  ];
}

const sign = (
  key: JobDetail["signs"][number]["key"],
  verdict: JobDetail["signs"][number]["verdict"],
  words: string,
) => ({
  ...{ key, verdict, text: words, lastMs: null, dueMs: null },
});
const WELL = [
  sign("cpu", "well", "busy now"),
  sign("io", "well", "11M/s written"),
  sign("output", "well", "a line 2s ago"),
  sign("heartbeat", "well", "12s ago, due every 10m"),
  sign("health", "well", "well, 40s ago"),
];
const HUNG = [
  sign("cpu", "quiet", "none for 1h04m"),
  sign("io", "quiet", "none for 1h04m"),
  sign("output", "quiet", "no line since 07:08"),
  sign("heartbeat", "unknown", "not asked for"),
  sign("health", "unknown", "not asked for"),
];

function process(
  pid: number,
  depth: number,
  state: string,
  cpuPercent: number,
  gib: number,
  command: string,
): JobDetail["tree"][number] {
  return {
    pid,
    depth,
    state,
    wchan: null,
    cpuPercent,
    rssBytes: gib * GIB,
    ageMs: 52 * MINUTE_MS,
    command,
    count: 1,
  };
}

const TREE = [
  process(4711, 0, "S", 0, 0.1, "apptainer exec fastsurfer.sif run_fastsurfer.sh --sid subject02"),
  process(4730, 1, "S", 0, 0.02, "bash run_fastsurfer.sh --sid subject02"),
  process(5102, 2, "R", 402, 12.8, "python3 run_prediction.py --t1 orig.mgz --sid subject02"),
  { ...process(5140, 3, "S", 0, 1.1, "pt_data_worker"), count: 8 },
  process(5311, 2, "R", 99, 1.4, "mris_inflate lh.smoothwm lh.inflated"),
  process(5312, 2, "R", 98, 1.3, "mris_inflate rh.smoothwm rh.inflated"),
  { ...process(5340, 2, "D", 13, 0.6, "rsync -a mri/ filer2:/scratch/subject02/"), wchan: "nfs_wait" },
];

function samples(
  job: Pick<LiveRow, "id" | "memoryBytes" | "cpuCores" | "cpuMaxCores">,
  fromMs: number,
  toMs: number,
): JobSample[] {
  const count = 120;
  return Array.from({ length: count }, (_, index) => {
    const share = Math.min(1, 0.2 + 0.8 * Math.pow(index / (count - 1), 0.45)) *
      (1 + wave(index, 4) * 0.012 * (1 - index / count));
    const memoryBytes = (job.memoryBytes ?? 0) * share;
    const isQuiet = job.id === "h3r6tw" && index > 100;
    return {
      atMs: fromMs + (toMs - fromMs) * index / (count - 1),
      ...{ memoryBytes, anonBytes: memoryBytes * 0.76, shmemBytes: memoryBytes * 0.07 },
      ...{ slabBytes: memoryBytes * 0.03, fileBytes: memoryBytes * 0.14 },
      cpuCores: isQuiet ? 0 : (job.id === "h3r6tw" ? 7 : job.cpuCores ?? 0) * (0.95 + wave(index, 7) * 0.05),
      readBytesPerSec: isQuiet ? 0 : index % 30 < 7 ? 6e7 + wave(index, 2) * 3e7 : 5e6,
      writtenBytesPerSec: isQuiet ? 0 : 3e6,
      stalledPercent: job.id === "k8v3se" && index > 100 ? (index - 100) * 2 : Math.abs(wave(index, 5)),
    };
  });
}

function facts(id: string, user: string): JobDetail["facts"] {
  return [
    { label: "Id", value: id },
    { label: "User", value: user },
    { label: "Command", value: "apptainer exec fastsurfer.sif run_fastsurfer.sh --sid subject02" },
    { label: "Directory", value: `/scratch/${user}` },
    { label: "CPU time", value: "5h18m, 77 % of its 8 cores" },
    { label: "Read, written", value: "8.4G, 2.2G; NFS is not counted" },
    { label: "Throttled", value: "0.4 % of the time" },
    { label: "Slice", value: `corral-${id}.slice` },
  ];
}
