import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { BOOT_ID, JOB_ID, momentAt, runOf } from "../../../kit/fakes/job.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";

const MIB = 2 ** 20;
const FILES = {
  "cpu.stat": "usage_usec 50000000\nuser_usec 30000000\nsystem_usec 20000000\n",
  "memory.current": `${256 * MIB}\n`,
  "cgroup.procs": "11\n12\n",
};
const MEMORY_LIMIT = {
  memoryMaxBytes: 512 * MIB,
  memoryHighBytes: null,
  swapMaxBytes: 0,
  cpuMaxCores: null,
  cpuWeight: null,
  pidsMax: null,
};

/** The cells of a line of the table, by title. */
function cells(table: string, row = 1): Record<string, string> {
  const [titles = [], ...rows] = table.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  return Object.fromEntries(titles.map((title, index) => [title, rows[row - 1]?.[index] ?? ""]));
}

Deno.test("corral ps shows titles when there is no job", async () => {
  using node = new FakeNode();
  assert.equal(await node.corral("ps"), EXIT.DONE);
  assert.match(node.out, /^ID +NAME +REF +USER +STATE +AGE +LEFT +PROCS +CPU% +MEM +MEM%\n$/);
  node.out = "";
  assert.equal(await node.corral("ps", "--json"), EXIT.DONE);
  assert.deepEqual(node.takeJson(), []);
});

Deno.test("corral ps shows what a job is, how long it may go on and what it holds", async () => {
  using node = new FakeNode();
  const run = runOf();
  node.start({
    spec: { ref: "task-9", limits: MEMORY_LIMIT },
    run: { deadlineBootMs: run.startedBootMs + 150_000 },
    files: FILES,
  });
  node.bootMs = run.startedBootMs + 100_000;
  node.wallMs = run.startedAtMs + 100_000;
  assert.equal(await node.corral("ps", "--interval", "0"), EXIT.DONE);
  assert.deepEqual(cells(node.out), {
    "ID": JOB_ID,
    "NAME": "fastsurfer",
    "REF": "task-9",
    "USER": "alice",
    "STATE": "running",
    "AGE": "1m40s",
    "LEFT": "50s",
    "PROCS": "2",
    "CPU%": "50%",
    "MEM": "256.0M",
    "MEM%": "50%",
  });
});

Deno.test("corral ps shows a dash for what the kernel does not tell", async () => {
  using node = new FakeNode();
  node.start();
  await node.corral("ps");
  const { LEFT, MEM, "CPU%": cpu, "MEM%": percent, REF } = cells(node.out);
  assert.deepEqual([LEFT, MEM, cpu, percent, REF], ["-", "-", "-", "-", "-"]);
});

Deno.test("corral ps tells frozen, ending, overdue and unkillable jobs apart", async () => {
  using node = new FakeNode();
  const run = runOf();
  node.start({
    run: { deadlineBootMs: run.startedBootMs + 1 },
    files: { "cgroup.events": "populated 1\nfrozen 1\n" },
  });
  await node.corral("ps");
  assert.deepEqual([cells(node.out)["STATE"], cells(node.out)["LEFT"]], ["frozen", "overdue"]);
  node.cgroups.put(JOB_PATH, "cgroup.events", "populated 1\nfrozen 0\n");
  const store = node.stores.open();
  store.claimEnding(JOB_ID, "timeout", momentAt(1));
  node.out = "";
  await node.corral("ps");
  assert.equal(cells(node.out)["STATE"], "ending");
  store.markEnded(JOB_ID, {
    reason: "unkillable",
    trigger: "timeout",
    exit: { code: null, signal: null },
    endedAtMs: 2,
    usage: null,
    survivors: [{ pid: 11, name: "cat", state: "D", wchan: null, because: "waits" }],
  }, []);
  node.out = "";
  await node.corral("ps");
  assert.equal(cells(node.out)["STATE"], "unkillable");
});

