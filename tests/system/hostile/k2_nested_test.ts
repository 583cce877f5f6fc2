/** K2: a job that a job starts lies in it: limits, deadline, freeze and end of the outer one hold for it. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { type Caller, CGROUP_MOUNT, succeeded, until } from "../machine/caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import * as stage from "./stage.ts";
import { EVERYONE, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** The inner launch, as a command of the outer one. */
function inner(caller: Caller, options: readonly string[], argv: readonly string[]): string[] {
  return [machine.corral, "run", "--backend", caller.backend, ...options, "--", ...argv];
}

/** A job that goes on when the launch of a detached one in it is over. */
function goingOn(launchInside: readonly string[]): string[] {
  return ["sh", "-c", '"$@"; exec sleep 1000', "sh", ...launchInside];
}

/** Starts an outer job with an inner one that runs; their ids. */
async function nested(
  caller: Caller,
  outer: readonly string[],
  options: readonly string[],
): Promise<{ outer: string; inner: string }> {
  const mark = ownPath(caller, "runs");
  const id = await caller.start(
    ["--ref", "outer", ...outer],
    goingOn(inner(caller, ["--ref", "inner", ...options], stubborn(mark))),
  );
  await stage.exists(caller, mark);
  return { outer: id, inner: (await caller.show("ref:inner")).id };
}

hostileTest(machine, "K2: the deadline of a job ends the job in it", EVERYONE, async (caller) => {
  const mark = ownPath(caller, "runs");
  const words = launch(
    caller,
    ["--timeout", "2500ms", "--grace", "200ms", "--ref", "outer"],
    inner(caller, ["--ref", "inner"], stubborn(mark)),
  );
  assert.equal((await caller.exec(words)).code, 124);
  await stage.exists(caller, mark);
  assert.equal((await machine.sh(`pgrep -f '^/bin/sh -c trap.*${mark}$'`)).stdout, "", "survives");
  const jobs = [await caller.show("ref:outer"), await caller.show("ref:inner")];
  assert.deepEqual(await leftOf(machine, jobs.map(({ id }) => id)), []);
  await stage.noLiveJob(caller);
}, NATIVE);

hostileTest(
  machine,
  "K2: a job in a job lies in the cgroup of the outer, and show says so",
  EVERYONE,
  async (caller) => {
    const jobs = await nested(caller, [], ["--grace", "100ms"]);
    const [outer, within] = [await caller.show(jobs.outer), await caller.show(jobs.inner)];
    const slice = outer.cgroupPath.replace(/\/[^/]*\.scope$/, "");
    assert.ok(within.cgroupPath.startsWith(`${slice}/`), `${within.cgroupPath} is not below ${slice}`);
    assert.equal((within as unknown as { outer: string }).outer, jobs.outer);
    await caller.end(jobs.outer);
    await stage.noLiveJob(caller);
  },
  NATIVE,
);

for (const how of [[], ["--detach"]]) {
  hostileTest(
    machine,
    `K2: corral kill of a job ends the job in it, started ${how[0] ?? "in the foreground"}`,
    EVERYONE,
    async (caller) => {
      const jobs = await nested(caller, ["--grace", "200ms"], ["--grace", "1h", ...how]);
      // A detached one's launcher is over, and with it the outer job, unless that waits.
      const { state } = await caller.show(jobs.outer);
      if (state !== "ended") succeeded(await caller.corral(["kill", jobs.outer]));
      await stage.noLiveJob(caller);
      assert.deepEqual(await leftOf(machine, [jobs.outer, jobs.inner]), []);
    },
    NATIVE,
  );
}

