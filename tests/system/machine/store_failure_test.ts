/** Whatever is wrong with the store: the job runs, its deadline holds, its exit code is passed on, and one line tells of the loss. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import type { Running } from "../../kit/machine/machine.ts";
import { type JobJson, succeeded } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const TIMEOUT_MS = 1_000 * machine.slowness;
const LATE_AT_MOST_MS = 1_000 * machine.slowness;
/** A store that somebody holds is waited for, once: 10 s. */
const LAUNCH_MS = 60_000;
const BASE = "/tmp/corral-test-stores";

interface BrokenStore {
  name: string;
  /** Shell that breaks it; its directory is $1, with a sound store in it. */
  breaking: string;
  /** Runs until the end of the case: Python, with the file as argument. It says when it holds the store. */
  holder?: string;
  mending?: string;
  user?: string;
  /** What the line of `corral run` and the one of `corral ps` say. */
  says: RegExp;
  /** `corral ps` works nevertheless. */
  readable?: boolean;
  /** There is no store any more: no job is on record. */
  absent?: boolean;
}

/** Other programs that have the store open, and say so. */
function holding(statements: string): string {
  return `import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in "${statements}".split(";"): database.execute(statement)
print("holding", flush=True)
time.sleep(1000)`;
}

const BROKEN_STORES: readonly BrokenStore[] = [
  { name: "garbage", breaking: 'rm "$1"/*; echo garbage >"$1/corral.db"', says: /not a database/ },
  {
    name: "damaged pages",
    breaking:
      `python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$1/corral.db"
      dd if=/dev/urandom of="$1/corral.db" bs=4096 seek=1 count=17 conv=notrunc status=none`,
    says: /malformed|not a database|damaged/,
  },
  {
    name: "of a newer corral",
    breaking:
      `python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version = 999")' "$1/corral.db"`,
    says: /newer corral.*install that version/,
  },
  {
    name: "on a read-only file system",
    breaking: 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"',
    mending: 'umount "$1"',
    says: /readonly|read-only|Read-only/,
    readable: true,
  },
  {
    name: "in a directory of somebody else's",
    breaking: 'chown -R root:root "$1"; chmod 755 "$1"',
    user: "alice",
    says: /unable to open|ermission/,
  },
  {
    name: "on a full file system",
    breaking: 'mount -t tmpfs -o size=64k,mode=700 corral-test "$1" && head -c 60k /dev/zero >"$1/filler"',
    mending: 'umount "$1"',
    says: /full/,
    absent: true,
  },
  { name: "where a file is in the way", breaking: 'rm -r "$1" && echo >"$1"', says: /directory/ },
  {
    name: "held by a writer",
    breaking: "true",
    holder: holding("BEGIN EXCLUSIVE"),
    says: /locked.*try again/,
    readable: true,
  },
  {
    name: "held by somebody who lets nobody read",
    breaking: "true",
    holder: holding("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"),
    says: /locked.*try again/,
  },
];

const STUBBORN = ["sh", "-c", "trap '' TERM; echo runs; while :; do sleep 1000; done"];

/** A pool is kept by its store: with one that is held, a job of a pool gets no further, and says so. */
const NO_POOL = /\(a pool cannot be kept without its store: .*leave out --pool\)$/;
const POOLS = `${BASE}-pools.toml`;

interface Tried {
  timeout: { code: number; stdout: string; stderr: string; job: JobJson };
  exit: { code: number; stderr: string };
  pool: { code: number; stdout: string; stderr: string };
  ps: { code: number; stdout: string; stderr: string };
  show: { code: number; stderr: string };
}

