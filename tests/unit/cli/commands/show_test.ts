import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import type { Sample, Usage } from "../../../../src/job/usage.ts";
import { JOB_ID, risingSamples } from "../../../kit/fakes/job.ts";
import { FakeNode, LEADER_PID } from "../../../kit/fakes/node.ts";

const CHILD_PID = LEADER_PID + 5;

Deno.test("corral show of a live job tells its processes as a tree, limits, usage and events", async () => {
  using node = new FakeNode();
  node.start({
    files: { "cgroup.procs": `${CHILD_PID}\n${LEADER_PID}\n`, "memory.current": "1048576\n" },
  });
  node.addProcess(CHILD_PID, { ppid: LEADER_PID, command: ["worker", "a\nb"], state: "D" });
  assert.equal(await node.corral("show", "--full", JOB_ID), EXIT.DONE);
  assert.match(node.out, /^job +7k2m9q fastsurfer of alice\nstate +running\n[^]*^job 7k2m9q\n/m);
  assert.match(
    node.out,
    new RegExp(`^  ${LEADER_PID} S sleep 1000\n    ${CHILD_PID} D worker a\\\\nb$`, "m"),
  );
  assert.match(node.out, /^ {2}memory now +1\.0M$/m);
  assert.match(node.out, /^ {2}\S+ \S+ run: running pid=5000000 cgroup=\/corral\/7k2m9q$/m);
});

Deno.test("corral show --json has everything, for scripts", async () => {
  using node = new FakeNode();
  node.start();
  assert.equal(await node.corral("show", "--json", "name:fastsurfer"), EXIT.DONE);
  const job = node.takeJson() as Record<string, unknown>;
  assert.deepEqual([job["id"], job["state"], job["frozen"]], [JOB_ID, "running", false]);
  assert.deepEqual(job["processes"], [{ pid: LEADER_PID, ppid: 1, state: "S", command: "sleep 1000" }]);
  assert.equal((job["events"] as unknown[]).length, 2);
});

Deno.test("corral show tells what was sampled so far and holds now, and draws it", async () => {
  using node = new FakeNode();
  const files = {
    "memory.stat": "anon 5000\nfile 9000\nshmem 1\nslab 2\n",
    "io.stat": "8:0 rbytes=7 rios=1\n",
  };
  node.start({ files });
  node.proc.write("partitions", "   8        0  976762584 sda\n");
  const peaks = { anonBytes: 2 ** 30, fileBytes: 4096, shmemBytes: null, slabBytes: 3 };
  node.stores.open().saveSampled(JOB_ID, { samples: risingSamples(10), peaks });
  await node.corral("show", "--json", JOB_ID);
  const { usage, samples } = node.takeJson() as { usage: Usage; samples: Sample[] };
  assert.deepEqual(samples, risingSamples(10));
  assert.deepEqual([usage.memoryAnonPeakBytes, usage.memoryFilePeakBytes], [2 ** 30, 9000]);
  assert.deepEqual([usage.memoryShmemPeakBytes, usage.memorySlabPeakBytes], [1, 3]);
  assert.equal(usage.ioDevices?.[0]?.name, "sda");
  await node.corral("show", "--full", JOB_ID);
  assert.match(node.out, /^ {4}10\.0M \|/m, "cron has no locale");
  node.out = "";
  node.env = { LANG: "en_US.UTF-8" };
  await node.corral("show", "--full", JOB_ID);
  assert.match(node.out, /^ {4}10\.0M ┤/m);
  node.out = "";
  node.env = { LANG: "en_US.UTF-8", LC_ALL: "C" };
  await node.corral("show", "--full", JOB_ID);
  assert.match(node.out, /^ {4}10\.0M \|/m);
});

Deno.test("corral show names a process without a command line as the kernel does", async () => {
  using node = new FakeNode();
  node.start();
  node.addProcess(LEADER_PID, { name: "a) b", command: [], state: "Z" });
  await node.corral("show", "--full", JOB_ID);
  assert.match(node.out, new RegExp(`^  ${LEADER_PID} Z \\[a\\) b\\]$`, "m"));
});

Deno.test("corral show of a job whose cgroup is gone or another's shows the record alone", async () => {
  using node = new FakeNode();
  node.start();
  Deno.renameSync(node.cgroups.mount + JOB_PATH, `${node.cgroups.mount}/moved`);
  node.cgroups.add(JOB_PATH, { "cgroup.procs": `${LEADER_PID}\n` });
  assert.equal(await node.corral("show", "--full", JOB_ID), EXIT.DONE);
  assert.doesNotMatch(node.out, /processes|memory now/);
  node.cgroups.vanish(JOB_PATH);
  assert.equal(await node.corral("show", "--full", JOB_ID), EXIT.DONE);
});

Deno.test("corral show of what is not there, or of more than one", async () => {
  using node = new FakeNode();
  node.start();
  node.startStarting({ id: "7kaaaa", name: "fastsurfer" });
  assert.equal(await node.corral("show", "aaaaaa"), EXIT.NEGATIVE);
  assert.equal(node.said.pop(), 'corral: no job matches "aaaaaa" (see: corral ps -a)');
  assert.equal(await node.corral("show", "7k"), EXIT.NEGATIVE);
  assert.match(
    node.said.join("\n"),
    /^corral: "7k" matches 2 jobs \(give the id of one\)\n {2}ID +NAME +REF[^]*7k2m9q/,
  );
  node.said.length = 0;
  assert.equal(await node.corral("show", "name:fastsurfer"), EXIT.NEGATIVE);
  assert.match(node.said[0]!, /^corral: "name:fastsurfer" matches 2 jobs/);
  node.said.length = 0;
  assert.equal(await node.corral("show", ""), EXIT.USAGE);
  assert.match(node.said[0]!, /^corral: cannot read "" as a job: it is empty/);
});

Deno.test("corral show of a name means the live job, else the newest", async () => {
  using node = new FakeNode();
  const ending = {
    reason: "exited",
    trigger: "exited",
    exit: { code: 0, signal: null },
    endedAtMs: 1,
    usage: null,
    survivors: [],
  } as const;
  node.startStarting({ id: "aaaaaa", createdAtMs: 5 });
  node.startStarting({ id: "bbbbbb", createdAtMs: 9 });
  node.startStarting({ id: "cccccc", createdAtMs: 7 });
  const store = node.stores.open();
  for (const id of ["bbbbbb", "cccccc"]) store.markEnded(id, { ...ending, survivors: [] }, []);
  await node.corral("show", "name:fastsurfer");
  assert.match(node.out, /^job +aaaaaa /m);
  store.markEnded("aaaaaa", { ...ending, survivors: [] }, []);
  await node.corral("show", "name:fastsurfer");
  assert.match(node.out, /^job +bbbbbb /m);
});