hostileTest(machine, "K2: corral freeze of a job freezes the job in it", UNLIKE, async (caller) => {
  const jobs = await nested(caller, [], ["--grace", "100ms"]);
  succeeded(await caller.corral(["freeze", jobs.outer]));
  const { cgroupPath } = await caller.show(jobs.inner);
  const events = `${CGROUP_MOUNT}${cgroupPath}/cgroup.events`;
  await until(caller, "the inner job is frozen", `grep -q '^frozen 1$' ${events}`);
  succeeded(await caller.corral(["thaw", jobs.outer]));
  await caller.end(jobs.outer);
  await stage.noLiveJob(caller);
}, NATIVE);

hostileTest(machine, "K2: three jobs in one another end with the outermost", UNLIKE, async (caller) => {
  const mark = ownPath(caller, "runs");
  const middle = inner(caller, [], goingOn(inner(caller, ["--detach"], stubborn(mark))));
  // No deadline: on a busy machine it would pass before the innermost job runs.
  const outer = await caller.start(["--grace", "200ms"], goingOn(middle));
  await stage.exists(caller, mark);
  succeeded(await caller.corral(["kill", outer]));
  await stage.endedAs(caller, outer, "killed");
  assert.equal((await machine.sh(`pgrep -f '^/bin/sh -c trap.*${mark}$'`)).stdout, "", "survives");
  await stage.noLiveJob(caller);
}, NATIVE);

hostileTest(machine, "K2: the memory limit of a job holds for the job in it", EVERYONE, async (caller) => {
  const eat = inner(caller, ["--ref", "inner"], ["python3", "-c", "b'x' * 400_000_000; print('ate it')"]);
  const { stdout, code } = await caller.exec(launch(caller, ["--memory", "150M", "--ref", "outer"], eat), {
    timeoutMs: 90_000,
  });
  assert.equal(stdout, "");
  assert.notEqual(code, 0);
  assert.equal((await caller.show("ref:outer")).reason, "oom");
  await stage.noLiveJob(caller);
}, { needs: ["memory"] });

hostileTest(machine, "K2: the pids limit of a job holds for the job in it", UNLIKE, async (caller) => {
  const fork = "import os, time\nfor _ in range(300): os.fork() or time.sleep(60)";
  const argv = inner(caller, ["--timeout", "2s", "--grace", "0"], [
    "python3",
    "-c",
    `${fork}\nopen('${ownPath(caller, "forked")}', 'w')`,
  ]);
  await caller.exec(launch(caller, ["--pids", "60", "--timeout", "10s", "--grace", "0"], argv), {
    timeoutMs: 60_000,
  });
  assert.equal(
    (await machine.sh(`test -e '${ownPath(caller, "forked")}'`)).code,
    1,
    "it had its 300 processes",
  );
  await stage.noLiveJob(caller);
}, { needs: ["pids"] });

/** A job of root's that becomes alice and calls corral: alice's manager makes cgroups elsewhere. */
const AS_ALICE = [
  "runuser",
  "-u",
  "alice",
  "--",
  "env",
  "XDG_RUNTIME_DIR=/run/user/1000",
  "HOME=/home/alice",
  "CORRAL_STATE_DIR=",
];

hostileTest(
  machine,
  "K2: a job in a job of another user is refused where it would lie outside",
  ROOT,
  async (caller) => {
    const store = ownPath(caller, "alices");
    const switching = [...AS_ALICE.slice(0, -1), `CORRAL_STATE_DIR=${store}`, machine.corral, "run"];
    const refused = await caller.exec(launch(caller, ["--quiet"], [...switching, "--", "echo", "ran"]), {
      cwd: "/",
    });
    assert.deepEqual([refused.stdout, refused.code], ["", 125], refused.stderr);
    assert.match(refused.stderr, /^corral: .*--best-effort.*$/m);
    const warned = await caller.exec(
      launch(caller, ["--quiet"], [...switching, "--best-effort", "--", "echo", "ran"]),
      { cwd: "/" },
    );
    assert.deepEqual([warned.stdout, warned.code], ["ran\n", 0], warned.stderr);
    assert.match(warned.stderr, /^corral: warning: /m);
  },
  NATIVE,
);
