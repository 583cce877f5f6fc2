import assert from "node:assert/strict";
import { ParseError } from "../../../src/base/errors.ts";
import { parseCgroupPath, parseStat, Procs } from "../../../src/linux/proc.ts";
import { parseSignal } from "../../../src/value/signal.ts";
import { Bystander } from "../../kit/fakes/bystander.ts";
import { BOOT_ID } from "../../kit/fakes/job.ts";
import { NO_PID, ProcDir, statLine } from "../../kit/fakes/proc_dir.ts";

const TERM = parseSignal("TERM");
const PATH = "/proc/4711/stat";

/** From Linux 6.18: a process that was named by prctl(PR_SET_NAME, "a) R 1 (b"). */
const REAL_LINE = await Deno.readTextFile(
  new URL("../../kit/fixtures/proc/stat_hostile_name", import.meta.url),
);

Deno.test("parseStat() reads a real line whose name looks like fields", () => {
  assert.deepEqual(parseStat(REAL_LINE, PATH), {
    pid: 1503,
    name: "a) R 1 (b",
    state: "R",
    ppid: 1458,
    pgid: 1458,
    session: 546,
    terminal: 0,
    kernelThread: false,
    exiting: false,
    cpuTicks: 5,
    threads: 1,
    startTicks: 546_292,
    residentPages: 3401,
  });
});

Deno.test("parseStat() takes the name for what it is, whatever it is", () => {
  const names = [
    "",
    " ",
    ")",
    "(",
    ") Z 1 1 1",
    "\n",
    "a\nb",
    "\x1b[2J",
    "((()))",
    "é\ufffd",
    ") R 0 0 0 0 0",
  ];
  for (const name of names) {
    const stat = parseStat(statLine(4711, { name, state: "D", ppid: 7, startTicks: 900_123 }), PATH);
    assert.deepEqual([stat.pid, stat.name, stat.state, stat.ppid], [4711, name, "D", 7], name);
    assert.deepEqual([stat.cpuTicks, stat.startTicks, stat.residentPages], [12, 900_123, 451], name);
  }
});

Deno.test("parseStat() refuses what is cut short, and names the file", () => {
  for (const text of ["", "4711", "4711 (sleep", "4711 (sleep)", "4711 (sleep) S 1 4711", ") 1 ("]) {
    assert.throws(
      () => parseStat(text, PATH),
      (error: unknown) => error instanceof ParseError && error.path === PATH,
      JSON.stringify(text),
    );
  }
});

/** From Linux 6.18: the first kernel thread of a node. */
const KTHREADD =
  "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0 18446744073709551615 0 0 0 0 0 0 0 " +
  "2147483647 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

Deno.test("parseStat() knows a kernel thread by its flags, not by its name or parent", () => {
  assert.ok(parseStat(KTHREADD, PATH).kernelThread);
  assert.ok(!parseStat(statLine(4711, { name: "[kworker/0:1]", ppid: 2 }), PATH).kernelThread);
});

Deno.test("parseCgroupPath() finds the cgroup2 line among those of version 1", () => {
  assert.equal(parseCgroupPath("4:memory:/x\n1:name=systemd:/y\n0::/corral/7k2m9q\n"), "/corral/7k2m9q");
  assert.equal(parseCgroupPath("0::/\n"), "/");
  assert.equal(parseCgroupPath("0::/a:b::c\n"), "/a:b::c");
  assert.equal(parseCgroupPath("4:memory:/x\n"), null);
  assert.equal(parseCgroupPath(""), null);
});

Deno.test("parseCgroupPath() of a process whose cgroup was removed under it", () => {
  assert.equal(parseCgroupPath("0::/corral/7k2m9q (deleted)\n"), "/corral/7k2m9q");
});

Deno.test("Procs gives null for a process that is gone, and passes on every other error", () => {
  using proc = new ProcDir();
  assert.equal(proc.procs.stat(NO_PID), null);
  assert.equal(proc.procs.identify(NO_PID, BOOT_ID), null);
  assert.equal(proc.procs.cgroupPath(NO_PID), null);
  assert.equal(proc.procs.uid(NO_PID), null);
  Deno.mkdirSync(`${proc.root}/${NO_PID}/stat`, { recursive: true });
  assert.throws(() => proc.procs.stat(NO_PID));
  assert.equal(proc.procs.readIfAllowed(NO_PID, "stat"), null);
});