/** Two jobs, `ps` and `show` on a store that is broken by then. */
async function tryBroken(broken: BrokenStore): Promise<Tried> {
  const stateDir = `${BASE}/${broken.name.replaceAll(" ", "-").replaceAll("'", "")}`;
  const options = { user: broken.user ?? "root", timeoutMs: LAUNCH_MS };
  const corral = (...words: string[]) =>
    machine.exec([machine.corral, "--state-dir", stateDir, ...words], options);
  succeeded(await machine.exec(["install", "-d", "-o", options.user, stateDir]));
  succeeded(await corral("run", "true"));
  succeeded(await machine.exec(["sh", "-c", broken.breaking, "sh", stateDir]));
  const holder = broken.holder === undefined ? null : await hold(broken.holder, `${stateDir}/corral.db`);
  try {
    const receipt = `${stateDir}.json`;
    succeeded(await machine.exec(["install", "-o", options.user, "/dev/null", receipt]));
    const limited = ["--timeout", `${TIMEOUT_MS}ms`, "--grace", "0", "--receipt", receipt];
    const [timeout, exit, pool, ps, show] = await Promise.all([
      corral("run", ...limited, "--", ...STUBBORN),
      corral("run", "--", "sh", "-c", "exit 7"),
      corral("--config", POOLS, "run", "--pool", "one", "--", "echo", "runs"),
      corral("ps"),
      corral("show", "name:true"),
    ]);
    return {
      timeout: { ...timeout, job: JSON.parse(await machine.readFile(receipt)) },
      exit,
      pool,
      ps,
      show,
    };
  } finally {
    await holder?.kill("SIGKILL");
    await machine.exec(["sh", "-c", `${broken.mending ?? "true"}; rm -r "$1" "$1.json"`, "sh", stateDir]);
  }
}

async function hold(program: string, file: string): Promise<Running> {
  const said = `${file}.held`;
  const argv = ["sh", "-c", 'exec python3 -c "$1" "$2" >"$3"', "sh", program, file, said];
  const holder = await machine.spawn(argv, { timeoutMs: 10 * LAUNCH_MS });
  succeeded(await machine.exec(["sh", "-c", 'until grep -q holding "$0"; do sleep 0.05; done', said]));
  return holder;
}

/** Lines besides the start and the end of the job. */
function warnings(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => line !== "");
  return lines.filter((line) => !/^corral: job \w+ (started|ended)/.test(line));
}

let trying: Promise<Promise<Tried>[]> | undefined;

async function tryAll(): Promise<Promise<Tried>[]> {
  succeeded(await machine.exec(["sh", "-c", 'printf "[pools.one]\\njobs = 1\\n" >"$0"', POOLS]));
  return BROKEN_STORES.map(tryBroken);
}

for (const [index, broken] of BROKEN_STORES.entries()) {
  machineTest(machine, `a store ${broken.name} stops neither job nor deadline`, async () => {
    // Side by side, for most of them wait most of the time.
    trying ??= tryAll();
    const { timeout, exit, pool, ps, show } = await (await trying)[index]!;
    assert.deepEqual([timeout.code, timeout.stdout], [124, "runs\n"], timeout.stderr);
    assert.equal(exit.code, 7, exit.stderr);
    assert.deepEqual([pool.code, pool.stdout], [125, ""], pool.stderr);
    assert.match(pool.stderr.trimEnd().split("\n").at(-1)!, NO_POOL);
    const { job } = timeout;
    const lateMs = job.usage.wallMs! - TIMEOUT_MS;
    assert.ok(lateMs >= 0 && lateMs < LATE_AT_MOST_MS, `ended ${lateMs} ms after the deadline`);
    assert.deepEqual([job.state, job.reason], ["ended", "timeout"]);
    assert.deepEqual(await leftOf(machine, [job.id]), []);
    for (const { stderr } of [timeout, exit]) {
      const [line, ...others] = warnings(stderr);
      assert.match(line ?? "", /^corral: warning: /);
      assert.match(line ?? "", broken.says);
      assert.deepEqual(others, []);
    }
    if (broken.absent) {
      // Beside launches that fail to make one, there may or may not be the beginning of a store.
      assert.match(ps.stderr, /^$|full/);
      assert.match(show.stderr, /no job matches|full/);
      return;
    }
    for (const { code, stderr } of [ps, show]) {
      if (broken.readable) {
        assert.deepEqual([code, stderr], [0, ""]);
        continue;
      }
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^corral: .*\n$/);
      assert.match(stderr, broken.says);
    }
  }, onceOnly(machine));
}
