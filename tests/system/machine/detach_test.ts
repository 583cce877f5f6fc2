/** `corral run --detach`: the job stays enforced whatever becomes of its caller. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { Caller, type JobJson, succeeded, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const root = new Caller(machine, "root", "systemd", "detach");
const alice = new Caller(machine, "alice", "systemd", "detach");
const rootPlain = new Caller(machine, "root", "cgroupfs", "detach");

/** Till the id is there; the job runs on for ever. */
const RETURN_MS = 5_000 * machine.slowness;
const TIMEOUT_MS = 1_000 * machine.slowness;
/** Over the deadline, for a job that ignores the first signal and gets no grace. */
const LATE_AT_MOST_MS = 1_000 * machine.slowness;
const STUBBORN = ["sh", "-c", "trap '' TERM; while :; do sleep 1000; done"];

async function ended(caller: Caller, id: string): Promise<JobJson> {
  const script = `${machine.corral} show ${id} --json | grep -q '"state": "ended"'`;
  await until(caller, `job ${id} has ended`, script);
  return await caller.show(id);
}

for (const caller of [root, alice, rootPlain]) {
  machineTest(
    machine,
    `--detach of ${caller.name} prints the id alone and returns while the job runs`,
    async () => {
      const startMs = Date.now();
      const options = ["--backend", caller.backend, "--detach", "--name", "detached"];
      const { code, stdout, stderr } = await caller.corral(["run", ...options, "sleep", "1000"]);
      const tookMs = Date.now() - startMs;
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /^[a-z0-9]{6}\n$/);
      assert.ok(tookMs < RETURN_MS, `it took ${tookMs} ms`);
      const id = stdout.trim();
      const { state, supervisorPid, processes } = await caller.show(id);
      assert.deepEqual([state, processes.map(({ command }) => command)], ["running", ["sleep 1000"]]);
      const supervisor = await machine.readFile(`/proc/${supervisorPid}/cgroup`);
      const isInScope = supervisor.includes(`/corral.slice/corral-${id}-supervisor.scope\n`);
      assert.equal(isInScope, caller.backend === "systemd", supervisor);
      succeeded(await caller.corral(["kill", id]));
      assert.equal((await ended(caller, id)).reason, "killed");
      await until(caller, "the supervisor is gone", `! kill -0 ${supervisorPid}`);
      assert.deepEqual(await leftOf(machine, [id]), []);
    },
    nativeOnly(machine),
  );
}

machineTest(machine, "--detach passes on what corral has to warn of", async () => {
  const words = ["run", "--detach", "--best-effort", "--memory", "1G", "sleep", "1000"];
  const { stdout, stderr } = succeeded(await root.corral(words));
  await root.end(stdout.trim());
  assert.match(stdout, /^[a-z0-9]{6}\n$/);
  assert.match(stderr, /^corral: warning: --memory cannot be enforced: .*\n$/);
}, { skip: machine.controllers.has("memory") });

async function assertEndedInTime(caller: Caller, id: string): Promise<void> {
  const { reason, usage } = await ended(caller, id);
  assert.equal(reason, "timeout");
  const lateMs = usage.wallMs! - TIMEOUT_MS;
  assert.ok(lateMs >= 0 && lateMs < LATE_AT_MOST_MS, `${lateMs} ms after the deadline`);
  assert.deepEqual(await leftOf(machine, [id]), []);
}

/** The words of a detached job that only its deadline ends. */
function stubbornJob(caller: Caller): string[] {
  const timeout = ["--timeout", `${TIMEOUT_MS}ms`, "--grace", "0"];
  return [machine.corral, "--state-dir", caller.stateDir, "run", "--detach", ...timeout, "--", ...STUBBORN];
}

for (const caller of [root, alice]) {
  machineTest(machine, `the deadline holds when the calling shell of ${caller.user} is killed`, async () => {
    const file = `/tmp/corral-test-detach-${caller.user}`;
    const script = `"$@" >${file}.new && mv ${file}.new ${file}; sleep 1000; :`;
    const argv = ["/bin/sh", "-c", script, "sh", ...stubbornJob(caller)];
    const shell = await machine.spawn(argv, { user: caller.user });
    await until(caller, "the id is there", `test -s ${file}`);
    await shell.kill("SIGKILL");
    assert.equal((await shell.wait()).signal, "SIGKILL");
    await assertEndedInTime(caller, (await machine.readFile(file)).trim());
  }, nativeOnly(machine));
}

