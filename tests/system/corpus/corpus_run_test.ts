/** The corpus's own checks, held against supervisors that do it wrong: what cannot fail proves nothing. */
import assert from "node:assert/strict";
import { type EscapeCase, NASTY } from "./cases.ts";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runCorpus } from "./corpus_run.ts";
import { problemsOf } from "./corpus_verdict.ts";

const machine = await machineUnderTest();
const JOB = "broken";
const DAEMONS: EscapeCase = {
  name: "daemons",
  argv: [NASTY, "daemons", "2"],
  ready: true,
  endsBy: "leader",
  expected: { exitCode: 0, reason: "exited" },
};

/** A supervisor in shell: `corral run [OPTION VALUE]… -- COMMAND` and `corral show`. */
function supervisor(afterwards: string): string[] {
  const script = `[ "$1" = run ] || { echo "no such job" >&2; exit 1; }
    while [ "$1" != -- ]; do shift; done
    shift
    echo "corral: job ${JOB} started" >&2
    CORRAL_JOB_ID=${JOB} "$@"
    ${afterwards}`;
  return ["/bin/sh", "-c", script, "corral"];
}

async function runBroken(afterwards: string) {
  const request = { user: "root", backend: "cgroupfs", cases: [DAEMONS] } as const;
  const { records, strays } = await runCorpus(machine, { ...request, corral: supervisor(afterwards) });
  const record = records.get(DAEMONS.name)!;
  const conditions = { backend: "cgroupfs", controllers: machine.controllers, timeoutMs: 0 } as const;
  return { record, strays, problems: problemsOf(DAEMONS, record, conditions) };
}

machineTest(
  machine,
  "runCorpus() sees the daemons of a supervisor that waits for its child only",
  async () => {
    const { record, problems, strays } = await runBroken("exit 3");
    assert.equal(record.survivors.length, 2);
    assert.deepEqual(strays, [], "the survivors were not cleaned up");
    assert.deepEqual(record.harmed, []);
    assert.ok(problems.includes("exit code 3, expected 0"));
    assert.ok(problems.some((problem) => problem.startsWith("no record: exit 1: no such job")));
  },
  nativeOnly(machine),
);

machineTest(machine, "runCorpus() sees a process that has lost its marker", async () => {
  const stray =
    `env --unset=CORRAL_JOB_ID setsid ${machine.nasty} idle --life 30 >/dev/null & echo $! >&2; exit 0`;
  const { record, strays } = await runBroken(stray);
  const pid = record.stderr.trim().split("\n").pop()!;
  await machine.exec(["kill", "-KILL", pid]);
  assert.equal(strays.length, 1);
  assert.ok(strays[0]!.startsWith(`pid ${pid} `), strays[0]);
}, nativeOnly(machine));

machineTest(machine, "runCorpus() sees a cgroup that bears the job's id", async () => {
  const mount = (await machine.sh(`awk '/ - cgroup2 /{print $5; exit}' /proc/self/mountinfo`)).stdout.trim();
  const cgroup = `${mount}/corral-${JOB}.slice`;
  const { record } = await runBroken(`mkdir ${cgroup}`);
  await machine.exec(["rmdir", cgroup]);
  assert.deepEqual(record.cgroups, [cgroup]);
}, nativeOnly(machine));

machineTest(machine, "runCorpus() sees a unit that bears the job's id (needs systemd)", async () => {
  const { record } = await runBroken(
    `systemd-run --quiet --collect --unit=corral-${JOB}.service sleep infinity`,
  );
  await machine.exec(["systemctl", "stop", `corral-${JOB}.service`]);
  assert.match(record.units.join("\n"), new RegExp(`^corral-${JOB}\\.service`));
}, machine.tier === "host" ? { skip: true } : nativeOnly(machine));

machineTest(machine, "runCorpus() sees a bystander that a kill of the process group took along", async () => {
  const { record, problems } = await runBroken("kill -TERM 0");
  assert.deepEqual(record.harmed, ["same process group: ended"]);
  assert.ok(problems.includes("harmed bystander: same process group: ended"));
}, nativeOnly(machine));
