/**
 * Nothing outside a job is touched. The corpus itself keeps bystanders around every case (escape_test.ts); here are
 * the commands that choose a job among others, and the launches that come to nothing.
 */
import assert from "node:assert/strict";
import { type EscapeCase, NASTY } from "../corpus/cases.ts";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecOptions } from "../../kit/machine/machine.ts";
import { runCorpus } from "../corpus/corpus_run.ts";

const machine = await machineUnderTest();
const BACKENDS = machine.tier === "host" ? ["cgroupfs"] as const : ["systemd", "cgroupfs"] as const;
type Backend = typeof BACKENDS[number];

/** Processes of one job of these tests. */
const TREE_SIZE = 5;
const START_MS = 10_000;
const stateDir = (await machine.exec(["mktemp", "-d"])).stdout.trim();
Deno.test.afterAll(async () => void await machine.exec(["rm", "-rf", stateDir]));
const ENV = { NASTY_SANDBOX: "1", CORRAL_STATE_DIR: stateDir };

function corral(args: readonly string[], options: ExecOptions = {}) {
  return machine.exec([machine.corral, ...args], { ...options, env: ENV });
}

/** "PID START-TIME" of the living processes with a job's marker. */
async function processesOf(job: string): Promise<string[]> {
  const script = `for environ in $(grep -lzxs "CORRAL_JOB_ID=$0" /proc/[0-9]*/environ); do
      directory=\${environ%/environ}
      echo "\${directory#/proc/} $(sed 's/.*) //' "$directory/stat" | cut -d ' ' -f 20)"
    done | sort`;
  const { stdout } = await machine.exec(["/bin/sh", "-c", script, job]);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Starts a job that lives until it is ended; resolves when all of it is there. */
async function startJob(backend: Backend, options: ExecOptions = {}): Promise<string> {
  const tree = [machine.nasty, "tree", String(TREE_SIZE), "--ignore-term", "--life", "120"];
  const run = ["run", "--detach", "--quiet", "--name", "twin", "--grace", "100ms", "--backend", backend];
  const { code, stdout, stderr } = await corral([...run, "--", ...tree], options);
  assert.equal(code, 0, stderr);
  const job = stdout.trim();
  const deadline = Date.now() + START_MS * machine.slowness;
  while ((await processesOf(job)).length < TREE_SIZE) {
    assert.ok(Date.now() < deadline, `job ${job} is not complete`);
  }
  return job;
}

/** Two jobs of the same name, user and program; ends what is left of them. */
async function withTwins(
  backend: Backend,
  body: (ended: string, spared: string) => Promise<void>,
): Promise<void> {
  const twins = [await startJob(backend), await startJob(backend)] as const;
  try {
    await body(...twins);
  } finally {
    for (const job of twins) await corral(["kill", "--now", job]);
  }
}

for (const backend of BACKENDS) {
  machineTest(machine, `corral kill on ${backend} spares a job of the same name`, async () => {
    await withTwins(backend, async (ended, spared) => {
      const before = await processesOf(spared);
      const { code, stderr } = await corral(["kill", ended]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await processesOf(ended), []);
      assert.deepEqual(await processesOf(spared), before);
    });
  }, nativeOnly(machine));

  machineTest(machine, `corral kill --dry-run on ${backend} ends nothing`, async () => {
    await withTwins(backend, async (...twins) => {
      const before = await Promise.all(twins.map(processesOf));
      const { code, stderr } = await corral(["kill", "--all", "--dry-run"]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await Promise.all(twins.map(processesOf)), before);
    });
  }, nativeOnly(machine));

  machineTest(machine, `launches that fail on ${backend} harm nobody`, async () => {
    const { records, strays } = await runCorpus(machine, { user: "root", backend, cases: FAILING_LAUNCHES });
    for (const { name, expected } of FAILING_LAUNCHES) {
      const { exitCode, harmed, survivors, cgroups, units } = records.get(name)!;
      const left = { exitCode, harmed, survivors, cgroups, units };
      const clean = { harmed: [], survivors: [], cgroups: [], units: [] };
      assert.deepEqual(left, { ...clean, exitCode: expected.exitCode }, name);
    }
    assert.deepEqual(strays, []);
  }, nativeOnly(machine));
}

machineTest(
  machine,
  "corral kill as another user reaches no job of root's (needs the test image's users)",
  async () => {
    const job = await startJob("cgroupfs");
    try {
      const before = await processesOf(job);
      const named = await corral(["kill", job], { user: "bob" });
      assert.notEqual(named.code, 0, named.stdout);
      await machine.exec([machine.corral, "kill", "--all", "--yes"], { user: "bob" });
      assert.deepEqual(await processesOf(job), before);
    } finally {
      await corral(["kill", "--now", job]);
    }
  },
  machine.tier === "host" ? { skip: true } : nativeOnly(machine),
);

function failing(name: string, argv: string[], exitCode: number, corralOptions: string[] = []): EscapeCase {
  const expected = { exitCode, reason: "failed-to-start" } as const;
  return { name, argv, ready: false, endsBy: "leader", expected, corralOptions };
}

const FAILING_LAUNCHES: readonly EscapeCase[] = [
  failing("a command that does not exist", ["/nonexistent/command"], 127),
  failing("a file that is not executable", ["/etc/passwd"], 126),
  failing("a directory", ["/etc"], 126),
  failing("a working directory that does not exist", [NASTY, "tree"], 2, ["--chdir", "/nonexistent"]),
];
