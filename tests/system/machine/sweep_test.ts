/**
 * `corral sweep` on a real system: whatever supervisors leave behind is ended and recorded, by every user on every backend; what should
 * live does, and what hangs holds up nobody.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest, nativeOnly, onceOnly } from "../../kit/machine/for_test.ts";
import type { Running } from "../../kit/machine/machine.ts";
import { allCallers, Caller, killGuard, linesOfSweep, succeeded, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const STUBBORN = ["/bin/sh", "-c", "trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done"];
const GRACE = ["--grace", "100ms"];

/** An act of a sweep, as `--json` has it. */
interface Act {
  id: string;
  action: string;
  reason: string;
  outcome: string;
}

/** A process outside of its job. */
interface Escapee {
  pid: number;
  id: string;
  ended: string;
}

interface SweepJson {
  ok: boolean;
  acts: Act[];
  escapees: Escapee[];
  findings: { kind: string; id: string | null; pid: number | null; message: string }[];
}

/** Less the cgroups of other stores: the machine's other tests have jobs too. */
async function sweep(caller: Caller, ...options: string[]): Promise<SweepJson> {
  const result: SweepJson = JSON.parse(
    succeeded(await caller.corral(["sweep", "--json", ...options])).stdout,
  );
  return { ...result, findings: result.findings.filter(({ kind }) => kind !== "unknown-cgroup") };
}

async function signalSupervisor(caller: Caller, job: string, signal: string): Promise<void> {
  const { id, supervisorPid } = await caller.show(job);
  await killGuard(machine, id);
  succeeded(await machine.exec(["kill", `-${signal}`, String(supervisorPid)]));
}

for (const caller of allCallers(machine, "sweep")) {
  machineTest(
    machine,
    `corral sweep of ${caller.name} ends orphans, collects what is over, spares the rest`,
    async () => {
      const start = (name: string, ...argv: string[]) => caller.start(["--name", name, ...GRACE], argv);
      const orphan = await start("orphan", ...STUBBORN);
      const over = await start(
        "over",
        "sh",
        "-c",
        "while :; do [ -e /tmp/over ] && exit 0; sleep 0.05; done",
      );
      const living = await start("living", "sleep", "1000");
      await Promise.all([orphan, over].map((job) => signalSupervisor(caller, job, "KILL")));
      const { pid } = await caller.show(over);
      await machine.exec(["touch", "/tmp/over"]);
      await until(caller, "its command has left", `! kill -0 ${pid}`);
      await machine.exec(["rm", "/tmp/over"]);
      const planned = await sweep(caller, "--dry-run");
      assert.deepEqual(planned.acts.map(({ id, outcome }) => [id, outcome]), [
        [orphan, "planned"],
        [over, "planned"],
      ]);
      const { ok, acts, findings } = await sweep(caller);
      assert.deepEqual(
        acts.map(({ id, action, reason, outcome }) => [id, action, reason, outcome]).sort(),
        [
          [orphan, "end", "orphaned", "ended"],
          [over, "collect", "exited", "ended"],
        ].sort(),
      );
      assert.deepEqual([ok, findings], [true, []]);
      for (const job of [orphan, over]) {
        const { state, usage, exitCode } = await caller.show(job);
        assert.deepEqual([state, exitCode], ["ended", null]);
        assert.ok(usage.cpuUsageUsec! > 0, "its usage outlived its supervisor");
      }
      assert.equal((await caller.show(living)).processes.length, 1);
      assert.deepEqual((await sweep(caller)).acts, []);
      await caller.end(living);
      assert.deepEqual(await leftOf(machine, [orphan, over, living]), []);
    },
    nativeOnly(machine),
  );
}

machineTest(
  machine,
  "corral sweep acts for a supervisor that hangs in its ending, and not before",
  async () => {
    const caller = new Caller(machine, "root", "systemd", "sweep-hang");
    const job = await caller.start(GRACE, STUBBORN);
    await signalSupervisor(caller, job, "STOP");
    const killing = machine.spawn([machine.corral, "--state-dir", caller.stateDir, "kill", job]);
    const { reason } = await caller.ended(job);
    await (await killing).wait();
    assert.equal(reason, "killed");
    assert.deepEqual((await sweep(caller)).acts, [], "what is left is the stopped supervisor's");
    await signalSupervisor(caller, job, "KILL");
    assert.deepEqual((await sweep(caller)).acts, []);
    assert.deepEqual(await leftOf(machine, [job]), []);
  },
  onceOnly(machine),
);

machineTest(machine, "corral sweep reports what left its job, and ends it once the job is over", async () => {
  const caller = new Caller(machine, "root", "systemd", "sweep-escapees");
  const script = "systemd-run --scope --quiet --collect sleep 4243 & exec sleep 1000";
  const job = await caller.start(GRACE, ["sh", "-c", script]);
  await until(caller, "it has left", "pgrep -f '^/usr/bin/sleep 4243'");
  const pid = Number((await machine.sh("pgrep -f '^/usr/bin/sleep 4243'")).stdout);
  const escapeesOf = ({ findings }: SweepJson) =>
    findings.filter(({ kind, id }) => kind === "escapee" && id === job).map((found) => found.pid);
  assert.deepEqual(escapeesOf(await sweep(caller)), [pid]);
  assert.deepEqual(
    escapeesOf(await sweep(caller, "--escapees", "kill")),
    [pid],
    "it works for a job that lives",
  );
  await caller.end(job);
  assert.deepEqual(escapeesOf(await sweep(caller)), [pid]);
  const { ok, escapees } = await sweep(caller, "--escapees", "kill");
  assert.deepEqual([ok, escapees.map(({ pid, id, ended }) => [pid, id, ended])], [true, [[
    pid,
    job,
    "term",
  ]]]);
  assert.deepEqual(await leftOf(machine, [job]), []);
}, nativeOnly(machine));

