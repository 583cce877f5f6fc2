/** K4: further ways to have root act for a user, or on what a user could have written. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, hostileTest, launch, ROOT } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const HOME = "/home/alice/hostile";
const FOR_ALICE = ["--user", "alice", "--quiet"];

async function freshHome(): Promise<void> {
  await stage.asRoot(
    machine,
    `rm -rf ${HOME} /tmp/hostile-* && install -d -m 0700 -o alice -g alice ${HOME}`,
  );
}

function asAlice(text: string): Promise<string> {
  return machine.sh(text, { user: "alice", cwd: "/" }).then((result) => succeeded(result).stdout);
}

for (const option of ["--output", "--receipt"]) {
  hostileTest(
    machine,
    `K4: --user ${option} that is a FIFO is refused by name, and runs nothing`,
    ROOT,
    async (caller) => {
      await freshHome();
      await asAlice(`mkfifo ${HOME}/fifo`);
      const words = option === "--output" ? ["--detach"] : [];
      const argv = launch(caller, [...FOR_ALICE, ...words, option, `${HOME}/fifo`], ["touch", `${HOME}/ran`]);
      const { code, stderr } = await caller.exec(argv);
      assert.equal(code, 125);
      assert.match(stderr, /^corral: .*fifo.* as alice: it is a FIFO \(.*\)\n$/);
      assert.equal(await asAlice(`ls ${HOME}`), "fifo\n");
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K4: a receipt that the job replaces by a FIFO costs neither the exit code nor the end",
  ROOT,
  async (caller) => {
    await freshHome();
    const receipt = `${HOME}/receipt`;
    const job = ["/bin/sh", "-c", `rm -f ${receipt}; mkfifo ${receipt}; exit 7`];
    const { code, stderr } = await caller.exec(
      launch(caller, ["--user", "alice", "--receipt", receipt], job),
    );
    assert.equal(code, 7);
    assert.match(stderr, /warning: the receipt .* is incomplete: it is a FIFO/);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: --user gives 126 and 127 of the look-up, records them, and leaves no cgroup",
  BOTH_BACKENDS,
  async (caller) => {
    await freshHome();
    await stage.asRoot(machine, `install -d -m 0700 /root/private && cp /bin/true /root/private/`);
    const cases: [argv: string, code: number, words: RegExp][] = [
      ["no-such-command", 127, /not found in PATH/],
      ["./no-such-command", 127, /no such file/],
      ["/etc/passwd", 126, /not executable/],
      ["/home", 126, /is a directory/],
      ["/root/private/true", 126, /permission denied/],
    ];
    for (const [command, expected, words] of cases) {
      const { code, stderr } = await caller.exec(launch(caller, [...FOR_ALICE], [command]));
      assert.equal(code, expected, `${command}: ${stderr}`);
      assert.match(stderr, words);
      const job = await stage.endedAs(caller, "last", "failed-to-start");
      assert.equal(job.exitCode, expected);
    }
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: every variable that a library of root's might heed reaches the job, and no process of root's",
  BOTH_BACKENDS,
  async (caller) => {
    await freshHome();
    const names = [
      ...[
        "LD_PROFILE",
        "LD_PROFILE_OUTPUT",
        "LD_SHOW_AUXV",
        "LD_BIND_NOT",
        "GLIBC_TUNABLES",
        "GCONV_PATH",
        "NLSPATH",
      ],
      ...[
        "LOCPATH",
        "MALLOC_CHECK_",
        "MALLOC_TRACE",
        "HOSTALIASES",
        "RESOLV_HOST_CONF",
        "RES_OPTIONS",
        "TZDIR",
      ],
      ...["TMPDIR", "BASH_ENV", "ENV", "PS4", "SHELLOPTS", "IFS", "NOTIFY_SOCKET", "SYSTEMD_LOG_TARGET"],
    ];
    const value = `${HOME}/evil`;
    // As root, strace would be the judge; what the loader prints or writes for root is seen without it.
    const options = names.flatMap((name) => ["--env", `${name}=${value}`]);
    const argv = launch(caller, [...FOR_ALICE, ...options], ["/usr/bin/env", "-0"]);
    const { stdout } = succeeded(await caller.exec(argv));
    const arrived = stdout.split("\0").filter((line) => line.endsWith(`=${value}`)).map((line) =>
      line.split("=")[0]!.split("\n").at(-1)
    );
    assert.deepEqual(arrived.sort(), names.sort());
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: the supervisor of a detached job for a user stands in /, and holds no file of the user's",
  BOTH_BACKENDS,
  async (caller) => {
    await freshHome();
    const options = [...FOR_ALICE, "--detach", "--chdir", HOME, "--output", `${HOME}/log`];
    const id = succeeded(await caller.exec(launch(caller, options, ["sleep", "1000"]))).stdout.trim();
    const script =
      `for pid in $(pgrep -u root -x corral); do readlink /proc/$pid/cwd; readlink /proc/$pid/fd/*; done`;
    const seen = (await stage.asRoot(machine, script)).trim().split("\n");
    await caller.end(id);
    assert.ok(seen.includes("/"));
    assert.deepEqual(seen.filter((path) => path.startsWith("/home/") || path.startsWith("/root")), []);
  },
  NATIVE,
);

hostileTest(machine, "K4: a home of nobody's is no reason to fail, and is said", ROOT, async (caller) => {
  const argv = launch(caller, ["--user", "nobody", "--detach"], ["/bin/sh", "-c", "pwd; id -un"]);
  const { stderr } = succeeded(await caller.exec(argv));
  await stage.noLiveJob(caller);
  const log = /the job's output: (\/var\/tmp\/corral-65534\/\w+\.log)$/m.exec(stderr)?.[1];
  assert.ok(log, stderr);
  assert.match(stderr, /warning: nobody cannot enter .*: the job runs in "\/"/);
  assert.equal(await machine.readFile(log), "/\nnobody\n");
  assert.equal(await stage.asRoot(machine, `stat -c '%U %a' ${log}; rm ${log}`), "nobody 600\n");
}, NATIVE);

hostileTest(machine, "K4: a log directory that another user has made is not used", ROOT, async (caller) => {
  const place = "/var/tmp/corral-65534";
  await stage.asRoot(machine, `rm -rf ${place}; install -d -m 777 -o alice ${place}`);
  const argv = launch(caller, ["--user", "nobody", "--detach"], ["true"]);
  const { code, stderr } = await caller.exec(argv);
  assert.equal(code, 125);
  assert.match(
    stderr,
    /^corral: cannot write the job's output "\/var\/tmp\/corral-65534" .*\(give another --output\)/m,
  );
  assert.equal(await stage.asRoot(machine, `ls ${place}; rm -rf ${place}`), "");
}, NATIVE);

const PLANTED = {
  "a journal": "$1/store/corral.db-journal",
  "a write-ahead log": "$1/store/corral.db-wal",
};

for (const [what, path] of Object.entries(PLANTED)) {
  machineTest(machine, `K4: root refuses a store beside which a user has put ${what}`, async () => {
    const script = `dir=$(mktemp -d /var/tmp/hostile-XXXXXX); chmod 755 $dir; set -- $dir; cd /
      ${machine.corral} --state-dir $1/store run --quiet true; : >${path}; chown alice ${path}; echo $1/store`;
    const store = (await stage.asRoot(machine, script)).trim();
    const { code, stderr } = await machine.exec([machine.corral, "--state-dir", store, "sweep"], {
      cwd: "/",
    });
    assert.equal(code, 1);
    assert.match(stderr, /^corral: the store .* belongs to uid 1000 \(.*chown root .*\)\n$/);
  }, NATIVE);
}

machineTest(machine, "K4: root refuses a store to be made in a user's home, and makes none", async () => {
  await freshHome();
  for (const words of [["run", "true"], ["sweep"], ["run", "--detach", "true"], ["adopt", "1"]]) {
    const { code } = await machine.exec([machine.corral, "--state-dir", `${HOME}/store`, ...words], {
      cwd: "/",
    });
    assert.notEqual(code, 0, String(words));
  }
  assert.equal(await asAlice(`ls ${HOME}`), "");
}, NATIVE);
