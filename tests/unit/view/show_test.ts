import assert from "node:assert/strict";
import { END_REASONS, type EndReason, type Job, NO_LIMITS } from "../../../src/job/job.ts";
import { formatDetails, type Known, type LiveDetails } from "../../../src/view/show.ts";
import { formatLocalTime } from "../../../src/value/units.ts";
import { endedPhase, jobIn, risingSamples, runOf, USAGE } from "../../kit/fakes/job.ts";

const GIB = 2 ** 30;
const AT = { bootMs: runOf().startedBootMs + 61_000, blocks: true };

/** With nothing known but the record, unless said otherwise. */
function details(job: Job, known: Partial<Known> = {}): string {
  return formatDetails(job, { events: [], samples: [], live: null, ...known }, AT);
}

/** The lines of the text by their labels. */
function labels(text: string): Map<string, string> {
  return new Map(text.split("\n").map((line) => [line.slice(2, 15).trim(), line.slice(15)]));
}

const ALL_LIMITS = {
  memoryMaxBytes: 50 * GIB,
  memoryHighBytes: 40 * GIB,
  swapMaxBytes: 0,
  cpuMaxCores: 4,
  cpuWeight: 50,
  pidsMax: 66,
};

Deno.test("formatDetails() says of an adopted job that it ran before", () => {
  const job = jobIn({ state: "running", run: runOf({ pgid: 4700 }) }, { adopted: true });
  assert.equal(
    labels(details(job)).get("pid"),
    "4711 (pgid 4700), adopted while it ran",
  );
});

Deno.test("formatDetails() names the job in which a job was started", () => {
  const inner = { path: "/corral/aaaaaa/corral/7k2m9q", inode: 7 };
  const job = jobIn({ state: "running", run: runOf({ cgroup: inner }) });
  assert.equal(labels(details(job)).get("in job"), "aaaaaa");
  assert.equal(labels(details(jobIn({ state: "running", run: runOf() }))).get("in job"), undefined);
});

Deno.test("formatDetails() of an ended job sets usage against limits", () => {
  const job = jobIn(endedPhase(), {
    limits: ALL_LIMITS,
    timeoutMs: 3_600_000,
    ref: "task-9",
    tags: { project: "brain", n: "1" },
    argv: ["sh", "-c", "echo 'it'", ""],
  });
  const said = labels(details(job));
  assert.deepEqual(
    ["ref", "tags", "command", "timeout", "on timeout", "pid"].map((label) => said.get(label)),
    [
      "task-9",
      "project=brain n=1",
      `sh -c 'echo '\\''it'\\''' ''`,
      "1h",
      "TERM, then KILL after 2s",
      "4711 (pgid and sid 4711)",
    ],
  );
  assert.deepEqual(
    ["wall", "cpu", "throttled", "memory peak", "memory high", "swap peak", "oom kills", "tasks peak"].map((
      label,
    ) => said.get(label)),
    [
      "1m01s",
      "2m (user 1m40s, system 20s), 197% of 4 cores (49%)",
      "340ms in 12 of 600 periods",
      "25.0G of 50.0G (50%)",
      "40.0G",
      "4.0K of 0B",
      "1",
      "33 of 66 (50%)",
    ],
  );
});

Deno.test("formatDetails() of an ended job tells every figure of its usage, each in its place", () => {
  const said = labels(details(jobIn(endedPhase(), { limits: NO_LIMITS })));
  const rows: Record<string, string> = {
    "cpu waits": "4.1s some, 700ms all",
    "seen of it": "anon 20.0G, file 5.0G, shmem 3.0M, slab 12.0M",
    "memory waits": "2.2s some, 1.3s all, 41 times at high, 7 at max",
    "read": "6.5G in 7100 operations",
    "written": "8.0K in 2 operations",
    "sda": "read 6.5G in 7100 operations, written 0B in 0 operations",
    "259:1": "read 0B in 0 operations, written 8.0K in 2 operations",
    "io waits": "5.5s some, 5.4s all",
  };
  for (const [label, text] of Object.entries(rows)) assert.equal(said.get(label), text, label);
});

