/** `corral show` and `corral ps` against what the kernel itself says of the same job. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { Caller, CGROUP_MOUNT, type LiveJson, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
const callers = unlikeCallers(machine, "show").slice(0, machine.tier === "vm" ? 1 : 2);
const HOSTILE_NAME = "evil\n7k2m9q  root  \x1b[31mred\x1b[0m\u202egnp";
/** A shell with two children, one of which has a child with a name as hostile. */
const TREE = ["/bin/sh", "-c", `sh -c 'sh -c "exec sleep 1000" "$0" & sleep 1000 & wait' & cat "$0"; wait`];
const OPTIONS = ["--name", HOSTILE_NAME, "--ref", "db/\x1b]0;x\x07", "--tag", "step=1", "--timeout", "1h"];

/** The job's own files, read by nobody of corral's. */
async function kernelSays(caller: Caller, { cgroupPath }: LiveJson): Promise<Map<string, number>> {
  const script =
    `cd "${CGROUP_MOUNT}$0" && sed 's/^/cpu./' cpu.stat && for file in memory.current memory.peak pids.peak; do
      [ ! -e $file ] || echo "$file $(cat $file)"
    done; echo "processes $(find . -name cgroup.procs -exec cat {} + | wc -l)"`;
  const { stdout } = succeeded(await caller.exec(["/bin/sh", "-c", script, cgroupPath]));
  return new Map(
    stdout.trim().split("\n").map((line) => line.split(" ")).map(([key, value]) => [key!, Number(value)]),
  );
}

/** What was read before, between and after: counters only grow. */
function between(
  before: number | undefined,
  value: number | null,
  after: number | undefined,
  what: string,
): void {
  if (before === undefined) return assert.equal(value, null, `${what} is not known to the kernel`);
  assert.ok(value! >= before && value! <= after!, `${what}: ${before} <= ${value} <= ${after}`);
}

async function withTree(caller: Caller, body: (job: string) => Promise<void>): Promise<void> {
  const job = await caller.start(OPTIONS, [...TREE, "\x1b[2Jwiped\n"]);
  try {
    const here = `[ $(corral show ${job} --json | grep -c '"ppid"') -ge 4 ]`;
    await until(caller, "the tree is there", here);
    await body(job);
  } finally {
    await caller.end(job);
  }
}

for (const caller of callers) {
  machineTest(machine, `corral show of a live job of ${caller.name} is what the kernel says`, async () => {
    await withTree(caller, async (job) => {
      const before = await kernelSays(caller, await caller.show(job));
      const shown = await caller.show(job);
      const after = await kernelSays(caller, shown);
      const { usage } = shown;
      between(before.get("cpu.usage_usec"), usage.cpuUsageUsec, after.get("cpu.usage_usec"), "cpu time");
      between(before.get("cpu.user_usec"), usage.cpuUserUsec, after.get("cpu.user_usec"), "user time");
      between(before.get("memory.peak"), usage.memoryPeakBytes, after.get("memory.peak"), "memory peak");
      between(before.get("pids.peak"), usage.pidsPeak, after.get("pids.peak"), "tasks peak");
      assert.equal(shown.memoryCurrentBytes !== null, machine.controllers.has("memory"));
      assert.equal(shown.processes.length, after.get("processes"));
      checkTree(shown);
    });
  });
}

/** The leader is the root of the tree, everybody else the child of somebody in it. */
function checkTree({ pid, pgid, processes }: LiveJson): void {
  assert.equal(pid, pgid);
  const pids = processes.map((process) => process.pid);
  const roots = processes.filter(({ ppid }) => !pids.includes(ppid));
  assert.deepEqual(roots.map((process) => process.pid), [pid]);
  assert.ok(processes.every(({ state }) => /^[RSD]$/.test(state)));
  assert.equal(processes.filter(({ command }) => command === "sleep 1000").length, 2);
}

const root = callers[0]!;
const NOT_IN_VM = { skip: machine.tier === "vm" };

