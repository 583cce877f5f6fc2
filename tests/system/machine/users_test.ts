/** Who may run what as whom, and under whose systemd. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecOptions, ExecResult } from "../../kit/machine/machine.ts";
import { Caller, succeeded } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const root = new Caller(machine, "root", "systemd", "users");

function corral(args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  return machine.exec([machine.corral, ...args], options);
}

/** Prints the job's cgroup; on a hybrid host the other lines are of v1. */
const CGROUP = "sed -n s/^0:://p /proc/self/cgroup";
/** Prints who it is, in the order of ALICE. */
const WHO = `id -u; id -g; id -G; echo "$HOME $USER $LOGNAME $SHELL"; grep CapEff /proc/self/status`;
const ALICE = "1000\n1000\n1000 2000\n/home/alice alice alice /bin/bash\nCapEff:\t0000000000000000\n";

machineTest(machine, "--user runs the job as that user, with groups and without root's rights", async () => {
  const script = `${WHO}; ${CGROUP}; pwd; : >made-by-the-job`;
  const options = ["--user", "alice", "--chdir", "/home/alice"];
  const { stdout, job } = await root.run(options, ["/bin/sh", "-c", script]);
  const cgroup = `/corral.slice/corral-${job.id}.slice/corral-${job.id}.scope`;
  assert.equal(stdout, `${ALICE}${cgroup}\n/home/alice\n`);
  assert.deepEqual([job.user, job.uid, job.reason], ["alice", 1000, "exited"]);
  const { stdout: owner } = await machine.exec(["stat", "-c", "%U %G", "/home/alice/made-by-the-job"]);
  assert.equal(owner, "alice alice\n");
});

machineTest(machine, "--user takes a number, and ends what the user's job left behind", async () => {
  const argv = ["/bin/sh", "-c", `${WHO}; setsid sleep 1000 >/dev/null 2>&1 &`];
  const { stdout, job } = await root.run(["--user", "1000", "--grace", "0"], argv);
  assert.equal(stdout, ALICE);
  assert.deepEqual(await leftOf(machine, [job.id]), []);
}, nativeOnly(machine));

machineTest(machine, "--user refuses a user that does not exist, and whoever is not root", async () => {
  const refused = async (user: string, caller: string) => {
    const { code, stderr } = await corral(["run", "--user", user, "true"], { user: caller });
    assert.equal(code, 2, stderr);
    return stderr;
  };
  const unknown = await Promise.all(
    ["nobody-knows", "4711", "", "-x", "a\nb"].map((u) => refused(u, "root")),
  );
  for (const line of unknown) assert.match(line, /^corral: --user: there is no user ".*"\n$/);
  assert.equal(await refused("bob", "alice"), "corral: --user needs root\n");
  assert.equal((await corral(["run", "--user", "alice", "true"], { user: "alice" })).code, 0);
}, nativeOnly(machine));

machineTest(machine, "root's supplementary groups are its job's", async () => {
  const argv = ["setpriv", "--groups=27,2000", machine.corral, "run", "--quiet", "id", "-G"];
  assert.equal(succeeded(await root.exec(argv)).stdout, "0 27 2000\n");
}, nativeOnly(machine));

machineTest(machine, "a user's job runs under the user's systemd: logged in and as from cron", async () => {
  const path =
    /^\/user.slice\/user-1000.slice\/user@1000.service\/corral.slice\/corral-(\w+).slice\/corral-\1.scope\n$/;
  const argv = ["run", "--quiet", ...CGROUP.split(" ")];
  for (const login of [true, false]) {
    assert.match(succeeded(await corral(argv, { user: "alice", login })).stdout, path, `login: ${login}`);
  }
});

machineTest(machine, "a user's store is the user's alone", async () => {
  succeeded(await corral(["run", "true"], { user: "alice" }));
  const { stdout } = await machine.sh("stat -c '%a %U' .local/state/corral .local/state/corral/*.db", {
    user: "alice",
  });
  assert.equal(stdout, "700 alice\n600 alice\n");
}, nativeOnly(machine));

machineTest(machine, "who has no systemd of their own is told the command that fixes it", async () => {
  const asFromCron = () => corral(["run", "true"], { user: "bob" });
  const before = await asFromCron();
  assert.equal(before.code, 125);
  const remedy = /^corral: .* \(as root: (loginctl enable-linger 1001)\)\n$/.exec(before.stderr)?.[1];
  assert.ok(remedy, before.stderr);
  assert.equal((await corral(["run", "true"], { user: "bob", login: true })).code, 0, "logged in it works");
  try {
    succeeded(await machine.sh(`${remedy} && systemctl start user@1001.service`));
    succeeded(await asFromCron());
  } finally {
    await machine.sh("loginctl disable-linger 1001; systemctl stop user@1001.service");
  }
}, nativeOnly(machine));

machineTest(machine, "a user's cgroupfs job lives in the cgroup that was delegated", async () => {
  const alice = new Caller(machine, "alice", "cgroupfs", "users");
  const { stdout, job } = await alice.run([], CGROUP.split(" "));
  assert.match(
    stdout,
    new RegExp(`^/user.slice/user-1000.slice/user@1000.service/(.*/)?corral/${job.id}/job\n$`),
  );
  const outside = await corral(["run", "--backend", "cgroupfs", "true"], { user: "alice" });
  assert.equal(outside.code, 125);
  assert.match(
    outside.stderr,
    /^corral: no cgroup is delegated to uid 1000 .*systemd-run --user --scope.*\)\n$/,
  );
}, nativeOnly(machine));