Deno.test("formatDetails() draws the course of a job that was sampled, in what the terminal can show", () => {
  const known = { events: [], samples: risingSamples(10), live: null };
  const text = (blocks: boolean) => formatDetails(jobIn(endedPhase()), known, { bootMs: 0, blocks });
  assert.match(text(true), /^over time\n {2}memory\n {4}10\.0M ┤.*█\n/m);
  assert.match(text(false), /^over time\n {2}memory\n {4}10\.0M \|.*#\n/m);
  assert.doesNotMatch(details(jobIn(endedPhase())), /over time/);
});

Deno.test("formatDetails() says of every end what it means and what it does not mean", () => {
  for (const reason of Object.keys(END_REASONS) as EndReason[]) {
    const usage = { ...USAGE, memoryOomEvents: null };
    const text = details(jobIn(endedPhase({ reason, trigger: reason, usage })));
    assert.equal(
      labels(text).get("state"),
      `ended: ${reason}, exit 0. This means: ${END_REASONS[reason]}`,
    );
  }
});

Deno.test("formatDetails() says of an oom that the job reached its own limit", () => {
  const ended = endedPhase({ reason: "oom", trigger: "oom" });
  const limits = { ...NO_LIMITS, memoryMaxBytes: 2 ** 26 };
  assert.equal(
    labels(details(jobIn(ended, { limits }))).get("state"),
    "ended: oom, exit 0. This means: the kernel killed it for memory: reached its own limit of 64.0M.",
  );
});

Deno.test("formatDetails() tells how the command left, as far as anybody knows", () => {
  const state = (exit: { code: number | null; signal: number | null }) =>
    labels(details(jobIn(endedPhase({ exit })))).get("state")!;
  assert.match(state({ code: 7, signal: null }), /^ended: exited, exit 7\./);
  assert.match(state({ code: null, signal: 34 }), /died of RTMIN\./);
  assert.match(state({ code: null, signal: null }), /exit unknown\./);
});

Deno.test("formatDetails() of an unkillable job names the trigger and every survivor", () => {
  const survivors = [
    { pid: 5, name: "cat\n", state: "D", wchan: "rpc_wait_bit_killable", because: "waits for an NFS server" },
    { pid: 6, name: "x", state: "R", wchan: null, because: "was still running" },
  ];
  const job = jobIn(endedPhase({ reason: "unkillable", trigger: "timeout", survivors }));
  const text = details(job);
  assert.match(text, /ended: unkillable after timeout, /);
  assert.match(
    text,
    /^survivors\n {2}5 cat\\n: state D, wchan rpc_wait_bit_killable: waits for an NFS server\n {2}6 x: state R, wchan -: /m,
  );
});

Deno.test("formatDetails() shows a dash for every figure that nobody knows", () => {
  const said = labels(details(jobIn(endedPhase({ usage: null }), { limits: NO_LIMITS })));
  const labelled = ["wall", "memory peak", "swap peak", "oom kills", "read", "written", "tasks peak"];
  for (const label of [...labelled, "cpu waits", "io waits"]) {
    assert.equal(said.get(label), "-", label);
  }
  assert.equal(said.get("cpu"), "- (user -, system -), -");
  assert.equal(said.get("seen of it"), "anon -, file -, shmem -, slab -");
});

Deno.test("formatDetails() of a live job tells what it holds now and how long it has left", () => {
  const live: LiveDetails = {
    usage: USAGE,
    memoryBytes: 5 * GIB,
    processes: [{ pid: 4711, ppid: 1, state: "S", command: "sleep 1000" }],
    frozen: true,
    gpus: [],
  };
  const run = runOf({ deadlineBootMs: AT.bootMs + 90_000 });
  const job = jobIn({ state: "running", run }, { limits: ALL_LIMITS, timeoutMs: 151_000 });
  const text = details(job, { live });
  const said = labels(text);
  assert.equal(said.get("state"), "running, frozen");
  assert.equal(said.get("timeout"), "2m31s, 1m30s left");
  assert.equal(said.get("memory now"), "5.0G of 50.0G (10%)");
  assert.match(text, /^processes \(1\)\n {2}4711 S sleep 1000$/m);
});

Deno.test("formatDetails() of a job that never ran leaves out what it never had", () => {
  const text = details(jobIn({ state: "starting" }));
  assert.doesNotMatch(text, /^ {2}(pid|cgroup|ended)\b/m);
  assert.equal(labels(text).get("started"), formatLocalTime(new Date(1_793_520_000_123)));
});

Deno.test("formatDetails() shows events with their times to the millisecond", () => {
  const events = [
    { atMs: 1_793_520_000_007, actor: "run", kind: "starting", detail: {} },
    { atMs: 1_793_520_001_123, actor: "run", kind: "signal", detail: { signal: "TERM", sent: 3 } },
  ];
  const text = details(jobIn(endedPhase()), { events });
  const [first, second] = events.map(({ atMs }) => formatLocalTime(new Date(atMs)));
  assert.ok(text.endsWith(
    `\nevents\n  ${first}.007 run: starting\n  ${second}.123 run: signal signal=TERM sent=3\n`,
  ));
});

Deno.test("formatDetails() lets nothing from outside break a line or reach the terminal", () => {
  const evil = "a\nb\x1b[2J\u202e";
  const job = jobIn(endedPhase(), {
    name: evil,
    ref: evil,
    tags: { k: evil },
    argv: [evil, "x".repeat(10_000)],
    cwd: evil,
    user: evil,
  });
  const events = [{ atMs: 1, actor: evil, kind: evil, detail: { k: evil } }];
  const text = details(job, { events });
  for (const line of text.split("\n")) {
    assert.match(line, /^[^\p{C}]*$/u);
    assert.ok(line.length < 2100);
  }
});
