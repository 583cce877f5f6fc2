/** K3: a number means something only in its namespace: pids, boot ids and uptimes that are not this process's decide nothing. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { leftOf, runGuestProgram } from "../../kit/guest/guest_program.ts";
import { type Caller, killGuard, succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { ALICE, BOTH_BACKENDS, hostileTest, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const OWN_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"];

/** A healthy detached job; its store is looked at from elsewhere, and it must still be as it was. */
async function unharmed(caller: Caller, act: (id: string) => Promise<void>): Promise<void> {
  const mark = ownPath(caller, "runs");
  const id = await caller.start(["--ref", "healthy", "--grace", "100ms"], stubborn(mark));
  await stage.exists(caller, mark);
  const before = await caller.show(id);
  await act(id);
  const after = await caller.show(id);
  assert.deepEqual([after.state, after.reason, after.pid, after.supervisorPid], [
    "running",
    null,
    before.pid,
    before.supervisorPid,
  ]);
  assert.equal(
    (await machine.sh(`kill -0 ${before.pid} ${before.supervisorPid}`)).code,
    0,
    "its processes live",
  );
  await caller.end(id);
}

/** From each of them a sweep sees nothing of the job's processes. */
const ELSEWHERE: Record<string, string[]> = {
  "a PID namespace with its own /proc": OWN_NAMESPACE,
  "a PID namespace with the host's /proc": ["unshare", "--pid", "--fork"],
  "a PID namespace within a PID namespace": [...OWN_NAMESPACE, ...OWN_NAMESPACE],
};

for (const [where, words] of Object.entries(ELSEWHERE)) {
  hostileTest(
    machine,
    `K3: a sweep in ${where} leaves a healthy job alone`,
    BOTH_BACKENDS,
    async (caller) => {
      await unharmed(caller, async () => {
        for (const verb of [["sweep"], ["sweep", "--escapees", "kill"], ["ps"]]) {
          // Its own process group is a bystander: signals to pid 0 would reach it.
          const { signal, stderr } = await caller.exec([
            "setsid",
            "--wait",
            ...words,
            machine.corral,
            ...verb,
          ]);
          assert.equal(signal, null, stderr);
        }
      });
    },
  );
}

hostileTest(
  machine,
  "K3: a sweep in a user's own user and PID namespace leaves a healthy job alone",
  ALICE,
  async (caller) => {
    const words = ["unshare", "--user", "--pid", "--fork", "--map-current-user", "--mount-proc"];
    await unharmed(caller, async () => {
      const { code, signal, stderr } = await caller.exec([
        "setsid",
        "--wait",
        ...words,
        machine.corral,
        "sweep",
      ]);
      assert.doesNotMatch(stderr, /unshare:/);
      assert.equal(signal, null, stderr);
      assert.ok([0, 1].includes(code), `exit code ${code}: ${stderr}`);
    });
  },
);

hostileTest(
  machine,
  "K3: corral kill from another PID namespace ends the job or refuses, and signals no one else",
  ROOT,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--grace", "100ms"], stubborn(mark));
    await stage.exists(caller, mark);
    const { code, signal, stderr } = await caller.exec([
      "setsid",
      "--wait",
      ...OWN_NAMESPACE,
      machine.corral,
      "kill",
      id,
    ]);
    assert.equal(signal, null, stderr);
    if (code === 0) await stage.endedAs(caller, id, "killed");
    else {
      assert.equal((await caller.show(id)).state, "running", stderr);
      await caller.end(id);
    }
  },
  NATIVE,
);

/** Runs its arguments in a mount namespace with another boot_id. In a container the kernel's own shines through in a fresh /proc. */
const OTHER_BOOT = [
  "unshare",
  "--mount",
  "--propagation=private",
  "sh",
  "-ec",
  `boot=$(cat /proc/sys/kernel/random/boot_id); cat /proc/sys/kernel/random/uuid >/tmp/hostile-boot-id
  mount --bind /tmp/hostile-boot-id /proc/sys/kernel/random/boot_id 2>/dev/null || mount -t proc proc /proc
  test "$(cat /proc/sys/kernel/random/boot_id)" != "$boot" || exit 99; exec "$@"`,
  "sh",
];

