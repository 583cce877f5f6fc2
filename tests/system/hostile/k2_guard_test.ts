/** K2: whatever ends the supervisor by force, its job is ended at once, and no sweep is needed for it. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { type Caller, CGROUP_MOUNT, succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { ALICE, EVERYONE, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const GRACE = ["--grace", "200ms", "--quiet"];

/** Starts a worker of its own process group that starts the job, and kills the whole group once the job runs. */
const KILL_GROUP = `mark=$1; shift
  setsid sh -c '"$@" & sleep 1000' sh "$@" & leader=$!
  until test -e "$mark"; do sleep 0.02; done
  kill -9 -"$leader"`;

async function endsWithTheGuard(caller: Caller, reason = "orphaned"): Promise<void> {
  const { id } = await stage.endedAs(caller, "last", reason);
  assert.deepEqual(await leftOf(machine, [id]), []);
}

for (const [how, option] of [["with its parent", ["--with-parent"]], ["for itself", []]] as const) {
  hostileTest(
    machine,
    `K2: kill -9 of the caller's process group ends a job that runs ${how}`,
    EVERYONE,
    async (caller) => {
      const mark = ownPath(caller, "runs");
      const words = launch(caller, [...option, ...GRACE], stubborn(mark));
      await stage.script(caller, KILL_GROUP, [mark, ...words]);
      await endsWithTheGuard(caller);
    },
    NATIVE,
  );
}

hostileTest(machine, "K2: a guard that is stopped does not outlive its job", EVERYONE, async (caller) => {
  const mark = ownPath(caller, "runs");
  const id = await caller.start(["--quiet"], ["sh", "-c", `: >${mark}; sleep 1000`]);
  await stage.exists(caller, mark);
  const guard = `pgrep -f '[c]orral-guard-${id} '`;
  succeeded(await machine.sh(`kill -STOP $(${guard})`));
  succeeded(await caller.corral(["kill", id]));
  await endsWithTheGuard(caller, "killed");
  assert.equal((await machine.sh(guard)).stdout, "");
}, NATIVE);

// As `corral guard-end` does, which a guard starts that takes its starved supervisor for hung: here it is a process that never ends.
hostileTest(
  machine,
  "K2: what a guard has started does not keep its cgroup",
  EVERYONE.filter(([, backend]) => backend === "cgroupfs"),
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--quiet"], ["sh", "-c", `: >${mark}; sleep 1000`]);
    await stage.exists(caller, mark);
    const { stdout } = succeeded(
      await machine.sh(
        `cgroup=$(sed -n 's/^0:://p' "/proc/$(pgrep -f '[c]orral-guard-${id} ')/cgroup")
        sleep 1000 >/dev/null 2>&1 & echo $! >"${CGROUP_MOUNT}$cgroup/cgroup.procs" && echo $! "$cgroup"`,
      ),
    );
    const [child, cgroup] = stdout.trim().split(" ");
    try {
      succeeded(await caller.corral(["kill", id]));
      await endsWithTheGuard(caller, "killed");
      assert.match(cgroup!, new RegExp(`/guard-${id}$`));
      assert.equal(
        (await machine.sh(`test -e ${CGROUP_MOUNT}${cgroup}`)).code,
        1,
        "the guard's cgroup is left",
      );
      assert.equal((await machine.sh(`cat /proc/${child}/comm`)).stdout, "sleep\n", "it was ended");
    } finally {
      await machine.exec(["kill", "-KILL", child!]);
    }
  },
  NATIVE,
);

hostileTest(machine, "K2: kill -9 of the supervisor alone ends the job", EVERYONE, async (caller) => {
  const mark = ownPath(caller, "runs");
  const id = await caller.start(GRACE, stubborn(mark));
  await stage.exists(caller, mark);
  const { supervisorPid } = await caller.show(id);
  succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
  await endsWithTheGuard(caller);
}, NATIVE);

