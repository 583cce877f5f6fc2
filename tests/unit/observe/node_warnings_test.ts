import assert from "node:assert/strict";
import { type JobSpec, NO_LIMITS, type Watch } from "../../../src/job/job.ts";
import { warnAboutNode } from "../../../src/observe/node_warnings.ts";
import type { SlurmHere } from "../../../src/observe/slurm.ts";
import { specOf, watchOf } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

function warnings(
  node: FakeNode,
  spec: Partial<JobSpec>,
  { slurm = null, ...watch }: Partial<Omit<Watch, "slurm">> & { slurm?: SlurmHere | null } = {},
): string[] {
  const lines: string[] = [];
  const job = { spec: specOf(spec), watch: watchOf(watch), slurm };
  warnAboutNode(node.context, job, (line) => void lines.push(line));
  return lines;
}

Deno.test("warnAboutNode() says that a job under systemd leaves the cgroup of its Slurm step, where there is one", () => {
  using node = new FakeNode();
  const slurm = { job: { job: 77, step: "0", restarts: 0 }, stepd: null, hasCgroup: true };
  assert.match(
    warnings(node, {}, { backend: "systemd", slurm })[0]!,
    /^warning: inside Slurm job 77: .*the cgroup of its step.*limits and accounting$/,
  );
  assert.deepEqual(warnings(node, {}, { backend: "cgroupfs", slurm }), []);
  assert.deepEqual(warnings(node, {}, { backend: "systemd", slurm: { ...slurm, hasCgroup: false } }), []);
  node.env = { SLURM_JOB_ID: "77" };
  assert.deepEqual(warnings(node, {}, { backend: "systemd" }), [], "the environment is anybody's word");
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