Deno.test("corral ps of a job whose cgroup is not its own, or of another boot, reads nothing of it", async () => {
  for (const bootId of [undefined, "an earlier boot"]) {
    using node = new FakeNode();
    const supervisor = { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: bootId ?? BOOT_ID };
    node.start({ watch: { supervisor }, files: FILES });
    if (bootId === undefined) {
      Deno.renameSync(node.cgroups.mount + JOB_PATH, `${node.cgroups.mount}/moved`);
      node.cgroups.add(JOB_PATH, FILES);
    }
    assert.equal(await node.corral("ps"), EXIT.DONE);
    assert.deepEqual([cells(node.out)["PROCS"], cells(node.out)["MEM"]], ["-", "-"], bootId);
  }
});

Deno.test("corral ps is not stopped by one job that cannot be read", async () => {
  using node = new FakeNode();
  node.start({ files: { "memory.current": "nonsense\n" } });
  node.startStarting({ id: "aaaaaa", createdAtMs: 1 });
  assert.equal(await node.corral("ps"), EXIT.DONE);
  assert.deepEqual([cells(node.out, 1)["STATE"], cells(node.out, 2)["MEM"]], ["starting", "-"]);
});

Deno.test("corral ps shows the others when a row is damaged, and says which one is", async () => {
  using node = new FakeNode();
  node.start();
  node.startStarting({ id: "aaaaaa" });
  node.stores.raw().exec("UPDATE jobs SET argv = '7' WHERE id = 'aaaaaa'");
  assert.equal(await node.corral("ps"), EXIT.NEGATIVE);
  assert.equal(cells(node.out)["ID"], JOB_ID);
  assert.equal(node.said.length, 1);
  assert.match(node.said[0]!, /row of job "aaaaaa" is damaged: argv cannot be 7$/);
});