machineTest(machine, "corral sweep ends no process of another user for its marker", async () => {
  const caller = new Caller(machine, "root", "systemd", "sweep-forged");
  const { job } = await caller.run([], ["true"]);
  const forger = await machine.spawn(["sleep", "1000"], { user: "bob", env: { CORRAL_JOB_ID: job.id } });
  const { escapees, findings } = await sweep(caller, "--escapees", "kill");
  assert.deepEqual(escapees, []);
  assert.deepEqual(findings.map(({ kind, pid }) => [kind, pid]), [["escapee", forger.pid]]);
  await forger.kill("SIGSYS");
  assert.equal((await forger.wait()).signal, "SIGSYS", "of two signals the lower number takes it");
}, nativeOnly(machine));

/** Keeps the process from dying whose pid is in the file. */
async function startTracer(pidFile: string): Promise<Running> {
  const path = "/tmp/corral-test-hold_dying.py";
  await machine.putFile(path, await Deno.readTextFile(join(import.meta.dirname!, "hold_dying.py")));
  return await machine.spawn(["python3", path, pidFile], { timeoutMs: 120_000 });
}

machineTest(
  machine,
  "corral sweep stops the scope of a guard that was dead when systemd took it in",
  async () => {
    const caller = new Caller(machine, "root", "systemd", "sweep-dead-guard");
    const { job } = await caller.run([], ["true"]);
    const program = await Deno.readTextFile(join(import.meta.dirname!, "dead_guard.py"));
    const { stdout } = succeeded(await machine.exec(["python3", "-c", program, job.id]));
    assert.equal(stdout.trim(), "active", "systemd holds on to it");
    await sweep(caller);
    assert.deepEqual(await leftOf(machine, [job.id]), []);
  },
  nativeOnly(machine),
);

machineTest(
  machine,
  "corral sweep is not held up by a job that cannot die, and ends it once it can",
  async () => {
    const caller = new Caller(machine, "root", "cgroupfs", "sweep-stuck");
    const directory = succeeded(await machine.exec(["mktemp", "-d"])).stdout.trim();
    const tracer = await startTracer(`${directory}/pid`);
    try {
      const stuck = await caller.start(GRACE, ["sh", "-c", 'echo $$ >"$0/pid"; exec sleep 1000', directory]);
      const others = await Promise.all(Array.from({ length: 5 }, () => caller.start(GRACE, STUBBORN)));
      await until(caller, "it is traced", `grep -q 'TracerPid:\t[1-9]' /proc/$(cat ${directory}/pid)/status`);
      await Promise.all([stuck, ...others].map((job) => signalSupervisor(caller, job, "KILL")));
      const { code, stdout } = await caller.corral(["sweep", "--quiet"]);
      assert.equal(code, 1, stdout);
      const lines = linesOfSweep(stdout);
      assert.match(
        lines.pop()!,
        new RegExp(`^${stuck} not ended: 1 process is still alive: corral show ${stuck} `),
      );
      assert.deepEqual(
        lines.map((line) => line.slice(0, 6)).sort(),
        others.toSorted(),
        "they were told first",
      );
      await tracer.kill("SIGKILL");
      await tracer.wait();
      assert.deepEqual((await sweep(caller)).acts.map(({ id, outcome }) => [id, outcome]), [[
        stuck,
        "ended",
      ]]);
      assert.deepEqual(await leftOf(machine, [stuck, ...others]), []);
    } finally {
      await tracer.kill("SIGKILL");
    }
  },
  onceOnly(machine),
);

const HOLD = `import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
time.sleep(1000)`;
const TAKE = 'import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute("BEGIN IMMEDIATE")';

machineTest(
  machine,
  "corral sweep kills while another program holds the store, and the next one loses no figure",
  async () => {
    const caller = new Caller(machine, "root", "systemd", "sweep-held");
    const job = await caller.start(GRACE, STUBBORN);
    const { pid } = await caller.show(job);
    await signalSupervisor(caller, job, "KILL");
    const store = `${caller.stateDir}/corral.db`;
    const holder = await machine.spawn(["python3", "-c", HOLD, store]);
    try {
      await until(caller, "the store is held", `! python3 -c '${TAKE}' ${store}`);
      const { stderr } = await caller.corral(["sweep", "--quiet"]);
      assert.match(stderr, /^corral: warning: the record of this job is incomplete: .*locked/m);
      await until(caller, "its command is dead", `! kill -0 ${pid}`);
    } finally {
      await holder.kill("SIGKILL");
      await holder.wait();
    }
    assert.deepEqual((await sweep(caller)).acts.map(({ id, outcome }) => [id, outcome]), [[job, "ended"]]);
    const { state, usage } = await caller.show(job);
    assert.equal(state, "ended");
    assert.ok(usage.cpuUsageUsec! > 0);
    assert.deepEqual(await leftOf(machine, [job]), []);
  },
  onceOnly(machine),
);
