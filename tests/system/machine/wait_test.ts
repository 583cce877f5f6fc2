/** `corral wait`: the code that `corral run` would have had, whatever becomes of the job's supervisor. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecResult } from "../../kit/machine/machine.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { allCallers, Caller, type JobJson, killGuard, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

const callers = allCallers(machine, "wait");
const root = callers[0]!;

interface WaitedJson extends JobJson {
  runExitCode: number | null;
}

const waitedIn = ({ stdout }: ExecResult): WaitedJson[] => JSON.parse(stdout);

/** A wait that has begun: it has looked at the job, and sleeps in the kernel. */
async function startWaiting(caller: Caller, words: readonly string[]) {
  const { user, stateDir } = caller;
  const env = { CORRAL_STATE_DIR: stateDir };
  const waiting = await machine.spawn([machine.corral, "wait", ...words], { user, env });
  const threads = `cat /proc/${waiting.pid}/task/*/syscall`;
  // poll(2) has the same number, 7, on the machines that tests run on.
  await until(root, "it waits", `${threads} | grep -q '^7 '`);
  return waiting;
}

for (const caller of callers) {
  machineTest(machine, `corral wait of ${caller.name} exits as corral run would have`, async () => {
    const { user, name } = caller;
    const [ok, three, late, killed] = await Promise.all([
      caller.start([], ["true"]),
      caller.start([], ["sh", "-c", "sleep 1; exit 3"]),
      caller.start(["--timeout", "1s", "--grace", "0"], ["sleep", "1000"]),
      caller.start([], ["sleep", "1000"]),
    ]);
    const waiting = [ok, three, late].map((id) => caller.corral(["wait", id!]));
    const kill = await startWaiting(caller, [killed!]);
    succeeded(await caller.corral(["kill", killed!]));
    const results = await Promise.all([...waiting, kill.wait()]);
    assert.deepEqual(results.map(({ code }) => code), [0, 3, 124, 143], `${user}: ${name}`);
    assert.match(results[1]!.stderr, new RegExp(`^corral: job ${three} ended: exited after .*exit 3`));
    assert.deepEqual([results[0]!.stdout, results[0]!.stderr], ["", ""]);
    const again = await caller.corral(["wait", "--json", killed!, ok!, three!]);
    assert.equal(again.code, 143, "the highest");
    assert.deepEqual(waitedIn(again).map(({ id, runExitCode }) => [id, runExitCode]), [
      [killed, 143],
      [ok, 0],
      [three, 3],
    ]);
    assert.deepEqual(await leftOf(machine, [ok!, three!, late!, killed!]), []);
  });
}

for (const caller of unlikeCallers(machine, "wait")) {
  machineTest(machine, `the receipt is written when corral wait of ${caller.name} returns`, async () => {
    const receipt = `${caller.stateDir}-waited.json`;
    for (let times = 0; times < 5; times++) {
      const id = await caller.start(["--receipt", receipt], ["sh", "-c", "sleep 0.5; exit 2"]);
      const script = '"$0" wait "$1"; code=$?; cat "$2"; exit $code';
      const { code, stdout } = await caller.exec(["sh", "-c", script, machine.corral, id, receipt]);
      assert.deepEqual([code, (JSON.parse(stdout) as JobJson).id], [2, id]);
    }
  }, NATIVE);

  machineTest(machine, `corral wait --any and --timeout of ${caller.name}`, async () => {
    const long = await caller.start([], ["sleep", "1000"]);
    const short = await caller.start([], ["sh", "-c", "sleep 1; exit 6"]);
    const any = await caller.corral(["wait", "--any", long, short]);
    assert.deepEqual([any.code, any.stdout], [6, `${short}\n`]);
    const timed = await caller.corral(["wait", "--timeout", "1s", long, short]);
    assert.deepEqual([timed.code, timed.stdout], [124, ""]);
    assert.match(timed.stderr, new RegExp(`^corral: not ended within 1s: ${long}$`, "m"));
    assert.equal((await caller.show(long)).state, "running");
    await caller.end(long);
  });

  machineTest(
    machine,
    `kill -9 of the supervisor ends no wait of ${caller.name} before the job's end`,
    async () => {
      const ids = await Promise.all(
        ["one", "two"].map((name) => caller.start(["--name", name], ["sleep", "1000"])),
      );
      const waiting = await startWaiting(caller, ["--json", ...ids]);
      const { supervisorPid } = await caller.show(ids[0]!);
      succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
      // Its guard ends the job.
      assert.equal((await caller.ended(ids[0]!)).reason, "orphaned");
      succeeded(await caller.corral(["kill", ids[1]!]));
      const result = await waiting.wait();
      assert.deepEqual(waitedIn(result).map(({ reason }) => reason), ["orphaned", "killed"]);
      assert.equal(result.code, 143, "the highest of 137 and 143");
      assert.deepEqual(await leftOf(machine, ids), []);
    },
  );

  machineTest(
    machine,
    `corral wait of ${caller.name} records an end that no other process is left to record`,
    async () => {
      const id = await caller.start([], [
        "sh",
        "-c",
        "while [ ! -e /tmp/corral-test-wait-go ]; do sleep 0.1; done",
      ]);
      const waiting = await startWaiting(caller, [id]);
      await caller.orphan(id);
      succeeded(await machine.exec(["touch", "/tmp/corral-test-wait-go"]));
      const { code, stderr } = await waiting.wait();
      succeeded(await machine.exec(["rm", "/tmp/corral-test-wait-go"]));
      assert.equal(code, 125, stderr);
      const { reason, exitCode, events } = await caller.show(id);
      assert.deepEqual([reason, exitCode, events.at(-1)!.actor], ["exited", null, "wait"]);
      assert.deepEqual(await leftOf(machine, [id]), []);
    },
    NATIVE,
  );
}

