import assert from "node:assert/strict";
import type { LiveRow, PageFinding, Part } from "../../../src/serve/feed.ts";
import { type FindingInput, forecast, type JobFacts, pageFindings } from "../../../src/serve/findings.ts";
import { useZone } from "../../../src/value/local_time.ts";

const GIB = 2 ** 30;
const NOW_MS = Date.UTC(2026, 10, 1, 12, 0);

const rowOf = (changes: Partial<LiveRow> = {}): LiveRow => ({
  ...{ id: "7k2m9q", name: "recon", ref: null, user: "anna", pool: null, state: "running", stateNote: null },
  ...{ memoryBytes: GIB, memoryMaxBytes: null, memoryHighBytes: null, memoryPeakBytes: null, cpuCores: 1 },
  ...{ cpuMaxCores: null, readBytesPerSec: null, writtenBytesPerSec: null, processes: 1, pidsMax: null },
  ...{ startedMs: NOW_MS - 1, deadlineMs: null, spark: [], asOfMs: null },
  ...changes,
});

const factsOf = (row: Partial<LiveRow> = {}, changes: Partial<JobFacts> = {}): JobFacts => ({
  ...{
    row: rowOf(row),
    heldBytes: null,
    paceBytesPerSec: null,
    isSupervised: true,
    survivors: [],
    endedMs: null,
  },
  health: null,
  ...changes,
});

const inputOf = (changes: Partial<FindingInput> = {}): FindingInput => ({
  ...{ nowMs: NOW_MS, jobs: [], silentStores: [], lastSweepMs: NOW_MS - 4_000, swept: [] },
  readouts: { pressure: { cpu: 90, memory: 0, io: 3 } },
  ...changes,
});

const textOf = (parts: readonly Part[]) =>
  parts.map((part) => "flag" in part ? part.flag : "text" in part ? part.text : part.name).join("");
const linesOf = ({ severity, text, remedy, value }: PageFinding) =>
  [severity, textOf(text), textOf(remedy), value] as const;

Deno.test("a node on which all is well has no finding", () => {
  const jobs = [factsOf(), factsOf({ memoryMaxBytes: 2 * GIB, deadlineMs: NOW_MS + 3_600_000 })];
  assert.deepEqual(pageFindings(inputOf({ jobs })), []);
});

Deno.test("each finding says what is so, of whom, and what to do", () => {
  useZone(() => 0);
  const survivor = { pid: 1, name: "x", state: "D", wchan: null, because: "it waits for a file server" };
  const cases: [Partial<FindingInput>, readonly [string, string, string, string]][] = [
    [{ jobs: [factsOf({ state: "unkillable" }, { survivors: [survivor, survivor] })] }, [
      "bad",
      "recon of anna: 2 processes are still alive",
      "it waits for a file server. Every sweep and corral kill tries again; what the processes wait for has to answer.",
      "2 processes",
    ]],
    [{
      jobs: [factsOf({ memoryMaxBytes: GIB }, { heldBytes: 0.92 * GIB, paceBytesPerSec: 0.08 * GIB / 3600 })],
    }, [
      "attention",
      "recon of anna: it holds 92 % of its memory limit of 1.0G",
      "At this pace the kernel kills it at about 13:00. Raise the limit, such as --memory 1280M",
      "92 %",
    ]],
    [{ jobs: [factsOf({ deadlineMs: NOW_MS + 240_000 })] }, [
      "attention",
      "recon of anna: its time is up at 12:04",
      "corral ends it then. Give it more time, such as --timeout +1h",
      "4m left",
    ]],
    [{ jobs: [factsOf({ deadlineMs: NOW_MS - 1 })] }, [
      "attention",
      "recon of anna: its time is up",
      "The next sweep ends it. Give it more time, such as --timeout +1h",
      "overdue",
    ]],
    [{ jobs: [factsOf({}, { isSupervised: false })] }, [
      "attention",
      "recon of anna: the process that supervised it is gone",
      "The next sweep ends it, unless sweeps keep such jobs (--on-orphan keep). Does its user still need it?",
      "no supervisor",
    ]],
    [{ swept: [{ kind: "escapee", key: "k", id: "7k2m9q", pid: 12, message: "process 12 is elsewhere" }] }, [
      "attention",
      "process 12 is elsewhere",
      "It left the cgroup of its job, whose limits do not hold for it. Sweeps end such processes with --escapees kill",
      "pid 12",
    ]],
    [{ readouts: { pressure: { cpu: null, memory: 35.2, io: null } }, jobs: [factsOf()] }, [
      "attention",
      "Tasks waited for memory in 35 % of the last 10 seconds",
      "No job starts from the queue above 20 %. Most memory: recon of anna.",
      "35 %",
    ]],
    [{ readouts: { pressure: { cpu: null, memory: null, io: 80 } } }, [
      "attention",
      "Tasks waited for reads and writes in 80 % of the last 10 seconds",
      "Is a disk or file server slow, or does one job take all of it? Most bytes: no job, so it is a process outside of jobs.",
      "80 %",
    ]],
    [{ silentStores: [{ user: "ben", asOfMs: NOW_MS - 600_000 }] }, [
      "attention",
      "The jobs of ben did not answer",
      "What is shown of them is as old as 11:50. Does the file system of their store answer?",
      "for 10m",
    ]],
    [{ lastSweepMs: NOW_MS - 86_400_000 }, [
      "attention",
      "The last sweep was at 2026-10-31 12:00",
      "Jobs without a supervisor are not ended meanwhile. corral doctor tells why none is made.",
      "for 1d",
    ]],
  ];
  try {
    for (const [changes, lines] of cases) {
      const found = pageFindings(inputOf(changes));
      assert.deepEqual(found.map(linesOf), [lines]);
    }
  } finally {
    useZone(null);
  }
});

Deno.test("files in memory are no reason to worry about a limit, and a limit is near from nine tenths on", () => {
  const of = (heldBytes: number) =>
    pageFindings(inputOf({ jobs: [factsOf({ memoryBytes: GIB, memoryMaxBytes: GIB }, { heldBytes })] }))
      .length;
  assert.deepEqual([of(0.1 * GIB), of(0.899 * GIB), of(0.9 * GIB)], [0, 0, 1]);
});

Deno.test("forecast() says what is known", () => {
  const of = (paceBytesPerSec: number | null) =>
    forecast({ used: 9, limit: 10, paceBytesPerSec, nowMs: NOW_MS }).split(" ").slice(0, 4).join(" ");
  assert.deepEqual([of(null), of(0), of(-1), of(1e-9), of(1)], [
    "The kernel kills it",
    "It does not grow",
    "It does not grow",
    "It does not grow",
    "At this pace the",
  ]);
});

Deno.test("the worst comes first, and there are never more than fifty", () => {
  const near = factsOf({ id: "aaaaaa", deadlineMs: NOW_MS + 1 });
  const stuck = factsOf({ id: "bbbbbb", state: "unkillable" }, { survivors: [] });
  const found = pageFindings(inputOf({ jobs: [near, stuck], lastSweepMs: NOW_MS - 1e9 }));
  assert.deepEqual(found.map(({ kind }) => kind), ["unkillable", "deadline-near", "sweep-late"]);
  assert.equal(pageFindings(inputOf({ jobs: [...Array(1_000).fill(near), stuck] })).length, 50);
  assert.equal(pageFindings(inputOf({ jobs: [...Array(1_000).fill(near), stuck] }))[0]!.kind, "unkillable");
});
