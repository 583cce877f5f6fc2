/**
 * `corral strays`: what matches and is in no job is found and ended; jobs, those who launch and supervise them, and everybody else are
 * left alone.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest, nativeOnly, onceOnly } from "../../kit/machine/for_test.ts";
import type { Running } from "../../kit/machine/machine.ts";
import { Caller, succeeded, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const root = new Caller(machine, "root", "systemd", "strays");
const alice = new Caller(machine, "alice", "systemd", "strays");
const rootWithoutSystemd = new Caller(machine, "root", "cgroupfs", "strays");

const SLEEPS = "import time; time.sleep(1000)";
const IGNORES_TERM = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)";

/** A program that looks like the one of the story, of a subject of its own in each test. */
function program(subject: string, script = SLEEPS): string[] {
  return ["python3", "-c", script, "run_fastsurfer", "--sid", subject];
}

function match(subject: string): string[] {
  return ["strays", "--match", `run_fastsurfer --sid ${subject}\\b`, "--ref-pattern", "--sid (\\S+)"];
}

interface Row {
  pid: number;
  user: string;
  ref: string | null;
  matched: boolean;
}

async function listed(caller: Caller, subject: string, ...options: string[]): Promise<Row[]> {
  return JSON.parse(succeeded(await caller.corral([...match(subject), "--json", ...options])).stdout);
}

async function isAlive({ pid }: { pid: number }): Promise<boolean> {
  return (await machine.sh(`grep -q '^State:.[^ZX]' /proc/${pid}/status`)).code === 0;
}

/** Starts it in the background; resolves when TERM does to it what it should. */
async function start(caller: Caller, argv: string[]): Promise<Running> {
  const running = await machine.spawn(argv, { user: caller.user });
  const ready = argv.includes(IGNORES_TERM)
    ? "grep -q '^SigIgn:.*[4567c-f]...$' status"
    : "grep -q . cmdline";
  await until(root, `${argv.join(" ")} is ready`, `cd /proc/${running.pid} && ${ready}`);
  return running;
}

async function endAll(...all: Running[]): Promise<void> {
  for (const running of all) {
    await running.kill("SIGKILL");
    await running.wait();
  }
}

