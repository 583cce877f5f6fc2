/** 10,000 nodes with 100 jobs each, merged: the memory does not grow with the rows. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { runCommand } from "../../kit/machine/command.ts";
import { jobJson } from "../../../src/job/json.ts";
import { endedPhase, jobIn } from "../../kit/fakes/job.ts";

const machine = await machineUnderTest();
const TIMEOUT_MS = 15 * 60_000;
const PROGRAM = new URL("measure_merge.py", import.meta.url).pathname;
const GROUPS = 50;
/** What a hundred times as many rows may take more: caches of the file on disk, and what the runtime has not yet collected. Measured: 136 MiB. */
const MOST_MORE_KIB = 180 * 1024;

interface Measured {
  code: number;
  stdout: string;
  stderr: string;
  peakKib: number;
}

async function merge(nodes: number, rows: number): Promise<Measured> {
  const job = jobIn(endedPhase({ endedAtMs: Date.now() - 60_000 }), { createdAtMs: Date.now() - 120_000 });
  const template = JSON.stringify({
    ...jobJson(job, null, null),
    startedAt: null,
    pid: null,
    cpuPercent: null,
  });
  const words = [machine.corral, "report", "--from", "-", "--by", "user", "--json"];
  const argv = ["python3", PROGRAM, String(nodes), String(rows), template, ...words];
  return JSON.parse(await runCommand(argv, { timeoutMs: TIMEOUT_MS }));
}

machineTest(
  machine,
  "corral report --from merges a million rows of 10,000 nodes in flat memory",
  async () => {
    const few = await merge(100, 100);
    const many = await merge(10_000, 100);
    for (const [measured, jobs] of [[few, 10_000], [many, 1_000_000]] as const) {
      assert.deepEqual([measured.code, measured.stderr], [0, ""]);
      const groups: { user: string; count: number }[] = JSON.parse(measured.stdout);
      assert.equal(groups.length, GROUPS);
      assert.ok(groups.every(({ count }) => count === jobs / GROUPS));
    }
    console.log(`peak memory: ${few.peakKib} KiB for 10,000 rows, ${many.peakKib} KiB for 1,000,000`);
    assert.ok(many.peakKib - few.peakKib < MOST_MORE_KIB, `${few.peakKib} and ${many.peakKib} KiB`);
  },
);