hostileTest(
  machine,
  "K3: a container's boot_id of its own makes no live job lost",
  BOTH_BACKENDS,
  async (caller) => {
    await unharmed(caller, async () => {
      for (const verb of [["sweep"], ["ps"]]) {
        succeeded(await caller.exec([...OTHER_BOOT, machine.corral, ...verb]));
      }
    });
  },
  NATIVE,
);

hostileTest(
  machine,
  "K3: a live job whose boot_id seems another is ended by corral kill from there",
  ROOT,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--grace", "100ms"], stubborn(mark));
    await stage.exists(caller, mark);
    const { stderr } = await caller.exec([...OTHER_BOOT, machine.corral, "kill", id]);
    assert.deepEqual(await leftOf(machine, [id]), [], stderr);
  },
  NATIVE,
);

hostileTest(machine, "K3: a job that is gone since another boot is lost, as before", ROOT, async (caller) => {
  const id = await caller.start([], ["sleep", "1000"]);
  const { supervisorPid, cgroupPath } = await caller.show(id);
  await killGuard(machine, id);
  succeeded(
    await machine.sh(
      `kill -STOP ${supervisorPid}; echo 1 >/sys/fs/cgroup${cgroupPath}/cgroup.kill; systemctl stop corral-${id}.slice; kill -KILL ${supervisorPid}`,
    ),
  );
  await caller.exec([...OTHER_BOOT, machine.corral, "sweep"]);
  assert.equal((await caller.show(id)).state, "ended");
}, NATIVE);

/** As alice, with a /proc that hides the processes of others. */
const hiding = (hidepid: number) => [
  "unshare",
  "--mount",
  "--propagation=private",
  "sh",
  "-ec",
  `mount -o remount,hidepid=${hidepid} /proc
  exec setpriv --reuid=alice --regid=alice --init-groups "$@"`,
  "sh",
];

for (const [verb, hidepid] of [["sweep", 1], ["kill", 1], ["sweep", 2], ["kill", 4]] as const) {
  hostileTest(
    machine,
    `K3: corral ${verb} ends a job whose recorded pid is another user's now, with hidepid=${hidepid}`,
    UNLIKE.slice(1),
    async (caller) => {
      const mark = ownPath(caller, "runs");
      const id = await caller.start(["--grace", "100ms"], stubborn(mark));
      await stage.exists(caller, mark);
      const other = await machine.spawn(["sleep", "1000"], { user: "bob" });
      try {
        await caller.orphan(id);
        // As if both pids had been given to others since.
        await editRow(caller, id, `supervisor_pid = ${other.pid}, pid = ${other.pid}, pgid = ${other.pid}`);
        const env = {
          HOME: "/home/alice",
          CORRAL_STATE_DIR: caller.stateDir,
          XDG_RUNTIME_DIR: "/run/user/1000",
        };
        const words = verb === "sweep" ? ["sweep"] : ["kill", id];
        const { code, stderr } = await machine.exec([...hiding(hidepid), machine.corral, ...words], { env });
        assert.doesNotMatch(stderr, /unexpected|mount:/);
        assert.equal(code, 0, stderr);
        assert.deepEqual(await leftOf(machine, [id]), []);
        assert.equal((await machine.sh(`kill -0 ${other.pid}`)).code, 0, "the other user's process lives");
      } finally {
        await other.kill("SIGKILL");
      }
    },
    NATIVE,
  );
}

function editRow(caller: Caller, id: string, assignments: string): Promise<unknown> {
  return runGuestProgram(machine, "system/hostile/edit_row.py", { store: caller.stateDir, id, assignments });
}

for (const pid of [0, 1, -1]) {
  hostileTest(
    machine,
    `K3: a record whose pids are ${pid} makes corral signal nothing but the job`,
    BOTH_BACKENDS,
    async (caller) => {
      const mark = ownPath(caller, "runs");
      const id = await caller.start(["--grace", "100ms"], stubborn(mark));
      await stage.exists(caller, mark);
      await caller.orphan(id);
      await editRow(caller, id, `supervisor_pid = ${pid}, pid = ${pid}, pgid = ${pid}`);
      for (const words of [["sweep"], ["kill", id], ["set", id, "--timeout", "1h"]]) {
        const { signal, stdout } = await stage.script(
          caller,
          'setsid --wait sh -c \'"$@"; echo survived\' sh "$@"',
          [machine.corral, ...words],
        );
        assert.equal(signal, null);
        assert.match(stdout, /survived/);
      }
    },
    NATIVE,
  );
}
