/** Root sees and sweeps everybody's jobs, and no user's store can make it do, hide or believe anything about another's. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecResult } from "../../kit/machine/machine.ts";
import { succeeded } from "./caller.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const USERS_DIR = "/var/lib/corral/users";
const BOBS = `${USERS_DIR}/1001`;

/** Ten seconds for a user's answer, and what a busy machine takes. */
const CAPPED_MS = 25_000;

type User = "root" | "alice" | "bob";

/** A shell's commands, with `corral` in the PATH. */
function sh(user: User, script: string): Promise<ExecResult> {
  return machine.sh(`PATH=${machine.corral.replace(/\/[^/]*$/, "")}:$PATH; ${script}`, {
    user,
    login: user === "bob",
    cwd: "/",
  });
}

const said = async (user: User, script: string) => succeeded(await sh(user, script)).stdout.trim();

const SQL = `import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])`;

/** As bob, on a store of his, whatever corral has made of it. */
async function sql(file: string, statements: string): Promise<void> {
  succeeded(await machine.exec(["python3", "-c", SQL, file, statements], { user: "bob", login: true }));
}

const LOCK = `import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
open(sys.argv[2], "w").close()
time.sleep(60)`;

interface Row {
  id: string;
  name: string;
  user: string;
  procs: number | null;
  cgroupPath: string;
  cgroupInode: number;
}

async function ps(options = ""): Promise<Row[]> {
  return JSON.parse(await said("root", `corral ps --json --interval 0 ${options}`));
}

/** Jobs of these tests: those that cron started are in the same stores. */
const OWN = ["alices", "bobs", "over", "roots"];
const namesOf = (rows: readonly Row[]) =>
  rows.filter(({ name }) => OWN.includes(name)).map(({ name, user }) => `${user} ${name}`).toSorted();

/** With the directory as `corral install` makes it; other tests know nothing of it. */
function everybodyTest(name: string, act: () => Promise<void>): void {
  machineTest(machine, name, async () => {
    await said("root", `mkdir -p -m 711 /var/lib/corral; mkdir -m 1777 ${USERS_DIR}`);
    try {
      await act();
    } finally {
      await sh("alice", "corral kill --name alices --now");
      await sh("root", `corral kill --name roots --now; umount ${BOBS} 2>/dev/null; rm -rf ${USERS_DIR}`);
    }
  }, NATIVE);
}

/** Detached, of each of the two. */
async function startBoth(): Promise<{ alices: string; roots: string }> {
  const alices = await said("alice", "corral run -d --name alices sleep 1000");
  const roots = await said("root", "corral run -d --name roots sleep 1000");
  return { alices, roots };
}

everybodyTest(
  "corral ps of root has everybody's jobs with their figures, --mine and --user fewer",
  async () => {
    await startBoth();
    const all = await ps();
    assert.deepEqual(namesOf(all), ["alice alices", "root roots"]);
    assert.deepEqual(all.filter(({ name }) => OWN.includes(name)).map(({ procs }) => procs), [1, 1]);
    assert.deepEqual(namesOf(await ps("--mine")), ["root roots"]);
    assert.deepEqual(namesOf(await ps("--user alice")), ["alice alices"]);
    assert.deepEqual(namesOf(await ps("--user bob")), []);
    assert.deepEqual(namesOf(JSON.parse(await said("alice", "corral ps --json"))), ["alice alices"]);
  },
);

everybodyTest("corral ps of root names a store that it cannot read, and has all others", async () => {
  await startBoth();
  await said("bob", "corral sweep --quiet");
  const file = await said("root", `ls ${BOBS}/*.db`);
  const anew = `rm -rf ${file}*; corral sweep --quiet`;
  const bad: [what: string, script: string, statements: string | null][] = [
    ["garbage", `rm -rf ${file}*; head -c 100000 /dev/urandom >${file}`, null],
    ["a directory", `rm -rf ${file}*; mkdir ${file}`, null],
    ["a link to what bob may not read", `rm -rf ${file}*; ln -s /etc/shadow ${file}`, null],
    ["of a newer corral", anew, "PRAGMA user_version = 9999"],
    ["no table of jobs", anew, "DROP TABLE jobs"],
  ];
  for (const [what, script, statements] of bad) {
    await said("bob", script);
    if (statements !== null) await sql(file, statements);
    const { code, stdout, stderr } = await sh("root", "corral ps --json --interval 0");
    assert.match(stderr, /^corral: jobs of bob are left out: .*\n$/, what);
    assert.deepEqual(namesOf(JSON.parse(stdout)), ["alice alices", "root roots"], what);
    assert.equal(code, 1, what);
  }
});