Deno.test("corral ps shows hostile names harmless, and whole in JSON", async () => {
  using node = new FakeNode();
  const name = "evil\n7k2m9z  fake\x1b[2J\u202e";
  node.start({ spec: { name } });
  await node.corral("ps");
  assert.equal(node.out.split("\n").length, 3);
  assert.match(node.out, /evil\\n7k2m9z {2}fake\\x1b\[2J\\u202e/);
  node.out = "";
  await node.corral("ps", "--json");
  const [job] = node.takeJson() as [Record<string, unknown>];
  assert.equal(job["name"], name);
});

Deno.test("corral ps --json has numbers with units, and null for what is unknown", async () => {
  using node = new FakeNode();
  node.start({ files: FILES });
  await node.corral("ps", "--json", "--interval", "0");
  const [job] = node.takeJson() as [Record<string, unknown>];
  const { state, cpuPercent, memoryCurrentBytes, procs, frozen, usage } = job;
  assert.deepEqual({ state, cpuPercent, memoryCurrentBytes, procs, frozen }, {
    state: "running",
    cpuPercent: 50,
    memoryCurrentBytes: 256 * MIB,
    procs: 2,
    frozen: false,
  });
  const { cpuUsageUsec, memoryPeakBytes, wallMs } = usage as Record<string, unknown>;
  assert.deepEqual([cpuUsageUsec, memoryPeakBytes, wallMs], [50_000_000, null, 100_000]);
});

/** cpu.stat of a job that has used so much CPU time. */
const cpuStat = (usageUsec: number) => `usage_usec ${usageUsec}\nuser_usec 0\nsystem_usec 0\n`;

/** A node with two jobs that have used CPU time; while corral waits, the first uses 150 ms more. */
function busyNode(): FakeNode {
  const node = new FakeNode();
  node.start({ files: { "cpu.stat": cpuStat(50_000_000) } });
  node.start({ spec: { id: "aaaaaa" }, files: { "cpu.stat": cpuStat(7_000_000) } });
  node.meanwhile = () => node.cgroups.put(JOB_PATH, "cpu.stat", cpuStat(50_150_000));
  return node;
}

const cpuOfAll = (table: string) => [1, 2].map((row) => cells(table, row)["CPU%"]);

Deno.test("corral ps measures the CPU use of all jobs over one short interval", async () => {
  using node = busyNode();
  assert.equal(await node.corral("ps"), EXIT.DONE);
  assert.deepEqual(node.pausesMs, [200]);
  assert.deepEqual(cpuOfAll(node.out), ["75%", "0%"]);
});

Deno.test("corral ps --interval says how long that interval is; 0 is the mean since the start", async () => {
  using node = busyNode();
  assert.equal(await node.corral("ps", "--interval", "1s"), EXIT.DONE);
  assert.deepEqual([node.pausesMs, cpuOfAll(node.out)], [[1000], ["15%", "0%"]]);
  node.out = "";
  node.bootMs = runOf().startedBootMs + 100_000;
  assert.equal(await node.corral("ps", "--interval", "0"), EXIT.DONE);
  assert.deepEqual([node.pausesMs, cpuOfAll(node.out)], [[1000], ["50%", "7%"]]);
});

Deno.test("corral ps --json has the CPU use in percent of one core, to a tenth", async () => {
  using node = busyNode();
  await node.corral("ps", "--json", "--interval", "700ms");
  assert.deepEqual((node.takeJson() as { cpuPercent: number }[]).map(({ cpuPercent }) => cpuPercent), [
    21.4,
    0,
  ]);
});

Deno.test("corral ps waits for nothing when there is no job", async () => {
  using node = new FakeNode();
  assert.equal(await node.corral("ps"), EXIT.DONE);
  assert.deepEqual(node.pausesMs, []);
});

Deno.test("corral ps shows a dash for a job that vanishes while it is measured", async () => {
  using node = busyNode();
  node.meanwhile = () => node.cgroups.vanish(JOB_PATH);
  assert.equal(await node.corral("ps"), EXIT.DONE);
  const { "CPU%": cpu, PROCS, STATE } = cells(node.out);
  assert.deepEqual([STATE, cpu, PROCS], ["running", "-", "-"]);
  assert.equal(cells(node.out, 2)["CPU%"], "0%");
  node.out = "";
  await node.corral("ps", "--json", "--interval", "0");
  assert.deepEqual((node.takeJson() as { cpuPercent: number | null }[])[0]?.cpuPercent, null);
});

Deno.test("corral ps shows a dash for a job that could not be read when the interval began", async () => {
  using node = new FakeNode();
  node.start({ files: { "cpu.stat": "nonsense\n" } });
  node.meanwhile = () => node.cgroups.put(JOB_PATH, "cpu.stat", cpuStat(5));
  await node.corral("ps");
  assert.deepEqual([cells(node.out)["PROCS"], cells(node.out)["CPU%"]], ["1", "-"]);
});

Deno.test("corral ps refuses an interval that is no duration", async () => {
  using node = new FakeNode();
  assert.equal(await node.corral("ps", "--interval", "soon"), EXIT.USAGE);
  assert.match(node.said[0]!, /^corral: --interval: cannot read "soon" as a duration/);
});

Deno.test("corral ps lists the jobs that are asked for, and with -q their ids alone", async () => {
  using node = new FakeNode();
  node.start({ spec: { ref: "task-9", tags: { team: "a" } } });
  for (
    const words of [["--ref", "task-9"], ["--tag", "team=a"], ["-u", "alice"], ["--name", "fastsurfer"], []]
  ) {
    node.out = "";
    assert.equal(await node.corral("ps", "-q", ...words), EXIT.DONE);
    assert.equal(node.out, `${JOB_ID}\n`, words.join(" "));
  }
  for (
    const words of [["--ref", "task"], ["--tag", "team=b"], ["-u", "bob"], ["--name", "fast"], [
      "--tag",
      "toString=x",
    ]]
  ) {
    node.out = "";
    assert.equal(await node.corral("ps", "-q", ...words), EXIT.DONE);
    assert.equal(node.out, "", words.join(" "));
  }
});

Deno.test("corral ps takes a word of ps(1) for a habit only when no job is called so", async () => {
  using node = new FakeNode();
  node.start({ spec: { name: "aux" } });
  assert.equal(await node.corral("ps", "aux"), EXIT.DONE);
  assert.equal(await node.corral("ps", "axu"), EXIT.USAGE);
  assert.match(node.said[0]!, /^corral: ps lists all live jobs by itself/);
});
