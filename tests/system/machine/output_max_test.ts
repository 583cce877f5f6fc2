/** `corral run --detach --output-max`: the file stops growing, and the job neither waits nor dies of it. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { Caller, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
const callers = unlikeCallers(machine, "output-max");
const NOTICE = "\n[corral: output stopped at 1.0M (--output-max); the job runs on]\n";
let files = 0;

function newFile(caller: Caller): string {
  return `/tmp/corral-test-output-max-${caller.user}-${++files}`;
}

const bounded = (file: string) => ["--output", file, "--output-max", "1M"];

async function cuts(caller: Caller, job: string): Promise<unknown[]> {
  const { events } = await caller.show(job);
  return events.filter(({ kind }) => kind === "output-truncated").map(({ detail }) => detail);
}

/** Size, and what is behind the first MiB. */
async function look(file: string): Promise<{ size: number; tail: string }> {
  const { stdout } = succeeded(
    await machine.exec(["sh", "-c", 'stat -c %s "$0"; tail -c +1048577 "$0"', file]),
  );
  const [size] = stdout.split("\n", 1);
  return { size: Number(size), tail: stdout.slice(size!.length + 1) };
}

/** The reader goes with the last writer. */
const readerIsGone = (caller: Caller) =>
  until(caller, "no reader is left", "! pgrep -f '[c]orral-output' >/dev/null");

for (const caller of callers) {
  machineTest(machine, `--output-max of ${caller.name} cuts the file and not the job`, async () => {
    const file = newFile(caller);
    const job = await caller.start(bounded(file), [
      "sh",
      "-c",
      "head -c 5000000 /dev/zero && echo done >&2; exit 3",
    ]);
    const { reason, exitCode } = await caller.ended(job);
    assert.deepEqual([reason, exitCode], ["exited", 3]);
    assert.deepEqual(await look(file), { size: 1_048_576 + NOTICE.length, tail: NOTICE });
    assert.deepEqual(await cuts(caller, job), [{ maxBytes: 1_048_576 }]);
    await readerIsGone(caller);
  });

  machineTest(machine, `--output-max of ${caller.name} leaves what fits as it is`, async () => {
    const file = newFile(caller);
    const job = await caller.start(bounded(file), ["sh", "-c", "head -c 1048576 /dev/zero"]);
    assert.equal((await caller.ended(job)).exitCode, 0);
    assert.deepEqual(await look(file), { size: 1_048_576, tail: "" });
    assert.deepEqual(await cuts(caller, job), []);
  });

  machineTest(
    machine,
    `--output-max of ${caller.name} lets a job that writes without end run until it is ended`,
    async () => {
      const file = newFile(caller);
      const job = await caller.start(bounded(file), ["sh", "-c", "exec yes"]);
      await until(caller, "the output is cut", `tail -c 100 ${file} | grep -q 'the job runs on'`);
      await until(caller, "it runs on", `corral show ${job} --json | grep -q output-truncated`);
      const written = async () => {
        const { usage } = await caller.show(job);
        return usage.cpuUsageUsec!;
      };
      const before = await written();
      await until(
        caller,
        "it still writes",
        `[ $(corral show ${job} --json | sed -n 's/.*"cpuUsageUsec": \\([0-9]*\\).*/\\1/p' | head -n 1) -gt ${
          before + 100_000
        } ]`,
      );
      succeeded(await caller.corral(["kill", "--now", job]));
      assert.equal((await look(file)).tail, NOTICE);
      await readerIsGone(caller);
    },
  );

  machineTest(
    machine,
    `--output-max of ${caller.name} outlives kill -9 of the supervisor: the job's end is the guard's`,
    async () => {
      const file = newFile(caller);
      const job = await caller.start([...bounded(file), "--grace", "0"], [
        "sh",
        "-c",
        "echo first; exec sleep 1000",
      ]);
      await until(caller, "it has written", `grep -q first ${file}`);
      const { supervisorPid } = await caller.show(job);
      succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
      assert.equal((await caller.ended(job)).reason, "orphaned");
      await readerIsGone(caller);
    },
  );
}

machineTest(machine, "a job that writes 20 GB into --output-max is not held up", async () => {
  const [caller] = callers;
  const file = newFile(caller!);
  const startMs = performance.now();
  const job = await caller!.start(bounded(file), [
    "dd",
    "if=/dev/zero",
    "bs=1M",
    "count=20000",
    "status=none",
  ]);
  const { exitCode, usage } = await caller!.ended(job);
  assert.equal(exitCode, 0);
  const wallMs = performance.now() - startMs;
  console.log(`20 GB in ${(usage.wallMs! / 1000).toFixed(1)} s: ${(20_000 / usage.wallMs!).toFixed(2)} GB/s`);
  assert.ok(wallMs < 60_000 * machine.slowness, `${wallMs} ms`);
}, nativeOnly(machine));

machineTest(machine, "--output-max refuses what is not corral's to bound", async () => {
  const root = new Caller(machine, "root", "systemd", "output-max-usage");
  for (const options of [[], ["--detach", "--user", "alice"]]) {
    const result = await root.corral(["run", "--output-max", "1M", ...options, "true"]);
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, /--output-max (goes with --detach|does not go with --user)/);
  }
});