hostileTest(
  machine,
  "K2: kill -9 of the supervisor during the grace ends the job",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--grace", "2s"], stubborn(mark));
    await stage.exists(caller, mark);
    const { supervisorPid } = await caller.show(id);
    succeeded(await machine.exec(["kill", "-TERM", String(supervisorPid)]));
    await until(
      caller,
      "the ending has begun",
      `${machine.corral} show ${id} --json | grep -q '"state": "ending"'`,
    );
    succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
    await endsWithTheGuard(caller, "killed");
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: a job whose supervisor is killed after its deadline is a timeout",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--timeout", "1500ms", "--grace", "200ms"], stubborn(mark));
    await stage.exists(caller, mark);
    const { supervisorPid } = await caller.show(id);
    // Stopped until its time is up, so that what comes after finds the job overdue.
    succeeded(await machine.sh(`kill -STOP ${supervisorPid}; sleep 2; kill -KILL ${supervisorPid}`));
    await endsWithTheGuard(caller, "timeout");
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: a job ends with its supervisor also when its record is lost",
  EVERYONE.filter(([user, backend]) => user === "root" || backend === "cgroupfs"),
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(GRACE, stubborn(mark));
    await stage.exists(caller, mark);
    const { supervisorPid, pid } = await caller.show(id);
    const { stdout } = succeeded(await machine.sh(`sed -n 's/^0:://p' /proc/${pid}/cgroup`));
    succeeded(
      await machine.sh(`rm -f ${caller.stateDir}/*.db*; kill -KILL ${supervisorPid}`),
    );
    const events = `${CGROUP_MOUNT}${stdout.trim()}/cgroup.events`;
    await until(caller, "nothing of the job lives", `! grep -q 'populated 1' ${events} 2>/dev/null`);
    // Without a record no sweep removes a cgroup, be it empty.
    const stop =
      `systemctl stop corral-${id}.slice; find ${CGROUP_MOUNT} -depth -path '*/corral/*${id}*' -type d`;
    await machine.sh(`{ ${stop}; } 2>/dev/null | xargs -r rmdir`);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: a job ends with its supervisor also when the binary has been removed",
  UNLIKE,
  async (caller) => {
    const [mark, binary] = [ownPath(caller, "runs"), ownPath(caller, "dir/corral")];
    await stage.script(caller, 'mkdir -p "${2%/*}" && cp "$1" "$2"', [machine.corral, binary]);
    const words = launch(caller, ["--detach", ...GRACE], stubborn(mark)).map((word) =>
      word === machine.corral ? binary : word
    );
    const id = succeeded(await caller.exec(words)).stdout.trim();
    await stage.exists(caller, mark);
    const { supervisorPid } = await caller.show(id);
    succeeded(await machine.exec(["rm", binary]));
    succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
    await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`);
    succeeded(await caller.corral(["sweep", "--quiet"]));
    await endsWithTheGuard(caller);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: on-orphan keep leaves the job, and its end is recorded without a sweep",
  UNLIKE,
  async (caller) => {
    const [mark, go, config] = [ownPath(caller, "runs"), ownPath(caller, "go"), ownPath(caller, "config")];
    await machine.putFile(config, 'on-orphan = "keep"\n');
    const job = [
      "/bin/sh",
      "-c",
      ': >"$0"; until test -e "$1"; do sleep 0.05; done; : >"$2"',
      mark,
      go,
      `${go}-done`,
    ];
    const words = launch(caller, ["--detach", ...GRACE], job);
    const env = { CORRAL_CONFIG: config };
    const id = succeeded(await caller.exec(words, { env })).stdout.trim();
    await stage.exists(caller, mark);
    const { supervisorPid } = await caller.show(id);
    succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
    await until(caller, "the supervisor is gone", `! test -e /proc/${supervisorPid}`);
    await machine.putFile(go, "");
    await stage.exists(caller, `${go}-done`);
    assert.equal((await caller.ended(id)).state, "ended");
  },
  NATIVE,
);

for (const user of ["root", "alice"] as const) {
  const manager = user === "root" ? [] : ["--user"];
  const as = user === "root" ? ROOT : ALICE;
  hostileTest(
    machine,
    `K2: systemctl kill of the service in which ${user}'s caller is ends the job`,
    as,
    async (caller) => {
      const [mark, unit] = [ownPath(caller, "runs"), `hostile-worker-${user}.service`];
      const words = launch(caller, ["--with-parent", ...GRACE], stubborn(mark));
      const env = ["-E", `CORRAL_STATE_DIR=${caller.stateDir}`];
      const service = ["systemd-run", ...manager, "--quiet", "--collect", `--unit=${unit}`, ...env];
      succeeded(await caller.exec([...service, "sh", "-c", '"$@" & wait', "sh", ...words]));
      await stage.exists(caller, mark);
      succeeded(await caller.exec(["systemctl", ...manager, "kill", "--signal=KILL", unit]));
      await endsWithTheGuard(caller);
    },
    NATIVE,
  );
}

