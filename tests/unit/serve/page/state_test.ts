import assert from "node:assert/strict";
import type { Diff, FeedMessage, JobDetail, JobSample } from "../../../../src/serve/feed.ts";
import { NOTHING, reduce } from "../../../../src/serve/page/state.ts";
import { blankRow } from "../../../kit/page/sample_jobs.ts";
import { sampleDetail } from "../../../kit/page/sample_details.ts";
import { quietNode } from "../../../kit/page/sample_node.ts";

const row = (id: string, name = id) => ({ ...blankRow(), id, name });
const SNAPSHOT: FeedMessage = { type: "snapshot", seq: 7, ...quietNode(), jobs: [row("a"), row("b")] };
const OPENED = reduce(NOTHING, SNAPSHOT);

function diff(change: Partial<Diff>): FeedMessage {
  return { type: "diff", seq: 8, changed: {}, jobs: [], goneJobIds: [], course: null, ...change };
}

Deno.test("reduce() takes a snapshot, then what a diff changed, brought and took", () => {
  const after = reduce(
    OPENED,
    diff({ changed: { host: "other" }, jobs: [row("b", "renamed"), row("c")], goneJobIds: ["a"] }),
  );
  assert.deepEqual([...after.jobs.values()].map(({ name }) => name), ["renamed", "c"]);
  assert.equal(after.node?.host, "other");
  assert.equal(after.node?.zone, "Europe/Berlin");
  assert.equal(after.seq, 8);
});

Deno.test("reduce() leaves the state before as it was", () => {
  reduce(OPENED, diff({ goneJobIds: ["a"] }));
  assert.deepEqual([...OPENED.jobs.keys()], ["a", "b"]);
});

Deno.test("reduce() ignores diffs after a gap until a snapshot comes", () => {
  const gap = reduce(OPENED, diff({ seq: 9, goneJobIds: ["a"] }));
  assert.ok(gap.gap);
  assert.equal(gap.jobs.size, 2);
  const later = reduce(gap, diff({ seq: 8, goneJobIds: ["a"] }));
  assert.ok(later.gap);
  assert.equal(later.jobs.size, 2);
  const again = reduce(later, { ...SNAPSHOT, seq: 12, jobs: [row("z")] } as FeedMessage);
  assert.ok(!again.gap);
  assert.deepEqual([...again.jobs.keys()], ["z"]);
});

Deno.test("reduce() asks for a snapshot when the first message is a diff", () => {
  assert.ok(reduce(NOTHING, diff({})).gap);
});

Deno.test("reduce() keeps the bins of one boot and forgets them with it", () => {
  const bin = {
    timeMs: 1,
    jobs: [],
    outside: { memoryBytes: 1, cpuCores: 1 },
    pressure: { cpu: 0, memory: 0, io: 0 },
  };
  const withBin = reduce(OPENED, diff({ course: bin }));
  assert.deepEqual(reduce(withBin, SNAPSHOT).bins, [bin]);
  assert.deepEqual(reduce(withBin, { ...SNAPSHOT, bootId: "next" } as FeedMessage).bins, []);
});

Deno.test("reduce() adds the samples of its job that are new, and no other job's", () => {
  const detail = sampleDetail("d9fzws") as JobDetail;
  const opened = reduce(OPENED, { type: "job", detail });
  const last = detail.samples.at(-1) as JobSample;
  const next = { ...last, atMs: last.atMs + 5000 };
  const more = reduce(opened, {
    type: "job-more",
    jobId: "d9fzws",
    changed: { treeCut: 3 },
    samples: [last, next],
  });
  assert.equal(more.detail?.samples.length, detail.samples.length + 1);
  assert.equal(more.detail?.treeCut, 3);
  const other = reduce(opened, { type: "job-more", jobId: "other", changed: {}, samples: [next] });
  assert.equal(other.detail, opened.detail);
});

Deno.test("reduce() remembers which job is not there", () => {
  const gone = reduce(OPENED, { type: "no-job", jobId: "q" });
  assert.equal(gone.noJobId, "q");
  assert.equal(gone.detail, null);
});