machineTest(machine, "a signal to corral wait ends the wait alone", async () => {
  const id = await root.start([], ["sleep", "1000"]);
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const waiting = await startWaiting(root, [id]);
    await waiting.kill(signal);
    assert.deepEqual([(await waiting.wait()).code, (await root.show(id)).state], [code, "running"]);
  }
  await root.end(id);
}, NATIVE);

machineTest(
  machine,
  "corral wait waits for a job in the foreground too",
  async () => {
    const { stateDir } = root;
    const running = await machine.spawn([
      machine.corral,
      "--state-dir",
      stateDir,
      "run",
      "-n",
      "front",
      "sh",
      "-c",
      "sleep 2; exit 8",
    ]);
    await until(root, "it runs", `${machine.corral} ps -q --name front | grep -q .`);
    assert.equal((await root.corral(["wait", "name:front"])).code, 8);
    assert.equal((await running.wait()).code, 8);
  },
  NATIVE,
);

machineTest(machine, "corral wait ends when its store goes away", async () => {
  const gone = new Caller(machine, "root", "systemd", "wait-gone");
  const id = await gone.start([], ["sleep", "1000"]);
  const waiting = await startWaiting(gone, [id]);
  succeeded(await machine.exec(["mv", gone.stateDir, `${gone.stateDir}-away`]));
  const { code, stderr } = await waiting.wait();
  succeeded(await machine.exec(["mv", `${gone.stateDir}-away`, gone.stateDir]));
  assert.deepEqual([code, stderr.split("\n").length], [1, 2], stderr);
  assert.match(stderr, /^corral: .*was removed or replaced meanwhile/);
  await gone.end(id);
}, NATIVE);

/** Of a process and its threads, in ticks of 10 ms. */
async function cpuTicks(pid: number): Promise<number> {
  const fields = (await machine.readFile(`/proc/${pid}/stat`)).replace(/^.*\) /, "").split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

machineTest(machine, "corral wait costs a look a second", async () => {
  const id = await root.start([], ["sleep", "1000"]);
  const waiting = await startWaiting(root, [id]);
  const [before, startMs] = [await cpuTicks(waiting.pid), Date.now()];
  succeeded(await machine.exec(["sleep", "8"]));
  const [ticks, seconds] = [await cpuTicks(waiting.pid) - before, (Date.now() - startMs) / 1_000];
  console.log(`${ticks * 10} ms of CPU in ${seconds.toFixed(1)} s of waiting`);
  assert.ok(ticks * 10 / seconds < 20, `${ticks} ticks in ${seconds} s`);
  await waiting.kill("SIGTERM");
  await root.end(id);
}, NATIVE);

/** Two minutes' work on one release, less on the other. */
const MANY = machine.suite === "bookworm" ? 200 : 50;

/** As many waits as jobs, each job told to go by one file; prints how many waits gave which code. */
const AT_ONCE = `corral=$0 go=$1 count=$2
  ids=$(seq "$count" | xargs -P 8 -I N "$corral" run --quiet --detach sh -c "until [ -e $go ]; do sleep 1; done; exit 7")
  pids=
  for id in $ids; do "$corral" wait "$id" >/dev/null 2>&1 & pids="$pids $!"; done
  # One more for all of them.
  "$corral" wait --json $ids >"$go.json" 2>/dev/null & all=$!
  touch "$go"
  for pid in $pids; do wait "$pid"; echo $? >>"$go.codes"; done
  sort "$go.codes" | uniq -c
  wait "$all"; echo "all $?"`;

machineTest(machine, `${MANY} waits for ${MANY} jobs at once`, async () => {
  const many = new Caller(machine, "root", "systemd", "wait-many");
  const go = "/tmp/corral-test-wait-many-go";
  const startMs = Date.now();
  const words = ["/bin/sh", "-c", AT_ONCE, machine.corral, go, String(MANY)];
  const { stdout } = succeeded(await many.exec(words, { timeoutMs: 400_000 }));
  console.log(`${MANY} jobs and ${MANY} waits: ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
  assert.deepEqual(stdout.trim().split("\n").map((line) => line.trim()), [`${MANY} 7`, "all 7"]);
  const jobs: WaitedJson[] = JSON.parse(await machine.readFile(`${go}.json`));
  assert.equal(new Set(jobs.map(({ id }) => id)).size, MANY);
  assert.deepEqual(await leftOf(machine, jobs.map(({ id }) => id)), []);
}, NATIVE);

machineTest(machine, "corral wait waits on while a guard alone is gone", async () => {
  const id = await root.start([], ["sh", "-c", "sleep 3; exit 5"]);
  await killGuard(machine, id);
  assert.equal((await root.corral(["wait", id])).code, 5);
}, NATIVE);
