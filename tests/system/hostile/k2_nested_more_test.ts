/** K2: more of a job in a job: what ends one and not the other, what is recorded then, and what takes no job out of the one that it is in. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { CRASHING_CORRAL } from "../../kit/machine/guest_files.ts";
import { type Caller, CGROUP_MOUNT, type LiveJson, succeeded, until } from "../machine/caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, EVERYONE, hostileTest, launch, ownPath, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

type Nested = LiveJson & { outer: string | null };

/** The inner launch, as a command of the outer one. */
function inner(caller: Caller, options: readonly string[], argv: readonly string[]): string[] {
  return [machine.corral, "run", "--backend", caller.backend, "--ref", "inner", ...options, "--", ...argv];
}

/** An outer job that goes on when its inner one is over. */
async function started(
  caller: Caller,
  options: readonly string[],
  within: readonly string[],
): Promise<{ outer: string; inner: string }> {
  const mark = ownPath(caller, "runs");
  const goesOn = ["sh", "-c", '"$@"; : >"$0"; exec sleep 1000', ownPath(caller, "goes-on")];
  const outer = await caller.start(["--ref", "outer", ...options], [
    ...goesOn,
    ...inner(caller, within, stubborn(mark)),
  ]);
  await stage.exists(caller, mark);
  return { outer, inner: (await caller.show("ref:inner")).id };
}

/** The outer job runs on, its inner one has left nothing in it; then it is ended. */
async function outerAlone(caller: Caller, jobs: { outer: string; inner: string }): Promise<void> {
  await stage.exists(caller, ownPath(caller, "goes-on"));
  assert.equal((await caller.show(jobs.outer)).state, "running");
  assert.deepEqual(await leftOf(machine, [jobs.inner]), []);
  await caller.end(jobs.outer);
  await stage.noLiveJob(caller);
}

hostileTest(machine, "K2: corral kill of the inner job leaves the outer", EVERYONE, async (caller) => {
  const jobs = await started(caller, [], ["--grace", "100ms"]);
  succeeded(await caller.corral(["kill", jobs.inner]));
  await stage.endedAs(caller, jobs.inner, "killed");
  await outerAlone(caller, jobs);
}, NATIVE);

hostileTest(machine, "K2: the deadline of the inner job leaves the outer", UNLIKE, async (caller) => {
  const jobs = await started(caller, [], ["--timeout", "500ms", "--grace", "100ms"]);
  await stage.endedAs(caller, jobs.inner, "timeout");
  await outerAlone(caller, jobs);
}, NATIVE);

hostileTest(
  machine,
  "K2: an inner job whose supervisor is killed is ended by its guard, and the outer goes on",
  EVERYONE,
  async (caller) => {
    const jobs = await started(caller, [], ["--grace", "100ms"]);
    const { supervisorPid } = await caller.show(jobs.inner);
    succeeded(await caller.exec(["kill", "-KILL", String(supervisorPid)]));
    await stage.endedAs(caller, jobs.inner, "orphaned");
    await outerAlone(caller, jobs);
  },
  NATIVE,
);

