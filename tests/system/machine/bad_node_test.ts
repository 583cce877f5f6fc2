/** A node that lacks what a job needs: one clear line, exit 125, and nothing left behind. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { type Bad, refusalTest, runEach } from "./refusal.ts";

const machine = await machineUnderTest();

const NO_CGROUP2 = /^no cgroup2 file system is mounted \(mkdir -p \S+ && mount -t cgroup2 none \S+\)$/;
/** The second is what systemd-run 257 says by itself. */
const NO_SYSTEMD =
  /^systemd did not make the job's units: cannot reach systemd at \/run\/\S*: .* \(see: systemctl .*status; or use --backend cgroupfs\)$|^Failed to connect to system scope bus via local transport: /;

refusalTest(
  machine,
  "a node without cgroup2, without systemd's socket or with read-only cgroups is said in one line",
  [
    { argv: ["run", "true"], code: 125, says: NO_CGROUP2, hide: "umount --lazy /sys/fs/cgroup" },
    { argv: ["run", "true"], code: 125, says: NO_CGROUP2, hide: "mount -t tmpfs none /sys/fs/cgroup" },
    { argv: ["run", "--detach", "true"], code: 125, says: NO_CGROUP2, hide: "umount --lazy /sys/fs/cgroup" },
    {
      argv: ["run", "true"],
      code: 125,
      says: NO_SYSTEMD,
      hide: "mount --bind /dev/null /run/systemd/private",
    },
    {
      argv: ["run", "--detach", "true"],
      code: 125,
      says: NO_SYSTEMD,
      hide: "mount --bind /dev/null /run/systemd/private",
    },
    {
      argv: ["run", "true"],
      code: 125,
      says: NO_SYSTEMD,
      hide: "mount --bind /dev/null /run/user/1000/systemd/private",
      user: "alice",
    },
    {
      argv: ["run", "true"],
      code: 125,
      says:
        /^nothing here lets uid 1001 make cgroups: no systemd user manager, no delegated cgroup \(as root: loginctl enable-linger 1001\)$/,
      user: "bob",
    },
    {
      argv: ["run", "true"],
      code: 125,
      says: /^systemd's cgroups are outside of this cgroup namespace \(use --backend cgroupfs\)$/,
      hide: 'set -- unshare --cgroup "$@"',
    },
    ...["systemd", "cgroupfs"].map((backend): Bad => ({
      argv: ["run", "--backend", backend, "true"],
      code: 125,
      says: /^\/sys\/fs\/cgroup is read-only \(mount -o remount,rw \/sys\/fs\/cgroup\)$/,
      hide: "mount -o remount,bind,ro /sys/fs/cgroup",
    })),
    {
      argv: ["run", "true"],
      code: 125,
      says: /^cannot enter the current directory "\/root" \(give --chdir DIR, or cd there\)$/,
      hide: "cd /root",
      user: "alice",
    },
    {
      argv: ["run", "true"],
      code: 125,
      says: /^cannot start a process: .*\/bin\/sh/,
      hide: "mount --bind /dev/null /bin/sh",
    },
  ],
);

machineTest(machine, "refused launches leave nothing behind, and a job needs no bus", async () => {
  const record = "select group_concat(id, ' ') from jobs where reason = 'failed-to-start'";
  const { stdout } = await machine.exec(["python3", "-c", SQLITE, "/var/lib/corral/corral.db", record]);
  assert.deepEqual(await leftOf(machine, stdout.trim().split(" ")), []);
  const hide = "mount -t tmpfs none /run/dbus; mount --bind /dev/null /run/user/1000/bus";
  const argv = ["run", "true"];
  for (const user of ["root", "alice"]) {
    const [result] = await runEach(machine, [{ argv, hide, user, code: 0, says: /started/ }]);
    assert.equal(result!.code, 0, result!.stderr);
  }
}, { skip: machine.tier === "vm" });

const SQLITE = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])";

machineTest(machine, "corral run --user runs nothing that the user may not", async () => {
  const script = `set -e
    [ -d /root/private ] || mkdir --mode=0700 /root/private
    cp /bin/true /root/private/
    exec ${machine.corral} run --quiet --user alice --chdir / -- /root/private/true`;
  const { code, stderr } = await machine.sh(script);
  assert.deepEqual([code, stderr], [126, 'corral: "/root/private/true": permission denied\n']);
}, { skip: machine.tier === "vm" });