/** Fills its own cgroup's memory once the job runs; the kernel kills what is in it. */
const WORKER_OUT_OF_MEMORY = `
import os, subprocess, sys, time
subprocess.Popen(sys.argv[2:])
while not os.path.exists(sys.argv[1]):
    time.sleep(0.1)
b"x" * 2_000_000_000
`;

hostileTest(machine, "K2: a worker that runs out of memory takes its job along", ROOT, async (caller) => {
  const mark = ownPath(caller, "runs");
  const words = launch(caller, ["--with-parent", ...GRACE], stubborn(mark));
  const limit = ["-p", "MemoryMax=400M", "-p", "MemorySwapMax=0", "-p", "OOMPolicy=kill"];
  const service = ["systemd-run", "--quiet", "--collect", "--unit=hostile-worker.service", ...limit];
  const env = ["-E", `CORRAL_STATE_DIR=${caller.stateDir}`];
  succeeded(await caller.exec([...service, ...env, "python3", "-c", WORKER_OUT_OF_MEMORY, mark, ...words]));
  await stage.exists(caller, mark);
  await endsWithTheGuard(caller);
}, { needs: ["memory"] });

const SUBPROCESS_RUN = `
import subprocess, sys
try:
    subprocess.run(sys.argv[1:], timeout=1.5)
except subprocess.TimeoutExpired:
    print("timed out")
`;

hostileTest(machine, "K2: subprocess.run(timeout=) of corral run ends the job", EVERYONE, async (caller) => {
  const mark = ownPath(caller, "runs");
  const words = launch(caller, GRACE, stubborn(mark));
  const { stdout } = await caller.exec(["python3", "-c", SUBPROCESS_RUN, ...words]);
  assert.equal(stdout, "timed out\n");
  await endsWithTheGuard(caller);
  assert.deepEqual(JSON.parse((await caller.corral(["ps", "--json"])).stdout), []);
}, NATIVE);

hostileTest(
  machine,
  "K2: systemctl stop of a service whose KillMode is mixed and whose corral does not listen",
  ROOT,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const words = launch(caller, GRACE, stubborn(mark));
    const limits = ["-p", "KillSignal=SIGKILL", "-p", "KillMode=mixed"];
    const service = ["systemd-run", "--quiet", "--collect", "--unit=hostile-mixed.service", ...limits];
    succeeded(await caller.exec([...service, "-E", `CORRAL_STATE_DIR=${caller.stateDir}`, ...words]));
    await stage.exists(caller, mark);
    succeeded(await caller.exec(["systemctl", "stop", "hostile-mixed.service"]));
    await endsWithTheGuard(caller);
  },
  NATIVE,
);

/** What there is in the guard's cgroup: pid, descriptors, its session and that of the supervisor. */
const GUARD = `id=$1
  for dir in $(find /sys/fs/cgroup -type d -name "*$id*"); do
    case $dir in *guard*) cat "$dir/cgroup.procs"; esac
  done`;

hostileTest(
  machine,
  "K2: the guard holds nothing but its socket, and its death harms neither job nor supervisor",
  EVERYONE,
  async (caller) => {
    const [mark, go] = [ownPath(caller, "runs"), ownPath(caller, "go")];
    const id = await caller.start(["--timeout", "1h"], [
      "/bin/sh",
      "-c",
      ': >"$0"; until test -e "$1"; do sleep 0.05; done; exit 7',
      mark,
      go,
    ]);
    await stage.exists(caller, mark);
    const guards = (await stage.asRoot(machine, GUARD, [id])).trim().split("\n").filter((pid) => pid !== "");
    assert.equal(guards.length, 1, `processes of the guard: ${guards}`);
    const [guard] = guards;
    assert.match(
      await stage.asRoot(machine, "readlink /proc/$1/fd/*", [guard!]),
      /^(?:pipe|socket):\[\d+\]\n$/,
    );
    // The cgroup that it may have to kill, held as such and not by its name.
    const directory = (await stage.asRoot(machine, "readlink /proc/$1/cwd", [guard!])).trim();
    assert.equal(directory.replace("/sys/fs/cgroup", ""), (await caller.show(id)).cgroupPath);
    succeeded(await machine.exec(["kill", "-KILL", guard!]));
    await until(caller, "the guard is gone", `! test -e /proc/${guard}`);
    assert.equal((await caller.show(id)).state, "running");
    await machine.putFile(go, "");
    const { reason, exitCode } = await caller.ended(id);
    assert.deepEqual([reason, exitCode], ["exited", 7]);
  },
  NATIVE,
);
