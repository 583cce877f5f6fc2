/** `corral install` and `uninstall` under a real systemd and cron, and what a sweep can do inside the service that it is shut into. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { execLine, serviceUnit, type SweepUnits } from "../../../src/act/install/units.ts";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecResult } from "../../kit/machine/machine.ts";
import { Caller, succeeded, until } from "./caller.ts";

const machine = await machineUnderTest();
const { corral } = machine;
const native = nativeOnly(machine);
const inVm = machine.tier === "vm";
const RUNTIME_DIR = { XDG_RUNTIME_DIR: "/run/user/1000" };
/** systemd-analyze security says 4.8 of 10: 4.6, and 0.2 for adjtimex(2), by which a sweep knows whether the clock is synchronised. */
const EXPOSURE_MAX = 4.8;

/** bob has no manager: his sweep is a line of his crontab. Those of root and alice are users_cron_test.ts's. */
type User = "root" | "alice" | "bob";

function as(user: User, argv: readonly string[]): Promise<ExecResult> {
  return machine.exec(argv, { user, env: user === "alice" ? RUNTIME_DIR : {} });
}

function systemctl(user: User, ...args: string[]): Promise<ExecResult> {
  return as(user, ["systemctl", ...(user === "alice" ? ["--user"] : []), ...args]);
}

/** Everything that an installation could leave: files, units, a line of the crontab. The store is not its own. */
async function traces(user: User): Promise<string> {
  const find =
    "find /etc /usr/local /home /root /var/lib/systemd -path '*/.local/state' -prune -o -printf '%p %y %m %u\\n'";
  const files = succeeded(await machine.sh(`${find} | sort`)).stdout;
  const crontab = user === "bob" ? (await as(user, ["crontab", "-l"])).stdout : "";
  const units = user === "bob"
    ? ""
    : (await systemctl(user, "list-units", "--all", "--plain", "--no-legend", "corral-sweep*")).stdout;
  return files + units + crontab;
}

/** The same, once the user has a store, which any other test may make at any time. */
async function tracesBefore(user: User): Promise<string> {
  succeeded(await as(user, [corral, "ps"]));
  return await traces(user);
}

async function installs(user: User, ...options: string[]): Promise<string> {
  const { stdout, stderr } = succeeded(await as(user, [corral, "install", ...options]));
  assert.equal(stderr, "");
  return stdout;
}

async function uninstallLeaves(user: User, before: string): Promise<void> {
  succeeded(await as(user, [corral, "uninstall"]));
  assert.equal(await traces(user), before);
  const again = succeeded(await as(user, [corral, "uninstall"]));
  assert.equal(again.stdout, "nothing is installed\n");
}

for (const user of ["root", "alice"] as const) {
  machineTest(
    machine,
    `corral install as ${user} starts a timer once, and uninstall leaves nothing`,
    async () => {
      const before = await tracesBefore(user);
      assert.match(await installs(user), /^wrote .*\/corral-sweep\.service\n[\s\S]*^a sweep every 5m: /m);
      for (const question of ["is-active", "is-enabled"]) {
        succeeded(await systemctl(user, question, "corral-sweep.timer"));
      }
      const installed = await traces(user);
      assert.match(await installs(user), /^nothing to change: it is installed\n/);
      assert.equal(await traces(user), installed);
      const changed = await installs(user, "--sweep-every", "10m");
      assert.match(changed, /^wrote .*\/corral-sweep\.timer\nran [^\n]* daemon-reload\n/);
      const { stdout } = await systemctl(user, "show", "--property=TimersMonotonic", "corral-sweep.timer");
      assert.match(stdout, /OnUnitInactiveUSec=10min/);
      await uninstallLeaves(user, before);
    },
    native,
  );
}

