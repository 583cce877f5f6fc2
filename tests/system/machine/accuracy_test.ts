/**
 * What corral records of a job against known amounts and against the same control files, read by the job itself and by the test. The
 * counters of a cgroup do not age: a sweep that comes seconds after the supervisor's death finds what one ten minutes later would.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Usage } from "../../../src/job/usage.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { Caller, CGROUP_MOUNT, succeeded, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const root = new Caller(machine, "root", "systemd", "accuracy");
const NEEDS = { needs: ["cpu", "io", "memory", "pids"] };
const PROGRAM = "/tmp/corral-test-accuracy.py";
const MIB = 1024 * 1024;
/** As in accuracy_workload.py. */
const [ANON_MIB, CACHE_MIB, WRITE_MIB, READ_MIB] = [200, 100, 50, 10];
const CPU_TOLERANCE = 0.02;
const MEMORY_TOLERANCE = 0.01;
/** Peaks that only kernels since 6.5 keep. */
const UNKNOWN_HERE = machine.suite === "bookworm" ? ["swapPeakBytes"] : [];

type Files = Record<string, string>;

function key(files: Files, file: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(files[file]!)![1]);
}

function total(files: Files, file: string, which: "some" | "full"): number {
  return Number(new RegExp(`^${which} .*total=(\\d+)$`, "m").exec(files[file]!)![1]);
}

function io(files: Files, figure: string): number {
  const values = files["io.stat"]!.matchAll(new RegExp(` ${figure}=(\\d+)`, "g"));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}

function isNear(
  recorded: number | null,
  seen: number,
  { tolerance, what }: { tolerance: number; what: string },
) {
  assert.ok(Math.abs(recorded! / seen - 1) <= tolerance, `${what}: recorded ${recorded}, seen ${seen}`);
}

/** What is the same however often it is read: exact. */
function hasExact(usage: Usage, files: Files): void {
  const { ioReadBytes, ioWrittenBytes, ioReadOperations, ioWriteOperations } = usage;
  assert.deepEqual(
    { ioReadBytes, ioWrittenBytes, ioReadOperations, ioWriteOperations },
    {
      ioReadBytes: io(files, "rbytes"),
      ioWrittenBytes: io(files, "wbytes"),
      ioReadOperations: io(files, "rios"),
      ioWriteOperations: io(files, "wios"),
    },
  );
  assert.equal(ioWrittenBytes, WRITE_MIB * MIB);
  assert.ok(ioReadBytes! >= (CACHE_MIB + READ_MIB) * MIB, `${ioReadBytes} bytes read`);
  assert.deepEqual(usage.ioDevices?.map(({ name }) => name), ["nullb0"]);
  assert.equal(usage.oomKills, key(files, "memory.events", "oom_kill"));
  assert.equal(usage.memoryMaxEvents, key(files, "memory.events", "max"));
  assert.equal(usage.pidsPeak, Number(files["pids.peak"]));
}

function hasMemoryOf(usage: Usage, held: Files, files: Files): void {
  isNear(usage.memoryPeakBytes, Number(files["memory.peak"]), {
    tolerance: MEMORY_TOLERANCE,
    what: "memory peak",
  });
  const kinds = [["anon", usage.memoryAnonPeakBytes, ANON_MIB], [
    "file",
    usage.memoryFilePeakBytes,
    CACHE_MIB,
  ]];
  for (const [kind, recorded, knownMib] of kinds as [string, number, number][]) {
    isNear(recorded, key(held, "memory.stat", kind), { tolerance: MEMORY_TOLERANCE, what: kind });
    assert.ok(recorded >= knownMib * MIB, `${kind}: ${recorded}`);
  }
}

/** A job of the workload that holds its memory, with its directory. */
async function startWorkload(ending: "end" | "oom", options: readonly string[]) {
  const directory = `/tmp/corral-test-accuracy-${ending}`;
  succeeded(await machine.sh(`mkdir -p ${directory} && modprobe null_blk && test -b /dev/nullb0`));
  await machine.putFile(PROGRAM, await Deno.readTextFile(join(import.meta.dirname!, "accuracy_workload.py")));
  const id = await root.start(options, ["python3", PROGRAM, directory, ending]);
  const file = async (name: string) => {
    await until(root, `${directory}/${name} is there`, `[ -e ${directory}/${name} ]`, 60_000);
    return JSON.parse(await machine.readFile(`${directory}/${name}`));
  };
  return { id, file, go: () => machine.sh(`: >${directory}/go`), held: await file("held.json") as Files };
}