machineTest(machine, "corral show --json has every key in its type, and events in order", async () => {
  const { job } = await root.run([...OPTIONS, "--grace", "0"], ["/bin/sh", "-c", "sleep 1000 & exit 3"]);
  const shown = await root.show(job.id) as unknown as Record<string, unknown>;
  const types = Object.fromEntries(
    Object.entries(shown).map((
      [key, value],
    ) => [key, value === null ? "null" : Array.isArray(value) ? "array" : typeof value]),
  );
  const strings = [
    "id",
    "name",
    "ref",
    "user",
    "state",
    "reason",
    "trigger",
    "cwd",
    "backend",
    "cgroupPath",
    "firstSignal",
  ];
  const times = ["createdAt", "startedAt", "endedAt"];
  const numbers = ["uid", "exitCode", "pid", "pgid", "cgroupInode", "supervisorPid", "timeoutMs", "graceMs"];
  const expected = [
    ...[...strings, ...times].map((key) => [key, "string"]),
    ...numbers.map((key) => [key, "number"]),
    ...["command", "survivors", "events", "samples"].map((key) => [key, "array"]),
    ...["tags", "limits", "usage"].map((key) => [key, "object"]),
    ["signal", "null"],
    ["adopted", "boolean"],
    ...["outer", "pool", "priority", "queuedMs", "slurmJob", "slurmStep", "slurmRestarts", "cpuTimeMs"].map((
      key,
    ) => [key, "null"]),
    ...["health", "unhealthyCheck"].map((key) => [key, "null"]),
    ["outputFile", "null"],
  ];
  assert.deepEqual(types, Object.fromEntries(expected));
  assert.deepEqual([shown["name"], shown["exitCode"], shown["tags"]], [HOSTILE_NAME, 3, { step: "1" }]);
  const instants = times.map((key) => Date.parse(String(shown[key])));
  assert.deepEqual(instants, instants.toSorted((a, b) => a - b));
  const events = job.events.map(({ at }) => Date.parse(at));
  assert.deepEqual(events, events.toSorted((a, b) => a - b));
  const kinds = ["starting", "running", "ending", "freeze", "signal", "grace", "ended"];
  assert.deepEqual(job.events.map(({ kind }) => kind).filter((kind) => kinds.includes(kind)), kinds);
}, NOT_IN_VM);

/** Nothing that moves a cursor, changes a colour or starts a line that is not one of ours. */
function assertHarmless(text: string): void {
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/u);
  assert.doesNotMatch(text, /^7k2m9q/m);
}

machineTest(machine, "hostile names do no harm in corral ps and corral show", async () => {
  await withTree(root, async (job) => {
    const { stdout } = succeeded(await root.corral(["ps"]));
    assertHarmless(stdout);
    const [titles, ...rows] = stdout.trimEnd().split("\n");
    const columns = "ID NAME REF USER STATE AGE LEFT PROCS CPU% MEM MEM%".split(" ");
    assert.deepEqual(titles!.split(/ +/), columns);
    assert.equal(rows.length, 1);
    const cells = rows[0]!.split(/ {2,}/);
    const name = ["evil\\n7k2m9q", "root", "\\x1b[31mred\\x1b[0m\\u202egnp"];
    assert.deepEqual(cells.slice(0, 7), [job, ...name, "db/\\x1b]0;x\\x07", "root", "running"]);
    assert.match(cells[8]!, /^59m\d+s$/);
    const shown = succeeded(await root.corral(["show", "--full", job])).stdout;
    assertHarmless(shown);
    for (const section of [`job ${job}`, "limits and usage", "events"]) {
      assert.ok(shown.includes(`${section}\n`), section);
    }
    assert.match(shown, /^processes \(\d\)\n {2}\d+ S \/bin\/sh -c .*\n {4}\d+ S /m);
    assert.match(shown, /^ {2}timeout {6}1h, 59m\d+s left$/m);
  });
}, NOT_IN_VM);

machineTest(machine, "corral ps --json and corral show --json agree", async () => {
  await withTree(root, async (job) => {
    const listed = JSON.parse(
      succeeded(await root.corral(["ps", "--json"])).stdout,
    ) as (LiveJson & { procs: number })[];
    const shown = await root.show(job);
    assert.deepEqual(listed.map(({ id }) => id), [job]);
    const [row] = listed;
    assert.equal(row!.procs, shown.processes.length);
    for (const key of ["name", "ref", "state", "pid", "cgroupPath", "timeoutMs"] as const) {
      assert.equal(row![key], shown[key]);
    }
  });
}, NOT_IN_VM);