machineTest(
  machine,
  "corral strays --kill ends matches, and spares jobs, supervisors and bystanders",
  async () => {
    const subject = "subject01";
    const foreground = [machine.corral, "run", "--quiet", "--", ...program(subject)];
    const quoted = foreground.map((word) => `'${word}'`).join(" ");
    const env = { CORRAL_STATE_DIR: root.stateDir };
    const jobs = await Promise.all([
      root.start([], program(subject)),
      rootWithoutSystemd.start([], program(subject)),
      alice.start([], program(subject)),
    ]);
    const launcher = await machine.spawn(["/bin/sh", "-c", `${quoted}; exit $?`], { env });
    await until(root, "four jobs run", `[ $(pgrep -cf '^python3 .*--sid ${subject}$') -eq 4 ]`);
    const obeys = await start(root, program(subject));
    const ignores = await start(alice, program(subject, IGNORES_TERM));
    const bystanders = [await start(root, program("subject010")), await start(alice, ["sleep", "1000"])];
    try {
      const rows = await listed(root, subject);
      const expected = [[obeys.pid, "root"], [ignores.pid, "alice"]].sort();
      assert.deepEqual(rows.map(({ pid, user }) => [pid, user]).sort(), expected);
      assert.ok(rows.every(({ ref, matched }) => ref === subject && matched));
      assert.deepEqual(await listed(root, subject, "--older-than", "1h"), []);
      assert.deepEqual((await listed(root, subject, "--user", "alice")).map(({ pid }) => pid), [ignores.pid]);
      assert.equal((await listed(root, subject, "--kill", "--dry-run")).length, 2);

      const killed = await root.corral([...match(subject), "--kill", "--grace", "500ms"]);
      assert.deepEqual([killed.code, killed.stderr], [0, ""]);
      const endings = killed.stdout.trimEnd().split("\n").map((line) => line.replace(/ \(.*/, ""));
      assert.deepEqual(endings.sort(), [`${obeys.pid} ended: TERM`, `${ignores.pid} ended: KILL`].sort());
      assert.deepEqual([(await obeys.wait()).signal, (await ignores.wait()).signal], ["SIGTERM", "SIGKILL"]);

      for (const bystander of bystanders) assert.ok(await isAlive(bystander));
      assert.ok(await isAlive(launcher));
      const running = (await machine.exec(["pgrep", "-cf", `^python3 .*--sid ${subject}$`])).stdout.trim();
      assert.equal(running, "4");
    } finally {
      await machine.exec([machine.corral, "kill", "--all", "--yes", "--now"], { env });
      for (const [index, caller] of [root, rootWithoutSystemd, alice].entries()) {
        await caller.end(jobs[index]!);
      }
      await endAll(...bystanders, launcher);
    }
    assert.deepEqual(await leftOf(machine, jobs), []);
  },
  NATIVE,
);

machineTest(machine, "corral strays as alice ends her own and is refused for another user's", async () => {
  const subject = "subject02";
  const own = await start(alice, program(subject));
  const other = await start(root, program(subject));
  try {
    assert.deepEqual((await listed(alice, subject)).map(({ user }) => user).sort(), ["alice", "root"]);
    const { code, stdout } = await alice.corral([...match(subject), "--kill", "--json"]);
    const results = JSON.parse(stdout) as { pid: number; ended: string; because: string | null }[];
    assert.equal(code, 1);
    const ended = results.map(({ pid, ended }) => [pid, ended]).sort();
    assert.deepEqual(ended, [[own.pid, "term"], [other.pid, "refused"]].sort());
    assert.match(results.find(({ pid }) => pid === other.pid)?.because ?? "", /belongs to another user/);
    assert.ok(await isAlive(other));
    const again = await alice.corral([...match(subject), "--kill", "--user", "alice"]);
    assert.deepEqual([again.code, again.stdout], [0, ""]);
  } finally {
    await endAll(own, other);
  }
}, NATIVE);

machineTest(
  machine,
  "corral strays --tree ends what a match started, stopped or not, in whatever session",
  async () => {
    const subject = "subject03";
    const tree = await start(root, [
      "/bin/sh",
      "-c",
      "setsid sleep 1003 & (sleep 1003 & exec sleep 1003) & sh -c 'kill -STOP $$; exec sleep 1003' & wait",
      "run_fastsurfer",
      "--sid",
      subject,
    ]);
    const other = await start(root, ["sleep", "1003"]);
    try {
      const count = "pgrep -cf 'sleep 1003$'";
      await until(
        root,
        "all of the tree is there",
        `[ $(${count}) -eq 5 ] && grep -q '^State:.T' /proc/[0-9]*/status`,
      );
      const rows = await listed(root, subject, "--tree");
      assert.deepEqual(rows.map(({ pid, matched }) => matched && pid).filter((pid) => pid !== false), [
        tree.pid,
      ]);
      assert.equal(rows.length, 5);
      assert.ok(rows.every(({ ref }) => ref === subject));
      const { code, stdout } = await root.corral([...match(subject), "--tree", "--kill"]);
      assert.equal(code, 0, stdout);
      // The match itself waits for the others, and goes with the last of them.
      const lines = stdout.trimEnd().split("\n");
      const [own, others] = [true, false].map((isOwn) =>
        lines.filter((line) => line.startsWith(`${tree.pid} `) === isOwn)
      );
      assert.match(own!.join("\n"), /^\d+ (ended: TERM|gone before it was signalled) .*$/);
      assert.match(`${others!.join("\n")}\n`, /^(\d+ ended: TERM .*\n){4}$/);
      assert.equal((await machine.exec(["pgrep", "-f", "sleep 1003$"])).stdout, `${other.pid}\n`);
    } finally {
      await endAll(tree, other);
    }
  },
  NATIVE,
);

machineTest(machine, "corral strays --kill leaves alone what became another program upon TERM", async () => {
  const subject = "subject04";
  const script = "import os, signal, time\n" +
    'signal.signal(signal.SIGTERM, lambda *_: os.execvp("sleep", ["sleep", "1000"]))\ntime.sleep(1000)';
  const turncoat = await start(root, program(subject, script));
  try {
    await until(root, "it listens", `grep -q '^SigCgt:.*[4567c-f]...$' /proc/${turncoat.pid}/status`);
    const { code, stdout } = await root.corral([...match(subject), "--kill", "--grace", "500ms"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, new RegExp(`^${turncoat.pid} left alone: it is no stray any more `));
    assert.ok(await isAlive(turncoat));
  } finally {
    await endAll(turncoat);
  }
}, NATIVE);

machineTest(
  machine,
  "corral strays --kill does not end who keeps its words, nor the shell around it",
  async () => {
    const subject = "subject05";
    const stray = await start(root, program(subject));
    try {
      const log = `/tmp/run_fastsurfer --sid ${subject}`;
      const script = `"$0" strays --match 'run_fastsurfer --sid ${subject}' --kill 2>&1 | tee '${log}'`;
      const { stdout } = succeeded(await root.exec(["/bin/sh", "-c", script, machine.corral]));
      assert.match(stdout, new RegExp(`^${stray.pid} ended: TERM .*\\n$`));
      assert.equal(await machine.readFile(log), stdout);
    } finally {
      await endAll(stray);
    }
  },
  NATIVE,
);

machineTest(machine, "corral strays --kill harms no job that is being launched", async () => {
  const subject = "subject06";
  const launches = (caller: Caller, ...options: string[]) =>
    `for i in 1 2 3 4; do '${machine.corral}' run --quiet --backend ${caller.backend} ${options.join(" ")} \
      -- /bin/echo run_fastsurfer --sid ${subject} || echo "exit code $?"; done`;
  const sweep =
    `while [ ! -e "$0" ]; do '${machine.corral}' strays --match 'run_fastsurfer --sid ${subject}' --kill; done`;
  const done = (await machine.exec(["mktemp", "-u"])).stdout.trim();
  const sweeping = root.exec(["/bin/sh", "-c", sweep, done]);
  try {
    const [attached, detached, unprivileged] = await Promise.all([
      root.exec(["/bin/sh", "-c", launches(root)]),
      root.exec(["/bin/sh", "-c", launches(root, "--detach")]),
      alice.exec(["/bin/sh", "-c", launches(alice)]),
    ]);
    const echoed = `run_fastsurfer --sid ${subject}\n`.repeat(4);
    assert.deepEqual([attached.stdout, attached.stderr], [echoed, ""]);
    assert.deepEqual([unprivileged.stdout, unprivileged.stderr], [echoed, ""]);
    assert.match(detached.stdout, /^(\w{6}\n){4}$/, detached.stderr);
    for (const job of detached.stdout.trim().split("\n")) {
      const { reason, exitCode } = await root.ended(job);
      assert.deepEqual([reason, exitCode], ["exited", 0]);
    }
  } finally {
    await machine.exec(["touch", done]);
    // The echo in the job's own cgroup is no stray, and nothing else ever was one.
    assert.deepEqual([(await sweeping).stdout, (await sweeping).stderr], ["", ""]);
  }
}, NATIVE);

machineTest(
  machine,
  "corral strays --kill says of what does not die what it waits for",
  async () => {
    const subject = "subject07";
    const directory = succeeded(await machine.exec(["mktemp", "-d"])).stdout.trim();
    await machine.putFile(
      `${directory}/hold.py`,
      await Deno.readTextFile(join(import.meta.dirname!, "hold_dying.py")),
    );
    const holder = await machine.spawn(["python3", `${directory}/hold.py`, `${directory}/pid`]);
    const script =
      `import os, time; open("${directory}/pid", "w").write(f"{os.getpid()}\\n"); time.sleep(1000)`;
    const held = await start(root, program(subject, script));
    try {
      await until(root, "it is traced", `grep -q '^TracerPid:.[1-9]' /proc/${held.pid}/status`);
      const { code, stdout } = await root.corral([...match(subject), "--kill", "--now"]);
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`^${held.pid} still alive: is stopped or traced `));
    } finally {
      await endAll(holder);
      await endAll(held);
    }
  },
  // It takes a kill deadline, and the two containers have the same kernel.
  machine.suite === "bookworm" ? onceOnly(machine) : { skip: "nspawn-bookworm shows it" },
);