Deno.test("Procs.uid() reads the real user of a process", () => {
  using proc = new ProcDir();
  proc.add(NO_PID, {});
  assert.equal(proc.procs.uid(NO_PID), 1000);
});

Deno.test("Procs.isAlive() wants pid, start time and boot, and no zombie", () => {
  using proc = new ProcDir();
  const identity = { pid: NO_PID, startTicks: 900_100, bootId: BOOT_ID };
  assert.ok(!proc.procs.isAlive(identity, BOOT_ID));
  proc.add(NO_PID);
  assert.ok(proc.procs.isAlive(identity, BOOT_ID));
  assert.ok(!proc.procs.isAlive({ ...identity, startTicks: 900_101 }, BOOT_ID));
  assert.ok(!proc.procs.isAlive(identity, "another boot"));
  for (const state of ["R", "S", "D", "T", "t", "I"]) {
    proc.add(NO_PID, { state });
    assert.ok(proc.procs.isAlive(identity, BOOT_ID), state);
  }
  for (const state of ["Z", "X", "x"]) {
    proc.add(NO_PID, { state });
    assert.ok(!proc.procs.isAlive(identity, BOOT_ID), state);
  }
});

Deno.test("Procs.signal() sends nothing to the next process with the same pid", async () => {
  await using bystander = new Bystander();
  const procs = new Procs("/proc");
  const { startTicks } = procs.stat(bystander.pid)!;
  assert.ok(!procs.signal({ pid: bystander.pid, startTicks: startTicks - 1, bootId: "b" }, "b", TERM));
  assert.ok(!procs.signal({ pid: bystander.pid, startTicks, bootId: "an earlier one" }, "b", TERM));
  assert.ok(await bystander.wasLeftAlone());
});

Deno.test("Procs.signal() reaches the process that is meant", async () => {
  await using bystander = new Bystander();
  const procs = new Procs("/proc");
  const identity = procs.identify(bystander.pid, "b")!;
  assert.ok(procs.signal(identity, "b", TERM));
  assert.ok(!await bystander.wasLeftAlone());
  assert.ok(!procs.signal(identity, "b", TERM));
});

Deno.test({
  name: "Procs.signal() can send real-time signals",
  // The C library stays open for the life of the process.
  sanitizeResources: false,
  async fn() {
    const script = "trap 'kill $!; exit 7' 35; sleep 1000 & echo ready; wait";
    const child = new Deno.Command("sh", { args: ["-c", script], stdin: "null", stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    const procs = new Procs("/proc");
    assert.ok(procs.signal(procs.identify(child.pid, "b")!, "b", parseSignal("RTMIN+1")));
    assert.equal((await child.status).code, 7);
    await reader.cancel();
  },
});

Deno.test("Procs.signalIn() looks where the process is before it sends", async () => {
  await using bystander = new Bystander();
  using proc = new ProcDir();
  for (const cgroup of ["/corral/7k2m9qx", "/corral", "/", "/elsewhere/corral/7k2m9q"]) {
    proc.add(bystander.pid, { cgroup });
    assert.ok(!proc.procs.signalIn("/corral/7k2m9q", bystander.pid, TERM), cgroup);
  }
  proc.add(NO_PID, { cgroup: "/corral/7k2m9q/nested" });
  assert.ok(!proc.procs.signalIn("/corral/7k2m9q", NO_PID, TERM), "there is no such process");
  assert.ok(await bystander.wasLeftAlone());
});

Deno.test("Procs.signalIn() reaches nested cgroups too", async () => {
  await using bystander = new Bystander();
  using proc = new ProcDir();
  proc.add(bystander.pid, { cgroup: "/corral/7k2m9q/nested" });
  assert.ok(proc.procs.signalIn("/corral/7k2m9q", bystander.pid, TERM));
  assert.ok(!await bystander.wasLeftAlone());
});
