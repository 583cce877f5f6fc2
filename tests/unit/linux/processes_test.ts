import assert from "node:assert/strict";
import { hostClock, startedBootMs } from "../../../src/linux/clock.ts";
import { pageSizeBytes } from "../../../src/linux/libc.ts";
import { poll } from "../../../src/base/poll.ts";
import {
  commandLine,
  descendantsOf,
  listProcesses,
  markerOf,
  readProcess,
} from "../../../src/linux/processes.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { Bystander } from "../../kit/fakes/bystander.ts";
import { BOOT_ID, JOB_ID } from "../../kit/fakes/job.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";
import { processOf } from "../../kit/fakes/process.ts";
import { QuickTime } from "../../kit/fakes/quick_time.ts";

const REAL = { procs: new Procs("/proc"), clock: hostClock("/proc") };

function sourceOf(proc: ProcDir) {
  return {
    procs: proc.procs,
    clock: { wallMs: () => 0, bootMs: () => 9_101_000, bootId: () => BOOT_ID },
  };
}

/** The C library stays open for the life of the process. */
function listTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

/** Whether this process has one of them open: a read that hung closes its file when it has come back. */
function hasOpen(paths: readonly string[]): boolean {
  const links = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => `/proc/self/fd/${name}`);
  return links.some((link) => {
    try {
      return paths.includes(Deno.readLinkSync(link));
    } catch {
      return false; // that of the directory itself, closed meanwhile
    }
  });
}

/** A read that hangs comes back after those who asked. */
function hangTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, sanitizeOps: false, fn });
}

listTest("listProcesses() says everything about a process, with units", async () => {
  using proc = new ProcDir();
  const command = ["python3", "", "a b", "--sid"];
  proc.add(NO_PID, { ppid: 7, name: "python3", state: "R", cgroup: "/x.service", command });
  assert.deepEqual(await listProcesses(sourceOf(proc)), [{
    pid: NO_PID,
    startTicks: 900_100,
    bootId: BOOT_ID,
    ppid: 7,
    session: NO_PID,
    terminal: 0,
    name: "python3",
    state: "R",
    kernelThread: false,
    exiting: false,
    uid: Deno.uid(),
    ageMs: 100_000,
    cpuUsageUsec: 120_000,
    residentBytes: 451 * pageSizeBytes(),
    words: command,
    cgroupPath: "/x.service",
  }]);
});

listTest("listProcesses() is in the order of the pids and takes nothing else for a process", async () => {
  using proc = new ProcDir();
  for (const pid of [NO_PID + 10, NO_PID, NO_PID + 9]) proc.add(pid);
  proc.write("12x/stat", "no");
  const pids = (await listProcesses(sourceOf(proc))).map(({ pid }) => pid);
  assert.deepEqual(pids, [NO_PID, NO_PID + 9, NO_PID + 10]);
});

listTest("listProcesses() leaves out a process that ends while it is read", async () => {
  for (const file of ["stat", "cmdline"]) {
    using proc = new ProcDir();
    proc.add(NO_PID);
    proc.add(NO_PID + 1, { command: ["sleep"] });
    Deno.removeSync(`${proc.root}/${NO_PID + 1}/${file}`);
    assert.deepEqual((await listProcesses(sourceOf(proc))).map(({ pid }) => pid), [NO_PID], file);
  }
});

listTest("listProcesses() takes NULs at the end of a command line for padding, not for words", async () => {
  using proc = new ProcDir();
  const cases: [string, string[]][] = [
    ["", []],
    ["\0\0\0", []],
    ["sshd: alice [priv]\0\0\0\0\0", ["sshd: alice [priv]"]],
    ["no end", ["no end"]],
    ["\0x\0", ["", "x"]],
    ["evil\n\x1b[2J\0\xff\0", ["evil\n\x1b[2J", "\xff"]],
  ];
  for (const [text, words] of cases) {
    proc.add(NO_PID);
    proc.write(`${NO_PID}/cmdline`, text);
    assert.deepEqual((await readProcess(sourceOf(proc), NO_PID))?.words, words, JSON.stringify(text));
  }
});

listTest("listProcesses() reads 64 KiB of a command line and no more", async () => {
  using proc = new ProcDir();
  proc.add(NO_PID, { command: ["x".repeat(200_000)] });
  assert.deepEqual((await readProcess(sourceOf(proc), NO_PID))?.words, ["x".repeat(65_536)]);
});

listTest("listProcesses() asks a kernel thread for no command line", async () => {
  using proc = new ProcDir();
  proc.add(NO_PID, { flags: 0x0020_8040, command: ["forged"] });
  const [process] = await listProcesses(sourceOf(proc));
  assert.deepEqual([process?.kernelThread, process?.words, commandLine(process!)], [true, [], null]);
});

