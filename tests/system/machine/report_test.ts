/** `corral report` of jobs that really ran: its figures are those of `corral show`, and other programs read its formats. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { type Caller, type JobJson, succeeded, unlikeCallers } from "./caller.ts";

const machine = await machineUnderTest();
const HOSTILE_NAME = 'a "b",\nc';
/** Rows as Python's csv module reads them, as JSON. */
const READ_CSV = "import csv, json, sys; print(json.dumps(list(csv.DictReader(sys.stdin))))";

interface ReportedJson extends JobJson {
  cpuPercent: number | null;
}

async function report(caller: Caller, ...args: string[]): Promise<string> {
  return succeeded(await caller.corral(["report", ...args])).stdout;
}

async function runJobs(caller: Caller): Promise<JobJson[]> {
  const busy = ["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; exit 3"];
  const runs = [
    await caller.run(["--name", HOSTILE_NAME, "--ref", "task-1", "--tag", "study=a"], busy),
    await caller.run(["--timeout", "100ms"], ["sleep", "1000"]),
    await caller.run([], ["true"]),
  ];
  return runs.map(({ job }) => job);
}

for (const caller of unlikeCallers(machine, "report")) {
  machineTest(machine, `corral report of ${caller.name} is what its jobs used`, async () => {
    const jobs = await runJobs(caller);
    const ids = jobs.map(({ id }) => id);
    const lines = (await report(caller, "--format", "jsonl")).trimEnd().split("\n");
    const end = JSON.parse(lines.pop()!);
    assert.deepEqual([end.end, end.rows, end.whole], [true, lines.length, true]);
    const reported = lines.map((line) => JSON.parse(line) as ReportedJson);
    assert.deepEqual(reported.map(({ id }) => id), ids);
    for (const { id, usage, reason, exitCode } of reported) {
      const shown = await caller.show(id);
      assert.deepEqual({ usage, reason, exitCode }, {
        usage: shown.usage,
        reason: shown.reason,
        exitCode: shown.exitCode,
      });
    }
    assert.ok(reported[0]!.usage.cpuUsageUsec! > 10_000, "it counted to 200000");
    assert.ok(reported[0]!.cpuPercent! > reported[1]!.cpuPercent!, "busy and asleep");

    const csv = await report(caller, "--format", "csv", "--columns", "id,name,wall,reason,exit");
    const read = succeeded(await machine.exec(["python3", "-c", READ_CSV], { stdin: csv })).stdout;
    const rows = reported.map(({ id, name, usage, reason }, index) => ({
      id,
      name,
      wallMs: String(usage.wallMs),
      reason,
      exitStatus: ["3", "124", "0"][index],
    }));
    assert.deepEqual(JSON.parse(read), rows);
    assert.equal(rows[0]!.name, HOSTILE_NAME);

    const tagged = JSON.parse(await report(caller, "--json", "--tag", "study=a", "--since", "1h"));
    assert.deepEqual(tagged.map(({ id }: ReportedJson) => id), ids.slice(0, 1));
    const groups = JSON.parse(await report(caller, "--json", "--by", "reason"));
    const counts = groups.map((
      { reason, count, failed }: Record<string, unknown>,
    ) => [reason, count, failed]);
    assert.deepEqual(counts.sort(), [["exited", 2, 1], ["timeout", 1, 1]]);
    assert.match(await report(caller), /^total: 3 jobs, 2 failed, CPU time /m);
  }, nativeOnly(machine));
}
