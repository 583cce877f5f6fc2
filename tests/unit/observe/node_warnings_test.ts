import assert from "node:assert/strict";
import { type JobSpec, NO_LIMITS, type Watch } from "../../../src/job/job.ts";
import { warnAboutNode } from "../../../src/observe/node_warnings.ts";
import { specOf, watchOf } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

function warnings(node: FakeNode, spec: Partial<JobSpec>, watch: Partial<Watch> = {}): string[] {
  const lines: string[] = [];
  warnAboutNode(node.context, { spec: specOf(spec), watch: watchOf(watch) }, (line) => void lines.push(line));
  return lines;
}

Deno.test("warnAboutNode() says that a job under systemd leaves Slurm's accounting, and how to stay in it", () => {
  using node = new FakeNode();
  node.env = { SLURM_JOB_ID: "77" };
  assert.match(
    warnings(node, {}, { backend: "systemd" })[0]!,
    /^warning: inside Slurm job 77: .*--backend cgroupfs\)$/,
  );
  assert.deepEqual(warnings(node, {}, { backend: "cgroupfs" }), []);
  node.env = {};
  assert.deepEqual(warnings(node, {}, { backend: "systemd" }), []);
});

Deno.test("warnAboutNode() says that a memory limit is more than the node has", () => {
  using node = new FakeNode();
  const limited = (memoryMaxBytes: number) => warnings(node, { limits: { ...NO_LIMITS, memoryMaxBytes } });
  assert.deepEqual(limited(16_384_000 * 1024), []);
  assert.deepEqual(limited(16_384_000 * 1024 + 1), [
    "warning: --memory 15.6G is more than this node has (15.6G)",
  ]);
  node.proc.write("meminfo", "");
  assert.deepEqual(limited(2 ** 50), []);
});