machineTest(machine, "the record of a job is what the kernel, rusage and the amounts say", async () => {
  const { id, file, go, held } = await startWorkload("end", ["--timeout", "5m"]);
  try {
    const anon = `"anonBytes": ${key(held, "memory.stat", "anon").toString().slice(0, 4)}`;
    await until(root, "a sample shows what it holds", `corral show ${id} --json | grep -q '${anon}'`);
    await go();
    const { files, cpuUsec } = await file("end.json") as { files: Files; cpuUsec: number };
    const { usage, reason } = await root.ended(id);
    assert.equal(reason, "exited");
    hasExact(usage, files);
    hasMemoryOf(usage, held, files);
    const cpu = { tolerance: CPU_TOLERANCE, what: "cpu" };
    isNear(usage.cpuUsageUsec, key(files, "cpu.stat", "usage_usec"), cpu);
    isNear(usage.cpuUsageUsec, cpuUsec, cpu);
    const waits = [
      ["cpu", usage.cpuPressureSomeUsec, usage.cpuPressureFullUsec],
      ["memory", usage.memoryPressureSomeUsec, usage.memoryPressureFullUsec],
      ["io", usage.ioPressureSomeUsec, usage.ioPressureFullUsec],
    ] as const;
    for (const [resource, some, full] of waits) {
      assert.ok(some! >= total(files, `${resource}.pressure`, "some"), `${resource} some`);
      assert.ok(full! >= total(files, `${resource}.pressure`, "full"), `${resource} full`);
      assert.ok(some! < 60e6 && full! <= some!, `${resource}: some ${some}, full ${full}`);
    }
    assert.ok(usage.cpuPressureSomeUsec! > 100_000, "two hogs and a shell waited for each other");
  } finally {
    await root.end(id);
  }
}, NEEDS);

/** The counters of a cgroup outlive whoever reads them on either kernel; one emulated machine spends its minute on it. */
const ON_ONE_KERNEL = machine.suite === "trixie" ? {} : { skip: "vm-trixie shows it" };

machineTest(machine, "the same when the supervisor is killed and a sweep collects what is left", async () => {
  const { id, go, held } = await startWorkload("oom", ["--timeout", "5m", "--memory", "400M"]);
  try {
    const query = `SELECT 1 FROM samples WHERE job_id = '${id}' AND anon_bytes > ${ANON_MIB * MIB}`;
    const python = `python3 -c "import sqlite3, sys
sys.exit(not sqlite3.connect('${root.stateDir}/corral.db').execute(sys.argv[1]).fetchall())" "${query}"`;
    await until(root, "the supervisor has saved what it sampled", python, 60_000);
    const { cgroupPath } = await root.show(id);
    await root.orphan(id);
    await go();
    const directory = `${CGROUP_MOUNT}${cgroupPath}`;
    await until(root, "the job is over", `grep -q 'populated 0' ${directory}/cgroup.events`, 60_000);
    const names = ["cpu.stat", "memory.peak", "memory.events", "io.stat", "pids.peak"];
    const files: Files = {};
    for (const name of names) files[name] = await machine.readFile(`${directory}/${name}`);
    succeeded(await root.corral(["sweep", "--quiet"]));
    const { usage, reason } = await root.ended(id);
    assert.equal(reason, "oom");
    hasExact(usage, files);
    assert.ok(usage.oomKills! > 0);
    assert.equal(usage.memoryPeakBytes, Number(files["memory.peak"]));
    assert.equal(usage.cpuUsageUsec, key(files, "cpu.stat", "usage_usec"));
    hasMemoryOf(usage, held, files);
    assert.equal(usage.wallMs, null, "nobody saw when it ended");
    assert.deepEqual(await leftOf(machine, [id]), []);
  } finally {
    await root.end(id);
  }
}, { ...NEEDS, ...ON_ONE_KERNEL });

machineTest(machine, "a job of 50 ms has a record as complete as one of an hour", async () => {
  // Periods are counted where there is a quota.
  const { job } = await root.run(["--cpus", "2"], ["sleep", "0.05"]);
  const unknown = Object.entries(job.usage).filter(([, value]) => value === null).map(([name]) => name);
  assert.deepEqual(unknown, UNKNOWN_HERE);
  assert.ok(job.usage.memoryAnonPeakBytes! > 0);
  assert.deepEqual(job.usage.ioDevices, []);
}, NEEDS);