const KILL_USER_PROCESSES = `mkdir -p /etc/systemd/logind.conf.d
  printf '[Login]\\nKillUserProcesses=yes\\nKillExcludeUsers=bob\\n' >/etc/systemd/logind.conf.d/corral-test.conf
  systemctl restart systemd-logind`;
const SPARE_USER_PROCESSES =
  `rm /etc/systemd/logind.conf.d/corral-test.conf; systemctl restart systemd-logind`;
/** For logind, root is spared unless somebody else is, and who has no terminal works in the background, and is spared. */
const LOGGED_IN = ["env", "XDG_SESSION_CLASS=user", "runuser", "-s", "/bin/sh", "-l"];

machineTest(
  machine,
  "the deadline holds after a log-out that takes all processes of the session",
  async () => {
    succeeded(await machine.sh(KILL_USER_PROCESSES));
    try {
      for (const caller of [root, alice]) {
        const script = 'setsid sleep 98765 >/dev/null 2>&1 & exec "$@"';
        const words = ["-c", script, "--", caller.user, "sh", ...stubbornJob(caller)];
        const { stdout } = succeeded(await machine.exec([...LOGGED_IN, ...words]));
        await until(root, "the session's other processes are gone", "! pgrep -f '^sleep 98765'");
        await assertEndedInTime(caller, stdout.trim());
      }
    } finally {
      succeeded(await machine.sh(SPARE_USER_PROCESSES));
    }
  },
  nativeOnly(machine),
);

machineTest(machine, "the output goes to a file: a default one, or what --output says", async () => {
  const speak = ["sh", "-c", "echo out; echo err >&2; wc -c"];
  const id = await root.start([], speak);
  await ended(root, id);
  const file = `${root.stateDir}/output/${id}.log`;
  assert.equal(await machine.readFile(file), "out\nerr\n0\n");
  assert.equal((await machine.exec(["stat", "-c", "%a", file])).stdout, "600\n");
  const named = ["run", "--detach", "--output", "../tmp/corral-test-output", "--", ...speak];
  for (let times = 0; times < 2; times++) {
    const { stdout } = succeeded(await root.corral(named, { cwd: "/usr" }));
    await ended(root, stdout.trim());
  }
  assert.equal(await machine.readFile("/tmp/corral-test-output"), "out\nerr\n0\n".repeat(2));
}, nativeOnly(machine));

/** The detached jobs of the crontabs (users_cron_test.ts) are in root's and alice's own stores and may live. */
const ONLY_CRON_SUPERVISORS =
  `for scope in $(systemctl list-units --plain --no-legend 'corral-*-supervisor.scope' | cut -d' ' -f1); do
  id=\${scope#corral-}
  CORRAL_STATE_DIR=/var/lib/corral ${machine.corral} ps --json | grep -q "\\"id\\": \\"\${id%-supervisor.scope}\\"" || exit 1
done`;

machineTest(machine, "a detached run that fails gives the right code, one line and no id", async () => {
  const before = (await root.corral(["ps", "--json"])).stdout;
  const failing: [code: number, line: RegExp, args: string[]][] = [
    [127, /no such file/, ["/no/such/command"]],
    [126, /is a directory/, ["/etc"]],
    [125, /cannot write the job's output.*--output/, ["--output", "/no/such/directory/file", "true"]],
    [2, /--timeout/, ["--timeout", "soon", "true"]],
    [2, /--chdir/, ["--chdir", "/no/such", "true"]],
    ...(machine.controllers.has("memory")
      ? []
      : [[125, /memory controller/, ["--memory", "1G", "true"]] as const])
      .map(([code, line, args]): [number, RegExp, string[]] => [code, line, [...args]]),
  ];
  for (const [expected, line, args] of failing) {
    const { code, stdout, stderr } = await root.corral(["run", "--detach", ...args]);
    assert.deepEqual([code, stdout], [expected, ""], stderr);
    assert.match(stderr, line);
    assert.match(stderr, expected === 2 ? /^corral: / : /^corral: .*\n$/);
  }
  assert.equal((await root.corral(["ps", "--json"])).stdout, before);
  await until(root, "their supervisors are gone", ONLY_CRON_SUPERVISORS);
}, nativeOnly(machine));