everybodyTest("a store that is locked or a FIFO holds root up for no longer than its cap", async () => {
  await startBoth();
  await said("bob", "corral sweep --quiet");
  const file = await said("root", `ls ${BOBS}/*.db`);
  const [lock, mark] = ["/tmp/corral-test-lock.py", `${BOBS}/locked`];
  await machine.putFile(lock, LOCK);
  const locked = `setsid python3 ${lock} ${file} ${mark} </dev/null >/dev/null 2>&1 &
    until test -e ${mark}; do sleep 0.02; done`;
  for (const script of [locked, `rm -f ${file}*; mkfifo ${file}`]) {
    await said("bob", script);
    const beganMs = performance.now();
    const { stdout } = await sh("root", "corral ps --json --interval 0");
    assert.deepEqual(namesOf(JSON.parse(stdout)), ["alice alices", "root roots"], script);
    assert.ok(performance.now() - beganMs < CAPPED_MS, script);
  }
  await sh("root", `pkill -KILL -u bob -f ${lock}`);
});

everybodyTest("a lying record shows nothing of another's job, and no sweep acts on it", async () => {
  const { alices, roots } = await startBoth();
  await said("bob", "corral run --name bobs --quiet true");
  const file = await said("root", `ls ${BOBS}/*.db`);
  const live = await ps();
  for (const [victim, owner] of [[alices, "alice"], [roots, "root"]] as const) {
    const { cgroupPath, cgroupInode } = live.find(({ id }) => id === victim)!;
    // The victim's id and cgroup, overdue, without a supervisor, and said to be root's.
    await sql(
      file,
      `UPDATE jobs SET id = '${victim}', user = 'root', uid = 0, state = 'running', backend = 'systemd', cgroup_path = '${cgroupPath}',
        cgroup_inode = ${cgroupInode}, deadline_boot_ms = 1, supervisor_pid = 4194303, ended_at_ms = NULL, reason = NULL`,
    );
    const rows = (await ps()).filter(({ id }) => id === victim).map(({ user, procs }) => [user, procs]);
    assert.deepEqual(rows.toSorted(), [[owner, 1], ["bob", null]].toSorted());
    await sh("root", "corral sweep --quiet");
    assert.equal(await said("root", "corral ps -q --mine --name roots"), roots);
    assert.equal(await said("alice", "corral ps -q --name alices"), alices);
  }
});

everybodyTest("corral sweep of root ends each user's orphans and overdue jobs, and says whose", async () => {
  const { alices, roots } = await startBoth();
  const supervisor = await said(
    "alice",
    `corral show ${alices} --json | sed -n 's/.*"supervisorPid": \\([0-9]*\\).*/\\1/p'`,
  );
  await said("root", `pkill -KILL -f '[c]orral-guard-${alices} '; kill -KILL ${supervisor}`);
  assert.match(
    await said("root", "corral sweep --quiet"),
    new RegExp(`^alice: ${alices} ended: orphaned .*$`),
  );
  assert.deepEqual(namesOf(await ps()), ["root roots"]);
  assert.equal(await said("root", "corral ps -q --name roots"), roots);
  const { users } = JSON.parse(await said("root", "corral sweep --json")) as {
    users: { user: string; ok: boolean }[];
  };
  assert.deepEqual(users.map(({ user, ok }) => [user, ok]), [["alice", true]]);
});

everybodyTest("a squatter in the directory of a user's store hides none of that user's jobs", async () => {
  await said("bob", `mkdir -m 755 ${USERS_DIR}/1000`);
  await startBoth();
  assert.deepEqual(namesOf(await ps()), ["alice alices", "root roots"]);
});

