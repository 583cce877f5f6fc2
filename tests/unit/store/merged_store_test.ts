/** The reports of many nodes as one: what comes out does not depend on the order in which they came, on prefixes or on noise. */
import assert from "node:assert/strict";
import { jobJson } from "../../../src/job/json.ts";
import { reportEndJson } from "../../../src/job/report_end.ts";
import { MergedStore } from "../../../src/store/merged_store.ts";
import { openScratch } from "../../../src/store/open.ts";
import { ReportReader } from "../../../src/store/report_reader.ts";
import { endedPhase, jobIn, USAGE } from "../../kit/fakes/job.ts";
import { fc, several } from "../../kit/fakes/properties.ts";
import { ANY_JOB } from "../../kit/fakes/report_filter.ts";

const NOW_MS = 1_793_600_000_000;
const ALPHABET = "abcdefgh".split("");

interface One {
  host: string;
  id: string;
  user: string;
  cpuUsageUsec: number | null;
}

const ones = fc.uniqueArray(
  fc.record({
    host: fc.constantFrom("node1", "node2", "node3"),
    id: fc.constantFrom(...ALPHABET).map((letter) => `aaaaa${letter}`),
    user: fc.constantFrom("alice", "bob"),
    cpuUsageUsec: fc.option(fc.nat(1_000_000)),
  }),
  { maxLength: 20, selector: ({ host, id }) => `${host} ${id}` },
);

const fleets = fc.record({
  jobs: ones,
  order: fc.infiniteStream(fc.nat()),
  noise: fc.array(fc.string(), { maxLength: 5 }),
  hasPrefix: fc.boolean(),
  twice: fc.boolean(),
});

function rowOf({ host, id, user, cpuUsageUsec }: One): string {
  const job = jobIn(endedPhase({ usage: { ...USAGE, cpuUsageUsec } }), { id, user });
  return JSON.stringify({ ...jobJson(job, null, null), host, cpuPercent: null, memoryPercent: null });
}

/** CPU time and number of jobs by a key. */
function sumsOf(members: Iterable<{ key: unknown; cpuUsageUsec: number | null }>): Record<string, number[]> {
  const sums: Record<string, number[]> = {};
  for (const { key, cpuUsageUsec } of members) {
    const [count, cpu] = sums[String(key)] ?? [0, 0];
    sums[String(key)] = [count! + 1, cpu! + (cpuUsageUsec ?? 0)];
  }
  return sums;
}

Deno.test("a merged store has each node's jobs once, in whatever order, with prefixes and noise, also told twice", () => {
  for (const { jobs, order, noise, hasPrefix, twice } of several(fleets, 300)) {
    const lines = [...jobs, ...(twice ? jobs : [])].map((job) => ({ host: job.host, line: rowOf(job) }));
    const shuffled = lines.map((line) => ({ line, at: order.next().value! })).toSorted((a, b) => a.at - b.at);
    const merged = new MergedStore(NOW_MS);
    for (const { line: { host, line } } of shuffled) merged.add(hasPrefix ? `${host}: ${line}` : line);
    for (const text of noise) merged.add(text.startsWith("{") ? `x${text}` : text);
    for (const host of new Set(jobs.map((job) => job.host))) {
      const rows = lines.filter((line) => line.host === host).length;
      merged.add(JSON.stringify(reportEndJson({ host, rows, whole: true })));
    }
    assert.deepEqual([...merged.nodes.unfinished()], []);
    assert.equal(merged.damaged.count, 0, merged.damaged.first ?? "");
    assert.equal(merged.others.count, noise.filter((text) => text.trim() !== "").length);
    const reader = new ReportReader(merged.finish("report"), { ...ANY_JOB, isMerged: true });
    for (const by of ["host", "user"] as const) {
      const expected = sumsOf(jobs.map((job) => ({ key: job[by], cpuUsageUsec: job.cpuUsageUsec })));
      assert.deepEqual(sumsOf(reader.grouped(by)), expected);
    }
  }
});

Deno.test("a merged store takes no more nodes than any fleet has", () => {
  const merged = new MergedStore(NOW_MS);
  for (let index = 0; index < 100_001; index++) {
    merged.add(JSON.stringify(reportEndJson({ host: `node${index}`, rows: 0, whole: true })));
  }
  assert.deepEqual([merged.nodes.count, merged.others.count], [100_000, 1]);
});

Deno.test("openScratch() needs neither of the directories", () => {
  const db = openScratch(["/nonexistent"]);
  assert.deepEqual({ ...db.prepare("SELECT count(*) AS jobs FROM jobs").get() }, { jobs: 0 });
});