for (const order of ["outer first", "inner first"]) {
  hostileTest(
    machine,
    `K2: a sweep ends jobs in one another without supervisors and guards, and loses none (${order})`,
    EVERYONE,
    async (caller) => {
      const jobs = await started(caller, ["--grace", "100ms"], ["--grace", "100ms", "--detach"]);
      await caller.orphan(...order === "outer first" ? [jobs.outer, jobs.inner] : [jobs.inner, jobs.outer]);
      await caller.corral(["sweep"]);
      for (const id of [jobs.outer, jobs.inner]) await stage.endedAs(caller, id, "orphaned");
      assert.deepEqual(await leftOf(machine, [jobs.outer, jobs.inner]), []);
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K2: the inner job is recorded when only the outer one's end reaches it, and no process of corral's lives to see it",
  EVERYONE,
  async (caller) => {
    const jobs = await started(caller, [], ["--detach"]);
    await caller.orphan(jobs.inner);
    await caller.end(jobs.outer);
    await caller.corral(["sweep"]);
    await stage.endedAs(caller, jobs.inner, "orphaned");
    assert.deepEqual(await leftOf(machine, [jobs.outer, jobs.inner]), []);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: a detached inner job ends with the outer, and its record is complete at once, without a sweep",
  EVERYONE,
  async (caller) => {
    const jobs = await started(caller, [], ["--detach"]);
    await caller.end(jobs.outer);
    await stage.endedAs(caller, jobs.inner, "orphaned");
    assert.deepEqual(await leftOf(machine, [jobs.outer, jobs.inner]), []);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: no environment takes a job out of the one that it is in",
  EVERYONE,
  async (caller) => {
    const keep = ["HOME=/tmp", "PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=/run/user/1000"];
    const forged = ["CORRAL_CGROUP_ROOT=/", "CORRAL_SUPERVISE=abcdef", "CORRAL_JOB_ID="];
    for (const variables of [[], forged.slice(0, 1), forged.slice(2)]) {
      const wiped = ["env", "-i", ...keep, `CORRAL_STATE_DIR=${caller.stateDir}`, ...variables];
      const words = launch(caller, ["--quiet"], [
        ...wiped,
        ...inner(caller, ["--quiet"], ["cat", "/proc/self/cgroup"]),
      ]);
      const { stdout } = succeeded(await caller.exec(words));
      const [, above] = /^0::.*?\/corral(?:\.slice\/corral-|\/)([^./]*)/m.exec(stdout) ?? [];
      const job = await caller.show("ref:inner") as Nested;
      assert.equal(job.outer, above, stdout);
      assert.notEqual(job.outer, job.id, stdout);
      assert.ok(stdout.includes(job.id), stdout);
    }
    await stage.noLiveJob(caller);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: without a word the backend is the outer job's; another is refused, or beside",
  UNLIKE,
  async (caller) => {
    const run = async (...options: string[]) => {
      const command = [machine.corral, "run", ...options, "--", "cat", "/proc/self/cgroup"];
      return await caller.exec(launch(caller, ["--quiet", "--ref", "outer"], command));
    };
    const follows = succeeded(await run("--ref", "inner")).stdout;
    const outer = await caller.show("ref:outer");
    assert.ok(follows.includes(outer.id), follows);
    const other = caller.backend === "systemd" ? "cgroupfs" : "systemd";
    const refused = await run("--backend", other);
    assert.deepEqual([refused.stdout, refused.code], ["", 125], refused.stderr);
    assert.match(refused.stderr, /^corral: the job would lie outside of job .*--best-effort\)$/m);
    const beside = succeeded(await run("--backend", other, "--best-effort", "--ref", "inner"));
    assert.match(beside.stderr, /^corral: warning: the job lies outside of job /m);
    assert.equal((await caller.show("ref:inner") as Nested).outer, null);
    const detached = await run("--backend", other, "--best-effort", "--detach");
    assert.equal(detached.stderr.match(/warning: the job lies outside/g)?.length, 1, detached.stderr);
    await stage.noLiveJob(caller);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: what the inner job uses is in the usage of the outer",
  EVERYONE,
  async (caller) => {
    const burn = "import time\nwhile time.process_time() < 0.5: pass";
    const { job } = await caller.run(["--ref", "outer"], inner(caller, ["--quiet"], ["python3", "-c", burn]));
    const within = await caller.show("ref:inner");
    assert.ok(within.usage.cpuUsageUsec! >= 500_000, String(within.usage.cpuUsageUsec));
    assert.ok(job.usage.cpuUsageUsec! >= within.usage.cpuUsageUsec!, JSON.stringify(job.usage));
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: a frozen job in a frozen job is ended with it, and a new deadline of it leaves no drop-in",
  EVERYONE,
  async (caller) => {
    const jobs = await started(caller, ["--grace", "100ms"], ["--timeout", "1h"]);
    succeeded(await caller.corral(["set", jobs.inner, "--timeout", "+1h"]));
    succeeded(await caller.corral(["freeze", jobs.inner]));
    succeeded(await caller.corral(["freeze", jobs.outer]));
    succeeded(await caller.corral(["kill", jobs.outer]));
    await stage.noLiveJob(caller);
    assert.deepEqual(await leftOf(machine, [jobs.outer, jobs.inner]), []);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: an inner slice that an admin has frozen by systemctl does not keep the outer one",
  stage.ROOT,
  async (caller) => {
    const jobs = await started(caller, ["--grace", "100ms"], ["--detach"]);
    const slice = `corral-${jobs.outer}-${jobs.inner}.slice`;
    succeeded(await caller.exec(["systemctl", "freeze", slice]));
    succeeded(await caller.corral(["kill", jobs.outer]));
    await stage.noLiveJob(caller);
    assert.deepEqual(await leftOf(machine, [jobs.outer, jobs.inner]), []);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: the first signal of the outer job's end reaches a process of the inner one once, not from both supervisors",
  UNLIKE,
  async (caller) => {
    const [mark, heard] = [ownPath(caller, "runs"), ownPath(caller, "heard")];
    const counts = "import signal, sys, time\n" +
      "signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[2], 'a').write('TERM\\n'))\n" +
      "open(sys.argv[1], 'w')\nwhile True: time.sleep(1000)";
    const outer = await caller.start(
      ["--grace", "1s"],
      inner(caller, ["--grace", "1h"], ["python3", "-c", counts, mark, heard]),
    );
    await stage.exists(caller, mark);
    succeeded(await caller.corral(["kill", outer]));
    await stage.noLiveJob(caller);
    assert.equal(succeeded(await machine.exec(["cat", heard])).stdout, "TERM\n");
    assert.equal((await caller.show("ref:inner")).reason, "killed");
  },
  NATIVE,
);

for (const step of ["launch: cgroup made", "launch: limits set", "launch: placed", "launch: gate opened"]) {
  const as = step === "launch: placed" || step === "launch: gate opened" ? EVERYONE : [BOTH_BACKENDS[1]!];
  hostileTest(
    machine,
    `K2: an inner launch that is killed at "${step}" keeps no outer job's cgroup, and is not lost`,
    as,
    async (caller) => {
      const crashing = [
        ...["env", `CORRAL_TEST_CRASH=${step}`, CRASHING_CORRAL, "run", "--backend", caller.backend],
        ...["--ref", "inner", "--grace", "100ms", "--", "sleep", "1000"],
      ];
      const outer = await caller.start(["--ref", "outer"], [
        ...["sh", "-c", '"$@"; : >"$0"; exec sleep 1000', ownPath(caller, "goes-on"), ...crashing],
      ]);
      await stage.exists(caller, ownPath(caller, "goes-on"));
      const inner = await caller.show("ref:inner");
      await caller.end(outer);
      await caller.corral(["sweep"]);
      await stage.noLiveJob(caller);
      const { reason } = await caller.show(inner.id);
      const allowed = step === "launch: gate opened"
        ? ["exited", "orphaned"]
        : ["failed-to-start", "orphaned"];
      assert.ok(allowed.includes(String(reason)), String(reason));
      assert.deepEqual(await leftOf(machine, [outer, inner.id]), []);
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K2: corral adopt in a job takes processes from outside into a job beside it",
  UNLIKE.slice(0, 1),
  async (caller) => {
    const pidFile = ownPath(caller, "pid");
    await caller.exec(["sh", "-c", `setsid sleep 1000 >/dev/null 2>&1 & echo $! >${pidFile}`]);
    const adopt = `exec ${machine.corral} adopt --backend ${caller.backend} --pid $(cat ${pidFile})`;
    const { stdout } = succeeded(await caller.exec(launch(caller, ["--quiet"], ["sh", "-c", adopt])));
    const adopted = await caller.show(stdout.trim()) as Nested;
    // The job that adopted it has ended since, and with it nothing of this one.
    assert.deepEqual([adopted.state, adopted.outer], ["running", null]);
    await caller.end(adopted.id);
    await stage.noLiveJob(caller);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: corral sweep in a job touches neither that nor what is in it",
  UNLIKE,
  async (caller) => {
    const jobs = await started(caller, [], []);
    const events = `${CGROUP_MOUNT}${(await caller.show(jobs.outer)).cgroupPath}/cgroup.events`;
    await until(caller, "the outer job lives", `grep -q '^populated 1$' ${events}`);
    const sweep = inner(caller, ["--quiet"], [machine.corral, "sweep"]);
    const swept = await caller.exec(launch(caller, ["--quiet"], sweep));
    assert.equal(swept.code, 0, swept.stderr);
    for (const id of [jobs.outer, jobs.inner]) assert.equal((await caller.show(id)).state, "running");
    await caller.end(jobs.outer);
    await stage.noLiveJob(caller);
  },
  NATIVE,
);