everybodyTest(
  "root's show, set, freeze, thaw and kill of a user's job are done by that user's process",
  async () => {
    const { alices, roots } = await startBoth();
    const state = async () => JSON.parse(await said("root", `corral show ${alices} --json`));
    const { user, uid, events } = await state();
    assert.deepEqual([user, uid], ["alice", 1000]);
    assert.ok(events.length > 0);
    assert.match(await said("root", "corral show name:alices"), /alices/);
    assert.equal(await said("root", `corral set ${alices} --timeout 1h`), `${alices} set: timeout 1h`);
    assert.equal((await state()).timeoutMs, 3_600_000);
    assert.equal(await said("root", `corral freeze ${alices}`), `${alices} frozen`);
    assert.equal((await state()).frozen, true);
    assert.equal(await said("root", `corral thaw ${alices}`), `${alices} thawed`);
    assert.equal(
      await said("root", `corral kill ${alices} ${roots}`).then((text) => text.split("\n").length),
      2,
    );
    assert.deepEqual(namesOf(await ps()), []);
    assert.equal((await state()).reason, "killed");
    const { code, stderr } = await sh("root", "corral show zzzzzz");
    assert.deepEqual([code, stderr], [1, 'corral: no job matches "zzzzzz" (see: corral ps -a)\n']);
  },
);

everybodyTest("corral kill of root by a filter means everybody's jobs, and --mine root's own", async () => {
  const { roots } = await startBoth();
  assert.match(await said("root", "corral kill --all --dry-run"), /alices[^]*roots/);
  const killed = JSON.parse(await said("root", "corral kill --user alice --name alices --json"));
  assert.deepEqual(killed.map(({ reason }: { reason: string }) => reason), ["killed"]);
  await said("alice", "corral run -d --name alices sleep 1000");
  await said("root", "corral kill --name roots --mine");
  assert.deepEqual(namesOf(await ps()), ["alice alices"]);
  assert.match(await said("root", "corral kill --name alices"), /^\w{6} ended: killed$/);
  assert.deepEqual(namesOf(await ps()), []);
  assert.equal((await sh("alice", `corral kill ${roots}`)).code, 1);
});

everybodyTest("corral report of root has everybody's jobs, by user too, and top shows them", async () => {
  await startBoth();
  await said("alice", "corral run --quiet --name over true");
  const rows = JSON.parse(await said("root", "corral report --json")) as Row[];
  assert.deepEqual(namesOf(rows.filter(({ name }) => name === "over")), ["alice over"]);
  const groups = JSON.parse(await said("root", "corral report --by user --name over --json")) as {
    user: string;
    count: number;
  }[];
  assert.deepEqual(groups.filter(({ user }) => user === "alice").map(({ count }) => count), [1]);
  assert.equal((await said("root", "corral report --mine --json")).includes('"name": "over"'), false);
  assert.match(await said("root", "corral top --count 1"), /alices[^]*roots|roots[^]*alices/);
  assert.doesNotMatch(await said("root", "corral top --count 1 --mine"), /alices/);
});

everybodyTest(
  "root waits for a user's job, and reads its output, by processes of that user",
  async () => {
    const script = "printf 'a\\377b\\n'; sleep 3; echo more; exit 5";
    const id = await said("alice", `corral run -d --name alices sh -c "${script}"`);
    const [waited, followed] = await Promise.all([
      sh("root", `corral wait ${id}`),
      sh("root", `corral logs -f ${id}`),
    ]);
    assert.deepEqual([waited.code, waited.stdout], [5, ""]);
    assert.match(waited.stderr, new RegExp(`^corral: job ${id} ended: exited `));
    assert.deepEqual([followed.code, followed.stderr], [0, ""]);
    assert.deepEqual([...followed.stdoutBytes], [97, 255, 98, 10, ...new TextEncoder().encode("more\n")]);
    assert.equal(await said("root", `corral logs -n 1 ${id}`), "more");
  },
);

everybodyTest("root waits for jobs of several users and its own at once", async () => {
  const alices = await said("alice", "corral run -d --name alices sh -c 'sleep 1; exit 6'");
  const bobs = await said("bob", "corral run -d --name bobs sh -c 'sleep 1; exit 5'");
  const roots = await said("root", "corral run -d --name roots sleep 1000");
  const both = await sh("root", `corral wait --json alices ${bobs}`);
  assert.equal(both.code, 6, both.stderr);
  const jobs = JSON.parse(both.stdout) as { id: string; runExitCode: number }[];
  const codes = jobs.map(({ id, runExitCode }) => `${id} ${runExitCode}`);
  assert.deepEqual(codes.toSorted(), [`${alices} 6`, `${bobs} 5`].toSorted());
  assert.equal((await sh("root", "corral wait --any roots alices")).code, 6);
  const late = await sh("root", "corral wait --timeout 1s --json roots alices");
  assert.equal(late.code, 124);
  assert.deepEqual(
    (JSON.parse(late.stdout) as { id: string; runExitCode: number | null }[])
      .map(({ id, runExitCode }) => `${id} ${runExitCode}`).toSorted(),
    [`${alices} 6`, `${roots} null`].toSorted(),
  );
  const none = await sh("root", "corral wait roots corral-no-such-job");
  assert.deepEqual([none.code, none.stdout], [1, ""]);
});