listTest("listProcesses() finds real ones as they are", async () => {
  await using bystander = new Bystander();
  const list = await listProcesses(REAL);
  const self = list.find(({ pid }) => pid === Deno.pid)!;
  const other = list.find(({ pid }) => pid === bystander.pid)!;
  assert.deepEqual([other.ppid, other.uid, other.name], [Deno.pid, Deno.uid(), "sleep"]);
  assert.match(commandLine(other)!, /sleep 1000$/);
  assert.ok(other.ageMs < 60_000 && other.ageMs < self.ageMs, `${other.ageMs} ${self.ageMs}`);
  assert.ok(self.residentBytes > 10_000_000 && self.cpuUsageUsec > 0);
  assert.equal(startedBootMs(other), other.startTicks * 10);
});

hangTest("a process that hangs does not make corral hang: no command line, no marker", async () => {
  using proc = new ProcDir();
  using _time = new QuickTime(5);
  proc.add(NO_PID, { command: ["sleep"] });
  proc.add(NO_PID + 1);
  const fifos = [`${proc.root}/${NO_PID + 1}/cmdline`, `${proc.root}/${NO_PID + 1}/environ`];
  Deno.removeSync(fifos[0]!);
  assert.ok((await new Deno.Command("mkfifo", { args: fifos }).output()).success);
  // Open for writing too, so that only the read hangs.
  const ends = fifos.map((path) => Deno.openSync(path, { read: true, write: true }));
  try {
    const [list, marker] = await Promise.all([
      listProcesses(sourceOf(proc)),
      markerOf(proc.procs, NO_PID + 1),
    ]);
    assert.deepEqual(list.map(({ words }) => words), [["sleep"], null]);
    assert.equal(marker, null);
  } finally {
    for (const end of ends) {
      end.writeSync(new Uint8Array(1));
      end.close();
    }
    assert.ok(await poll(() => !hasOpen(fifos), 50_000), "a read of it is still under way");
  }
});

Deno.test("markerOf() is the id that a process was started with", async () => {
  const cases: [string, string | null][] = [
    [`A=1\0CORRAL_JOB_ID=${JOB_ID}\0B=2\0`, JOB_ID],
    [`CORRAL_JOB_ID=${JOB_ID}`, JOB_ID],
    [`X=${"y".repeat(1_000_000)}\0CORRAL_JOB_ID=${JOB_ID}\0`, JOB_ID],
    [`XCORRAL_JOB_ID=${JOB_ID}\0`, null],
    [`X=CORRAL_JOB_ID=${JOB_ID}\0`, null],
    ["CORRAL_JOB_ID=\0", null],
    ["CORRAL_JOB_ID=../../etc\0", null],
    ["", null],
  ];
  using proc = new ProcDir();
  for (const [text, id] of cases) {
    proc.write(`${NO_PID}/environ`, text);
    assert.equal(await markerOf(proc.procs, NO_PID), id, text.slice(0, 80));
  }
  assert.equal(await markerOf(proc.procs, NO_PID + 1), null);
});

Deno.test("markerOf() reads the environment of a real process", async () => {
  const child = new Deno.Command("sleep", { args: ["1000"], stdin: "null", env: { CORRAL_JOB_ID: JOB_ID } })
    .spawn();
  try {
    // On a busy machine one read may pass its cap: no answer, which is not another answer.
    let marker = null;
    for (let tries = 0; marker === null && tries < 100; tries++) {
      marker = await markerOf(REAL.procs, child.pid);
    }
    assert.equal(marker, JOB_ID);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("descendantsOf() finds children of children, in the order of the list, and not the roots", () => {
  const list = [
    processOf(1, { ppid: 0 }),
    processOf(40, { ppid: 30 }),
    processOf(10, { ppid: 1 }),
    processOf(30, { ppid: 10 }),
    processOf(50, { ppid: 1 }),
    processOf(60, { ppid: 50 }),
  ];
  const below = (...pids: number[]) => descendantsOf(pids, list).map(({ pid }) => pid);
  assert.deepEqual(below(10), [40, 30]);
  assert.deepEqual(below(10, 30), [40]);
  assert.deepEqual(below(1), [40, 10, 30, 50, 60]);
  assert.deepEqual(below(99), []);
  assert.deepEqual(below(), []);
});

Deno.test("descendantsOf() comes to an end in a circle and in a chain of 100,000", () => {
  const circle = [processOf(2, { ppid: 3 }), processOf(3, { ppid: 2 })];
  assert.deepEqual(descendantsOf([2], circle).map(({ pid }) => pid), [3]);
  const chain = Array.from({ length: 100_000 }, (_, index) => ({ pid: index + 1, ppid: index }));
  assert.equal(descendantsOf([1], chain).length, 99_999);
});