for (const user of ["root", "bob"] as const) {
  machineTest(
    machine,
    `corral install of ${user} with cron adds one line, and uninstall leaves nothing`,
    async () => {
      const before = await tracesBefore(user);
      await installs(user, "--sweep-every", "30m");
      await installs(user, "--cron", "--sweep-every", "1h");
      const text = user === "root"
        ? await machine.readFile("/etc/cron.d/corral")
        : succeeded(await as(user, ["crontab", "-l"])).stdout;
      const lines = text.split("\n").filter((line) => /^[^#]/.test(line));
      assert.deepEqual(lines, [`0 * * * * ${user === "root" ? "root " : ""}${corral} sweep --quiet`]);
      // Of the timer that root had before, nothing is left.
      if (user === "root") assert.notEqual((await systemctl(user, "cat", "corral-sweep.timer")).code, 0);
      assert.match(await installs(user, "--cron", "--sweep-every", "1h"), /^nothing to change/);
      await uninstallLeaves(user, before);
    },
    native,
  );
}

machineTest(
  machine,
  "systemd has nothing to say about the units, and knows how far the service is shut in",
  async () => {
    await installs("root");
    try {
      // Whether a manual page can be shown is not a matter of the unit.
      const verify = await as("root", [
        "systemd-analyze",
        "verify",
        "--man=no",
        "corral-sweep.service",
        "corral-sweep.timer",
      ]);
      assert.deepEqual([verify.code, verify.stdout, verify.stderr], [0, "", ""]);
      const { stdout } = await as("root", [
        "systemd-analyze",
        "security",
        "--no-pager",
        "corral-sweep.service",
      ]);
      const exposure = Number(/Overall exposure level for corral-sweep\.service: ([\d.]+)/.exec(stdout)?.[1]);
      assert.ok(exposure <= EXPOSURE_MAX, `${exposure}`);
    } finally {
      await as("root", [corral, "uninstall"]);
    }
  },
  native,
);

machineTest(machine, "corral install leaves a crontab's other lines as they were", async () => {
  const crontab = "# mine\n@yearly true\n";
  succeeded(await machine.exec(["crontab", "-"], { user: "bob", stdin: crontab }));
  await installs("bob");
  assert.ok(succeeded(await as("bob", ["crontab", "-l"])).stdout.startsWith(crontab));
  succeeded(await as("bob", [corral, "uninstall"]));
  assert.equal(succeeded(await as("bob", ["crontab", "-l"])).stdout, crontab);
  succeeded(await as("bob", ["crontab", "-r"]));
}, native);

machineTest(
  machine,
  "corral install refuses a binary in a directory that others can write to, until it is mended",
  async () => {
    const before = await traces("root");
    succeeded(
      await machine.sh(`install -d -m 0775 -g research /srv/site/bin && cp ${corral} /srv/site/bin/`),
    );
    const binary = "/srv/site/bin/corral";
    const refused = await as("root", [binary, "install"]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /^corral: the binary "\/srv\/site\/bin\/corral" can be changed by others than root.*"\/srv\/site\/bin" can be written by others/,
    );
    assert.equal(await traces("root"), before);
    succeeded(await machine.sh("chmod 0755 /srv/site/bin"));
    succeeded(await as("root", [binary, "install"]));
    const { stdout } = await systemctl("root", "show", "--property=ExecStart", "corral-sweep.service");
    assert.match(stdout, /path=\/srv\/site\/bin\/corral ;/);
    succeeded(await machine.sh(`${binary} uninstall && rm -r /srv/site`));
    assert.equal(await traces("root"), before);
  },
  native,
);

/** A service that is root's corral-sweep.service in all but its command and its name, as long as `use` takes. */
async function withService<T>(argv: readonly string[], use: (name: string) => Promise<T>): Promise<T> {
  const name = `corral-shut-in-${crypto.randomUUID().slice(0, 8)}.service`;
  const units: SweepUnits = {
    argv,
    everyMs: 300_000,
    forSystem: true,
    stateDir: "/var/lib/corral",
    record: { shareDir: "/usr/local/share", directories: [] },
  };
  const path = `/run/systemd/system/${name}`;
  await machine.putFile(path, serviceUnit(units));
  succeeded(await systemctl("root", "daemon-reload"));
  try {
    return await use(name);
  } finally {
    await machine.sh(`rm ${path}; systemctl daemon-reload; systemctl reset-failed ${name}`);
  }
}

/** Runs argv in such a service; what it printed. */
function inService(
  argv: readonly string[],
  around = { before: () => Promise.resolve(), after: () => Promise.resolve() },
): Promise<string> {
  return withService(argv, async (name) => {
    await around.before();
    const { code } = await systemctl("root", "start", name).finally(around.after);
    const journal = await machine.sh(`journalctl --sync; journalctl --no-pager --output=cat --unit=${name}`);
    assert.equal(code, 0, journal.stdout);
    return journal.stdout;
  });
}

const backends = (["systemd", "cgroupfs"] as const).map((backend) =>
  new Caller(machine, "root", backend, "install")
);

/** Ignores TERM, one process of it in a session of its own. */
const LEAVES_SESSION = 'trap "" TERM; setsid sleep 1000 & while :; do sleep 1; done';

for (const caller of backends) {
  machineTest(
    machine,
    `the service can end what a job of ${caller.name} has left, to the last process`,
    async () => {
      const id = await caller.start(["--timeout", "1h", "--grace", "100ms"], ["sh", "-c", LEAVES_SESSION]);
      await loseSupervisor(caller, id);
      const { pid, cgroupPath } = await caller.show(id);
      await inService([corral, "--state-dir", caller.stateDir, "sweep", "--quiet"]);
      const { state, reason, survivors } = await caller.show(id);
      assert.deepEqual([state, reason, survivors], ["ended", "orphaned", []]);
      const gone = await machine.sh(`! test -d /proc/${pid} && ! test -e /sys/fs/cgroup${cgroupPath}`);
      assert.equal(gone.code, 0);
    },
    // In a virtual machine nothing but the unit shuts the service in. One of them is enough.
    caller.backend === "systemd" && machine.suite === "bookworm" ? {} : native,
  );
}

async function loseSupervisor(caller: Caller, id: string): Promise<void> {
  const { supervisorPid } = await caller.show(id);
  await caller.orphan(id);
  await until(caller, "the supervisor is gone", `! kill -0 ${supervisorPid}`);
}

/** Each line of a status command, and what it prints when it can do it. */
const STATUS_COMMAND = `#!/bin/sh
sudo -n -u alice id -un
runuser -u alice -- id -un
su alice -c 'id -un' | cat
cat /home/alice/corral-test-secret
python3 -c 'import socket
listener = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listener.getsockname()).close()
print("network")'
file=$(mktemp) && echo temporary && rm "$file"
echo "$HOME"
echo state >/var/lib/corral-test-state && rm /var/lib/corral-test-state && echo written
for environ in /proc/[0-9]*/environ; do
  [ ! -e "$environ" ] || cat "$environ" >/dev/null || [ ! -e "$environ" ] || echo "cannot read $environ"
done
for forbidden in /usr/local/x /etc/x /proc/sys/kernel/panic; do
  echo 0 2>/dev/null >"$forbidden" && echo "wrote $forbidden"
done
unshare --mount true 2>/dev/null && echo "made a namespace"
exit 0
`;
const ALLOWED = ["alice", "alice", "alice", "secret", "network", "temporary", "/root", "written"];

machineTest(
  machine,
  "the service lets a status command read, connect and become another user, and not change the node",
  async () => {
    await machine.putFile("/root/corral test 100%.sh", STATUS_COMMAND, 0o755);
    await machine.putFile("/home/alice/corral-test-secret", "secret\n", 0o600);
    succeeded(await machine.sh("chown alice /home/alice/corral-test-secret"));
    const printed = (await inService(["/root/corral test 100%.sh"])).split("\n");
    const ours = printed.filter((line) => ALLOWED.includes(line) || /^(cannot|wrote|made)/.test(line));
    assert.deepEqual(ours, ALLOWED, printed.join("\n"));
    await machine.sh("rm '/root/corral test 100%.sh' /home/alice/corral-test-secret");
  },
  native,
);

const ODD_WORDS = [
  "a b",
  "50%",
  "%h%n",
  "$HOME",
  "${HOME}x",
  "$$",
  "it's",
  '"',
  "back\\slash",
  "ü",
  ";",
  "",
  "-",
];

machineTest(machine, "execLine() is what systemd understands as the same words", async () => {
  const program = "/usr/local/lib/corral-test/show $it 100%.sh";
  await machine.putFile(program, `#!/bin/sh\nfor word; do echo "word:$word"; done\n`, 0o755);
  const printed = await inService([program, ...ODD_WORDS]);
  assert.match(execLine([program]), /^"/);
  assert.deepEqual(
    printed.split("\n").filter((line) => line.startsWith("word:")),
    ODD_WORDS.map((word) => `word:${word}`),
  );
}, native);

machineTest(
  machine,
  "the service starts although a mount lies below a file server that is down",
  async () => {
    const script = "/tmp/corral-test-mute_fuse.py";
    await machine.putFile(script, await Deno.readTextFile(join(import.meta.dirname!, "mute_fuse.py")));
    const server = await machine.spawn(["python3", script, "/mnt/down"], { timeoutMs: 120_000 });
    const caller = backends[0]!;
    await until(caller, "it is mounted", "grep -q ' /mnt/down ' /proc/self/mountinfo");
    succeeded(await machine.exec(["mount", "-t", "tmpfs", "none", "/mnt/down/below"]));
    // Down from the start of the service alone: systemd 257 itself hangs in a daemon-reload.
    const started = await inService(["/bin/echo", "started"], {
      before: () => server.kill("SIGSTOP"),
      after: () => server.kill("SIGCONT"),
    });
    assert.match(started, /^started$/m);
    await machine.sh("umount /mnt/down/below; umount /mnt/down");
    await server.kill("SIGKILL");
    await server.wait();
  },
  { skip: !inVm && "FUSE is in the virtual machines only" },
);

machineTest(
  machine,
  "the service that is told to stop comes to its end, and what it has left goes",
  async () => {
    const program = "/usr/local/lib/corral-test/slow.sh";
    const begun = "/tmp/corral-test-begun";
    // As a sweep does; the first process is one that a status command forgot.
    const script = `#!/bin/sh
    trap 'stopped=yes' TERM
    sleep 1000 & echo $! >${begun}
    until [ "$stopped" ]; do sleep 0.1; done
    sleep 1; echo to its end >>${begun}; exit 143`;
    await machine.putFile(program, script, 0o755);
    await withService([program], async (name) => {
      succeeded(await systemctl("root", "start", "--no-block", name));
      await until(backends[0]!, "it has begun", `test -s ${begun}`);
      succeeded(await systemctl("root", "stop", name));
      assert.equal((await systemctl("root", "is-failed", name)).stdout, "inactive\n");
    });
    const [forgotten, rest] = (await machine.readFile(begun)).split("\n");
    assert.equal(rest, "to its end");
    assert.notEqual((await machine.exec(["kill", "-0", forgotten!])).code, 0);
  },
  native,
);

machineTest(
  machine,
  "the service sees the boot id that jobs are recorded with: with another one they would be lost",
  async () => {
    const path = "/proc/sys/kernel/random/boot_id";
    const bootId = (await machine.readFile(path)).trim();
    assert.ok((await inService(["/bin/cat", path])).split("\n").includes(bootId));
  },
  native,
);

machineTest(
  machine,
  "corral-sweep.service of an installation with a store of its own sweeps that one",
  async () => {
    const caller = new Caller(machine, "root", "systemd", "install 100% $HOME");
    const id = await caller.start(["--timeout", "1h", "--grace", "100ms"], ["sleep", "1000"]);
    await loseSupervisor(caller, id);
    succeeded(await as("root", [corral, "--state-dir", caller.stateDir, "install"]));
    try {
      succeeded(await systemctl("root", "start", "corral-sweep.service"));
      assert.equal((await caller.show(id)).reason, "orphaned");
    } finally {
      await as("root", [corral, "uninstall"]);
    }
  },
  native,
);