everybodyTest(
  "what a user's record calls its output shows root nothing that the user may not read",
  async () => {
    const id = await said("bob", "corral run -d --name bobs true");
    await said("bob", `corral wait ${id}`);
    const store = await said("bob", `ls ${BOBS}/*.db`);
    const refusals = [
      ["/etc/shadow", /[Pp]ermission denied/],
      // A record with such a path is none.
      ["relative", /a job of bob's is left out/],
      ["/nonexistent", /was removed/],
    ] as const;
    for (const [path, why] of refusals) {
      await sql(store, `UPDATE jobs SET output_file = '${path}' WHERE id = '${id}'`);
      const { code, stdout, stderr } = await sh("root", `corral logs ${id}`);
      assert.deepEqual([code, stdout], [1, ""], path);
      assert.match(stderr, why);
    }
    // Its content is the reading process's own: that of bob's, in a clean environment.
    await sql(store, `UPDATE jobs SET output_file = '/proc/self/environ' WHERE id = '${id}'`);
    const { stdout } = await sh("root", `ROOTS_SECRET=hidden corral logs ${id}`);
    assert.doesNotMatch(stdout, /hidden/);
  },
);

everybodyTest(
  "corral prune of root drops each user's old records by that user's process, --mine root's own",
  async () => {
    await startBoth();
    await said("alice", "corral run --quiet --name over true");
    const dry = await said("root", "corral prune --older-than 0 --dry-run");
    assert.match(dry, /^would drop \d+ jobs? .*\n(.*\n)*alice: would drop 1 job that ended before /);
    assert.doesNotMatch(await said("root", "corral prune --older-than 0 --dry-run --mine"), /alice/);
    const { users } = JSON.parse(await said("root", "corral prune --older-than 0 --json")) as {
      users: { user: string; prune: { jobs: number } }[];
    };
    assert.equal(users.find(({ user }) => user === "alice")?.prune.jobs, 1);
    assert.equal(
      namesOf(JSON.parse(await said("alice", "corral report --json"))).includes("alice over"),
      false,
    );
  },
);

everybodyTest("root ends no job that a user's choice of words has made another's", async () => {
  const { alices, roots } = await startBoth();
  await said("bob", "corral run --name bobs --quiet true");
  const file = await said("root", `ls ${BOBS}/*.db`);
  const lie = (changes: string) =>
    sql(file, `UPDATE jobs SET state = 'running', ended_at_ms = NULL, reason = NULL, ${changes}`);
  const refused = async (words: string, why: RegExp) => {
    const { code, stdout, stderr } = await sh("root", `corral kill --now ${words}`);
    assert.deepEqual([code, stdout], [1, ""], words);
    assert.match(stderr, why, words);
    assert.equal(await said("root", "corral ps -q --name roots"), roots);
    assert.equal(await said("alice", "corral ps -q --name alices"), alices);
  };
  // A name that is the beginning of an id of root's, or of alice's.
  await lie(`name = '${roots.slice(0, 4)}'`);
  await refused(roots.slice(0, 4), /matches 2 jobs \(give its whole id, or --user USER\)\n[^]*bob/);
  await lie(`name = '${alices.slice(0, 4)}'`);
  await refused(alices.slice(0, 4), /matches a job of another user \(give its whole id/);
  // The beginning of an id, and a name, of another user's job alone.
  await lie("name = 'bobs'");
  await refused(alices.slice(0, 5), /^corral: no job matches/);
  await refused(
    "alices",
    /^corral: "alices" matches a job of another user \(give its whole id, or --user USER\)\n[^]*alice/,
  );
  // An id of another's: both are shown, and --user says which is meant.
  await lie(`id = '${alices}'`);
  await refused(alices, /matches 2 jobs \(give its whole id, or --user USER\)/);
  assert.equal(await said("root", `corral kill --now --user alice ${alices}`), `${alices} ended: killed`);
  await lie(`id = '${roots}'`);
  const { code, stderr } = await sh("root", `corral kill --now ${roots}`);
  assert.deepEqual([code, /matches 2 jobs/.test(stderr)], [1, true]);
  assert.equal(await said("root", `corral kill --now --mine ${roots}`), `${roots} ended: killed`);
});
