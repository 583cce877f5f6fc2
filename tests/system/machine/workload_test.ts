/** A multiprocessing pipeline to its completion, to a time-out and to an OOM: nothing survives, and the record is right. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { Caller, type FinishedRun } from "./caller.ts";
import { leftOf, runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const hasMemory = machine.controllers.has("memory");
const PIPELINE = "/tmp/corral-test-pipeline.py";
const MIB = 1024 * 1024;
/** Without a memory controller there is nothing to fill it for. */
const [TOTAL_MIB, CPU_S] = hasMemory ? [2048, 6] : [128, 4];
/** How far the record may be from what was read during the run. */
const TOLERANCE = 0.05;

interface SampledRun extends Pick<FinishedRun, "code" | "stdout" | "stderr" | "job"> {
  seen: { memoryPeakBytes: number | null; cpuUsageUsec: number; samples: number };
}

interface Workload {
  caller: Caller;
  options: string[];
  end: "complete" | "linger";
}

async function runPipeline({ caller, options, end }: Workload): Promise<SampledRun> {
  const program = await Deno.readTextFile(join(import.meta.dirname!, "workload/pipeline.py"));
  await machine.putFile(PIPELINE, program);
  const stateDir = `/tmp/corral-test-workload-${caller.user}`;
  const receipt = `${stateDir}.json`;
  const own = ["run", "--backend", caller.backend, "--grace", "300ms", "--receipt", receipt];
  const command = ["python3", PIPELINE, String(TOTAL_MIB), String(CPU_S), end];
  const argv = [machine.corral, ...own, ...options, "--", ...command];
  const request = { argv, stateDir, receipt, user: caller.user === "root" ? null : caller.user };
  return await runGuestProgram(machine, "system/machine/workload/sampled_run.py", request);
}

function isNear(recorded: number | null, seen: number | null, what: string): void {
  if (recorded === null) return assert.equal(seen, null, what);
  assert.ok(Math.abs(recorded / seen! - 1) < TOLERANCE, `${what}: recorded ${recorded}, seen ${seen}`);
}

async function isAccountedFor({ job, seen }: SampledRun): Promise<void> {
  assert.ok(seen.samples > 10, `only ${seen.samples} samples`);
  isNear(job.usage.cpuUsageUsec, seen.cpuUsageUsec, "cpu time");
  isNear(job.usage.memoryPeakBytes, seen.memoryPeakBytes, "memory peak");
  assert.deepEqual(await leftOf(machine, [job.id]), []);
}

machineTest(machine, `a pipeline of ${TOTAL_MIB} MiB runs to its completion`, async () => {
  const caller = new Caller(machine, "root", "systemd", "workload");
  const run = await runPipeline({ caller, options: ["--timeout", "300s"], end: "complete" });
  const { code, stdout, stderr, job } = run;
  assert.deepEqual([code, stdout, job.reason], [0, "filled\nburned\n", "exited"], stderr);
  // Two workers outlived their parent, one of them deaf to SIGTERM.
  assert.ok(job.events.some(({ kind, detail }) => kind === "signal" && Number(detail["sent"]) >= 2));
  assert.ok(job.events.some(({ kind }) => kind === "kill"));
  assert.ok(job.usage.cpuUsageUsec! > CPU_S * 1e6, `cpu ${job.usage.cpuUsageUsec}`);
  if (hasMemory) assert.ok(job.usage.memoryPeakBytes! > TOTAL_MIB * MIB, `peak ${job.usage.memoryPeakBytes}`);
  await isAccountedFor(run);
});

machineTest(machine, `a pipeline of ${TOTAL_MIB} MiB runs into its time-out`, async () => {
  const caller = new Caller(machine, "alice", "systemd", "workload");
  const timeoutS = machine.tier === "vm" ? 20 : 3;
  const run = await runPipeline({ caller, options: ["--timeout", `${timeoutS}s`], end: "linger" });
  assert.deepEqual([run.code, run.job.reason], [124, "timeout"], run.stderr);
  await isAccountedFor(run);
});

machineTest(machine, `a pipeline of ${TOTAL_MIB} MiB runs out of half the memory`, async () => {
  const caller = new Caller(machine, "root", "cgroupfs", "workload");
  const limit = TOTAL_MIB / 2;
  const run = await runPipeline({ caller, options: ["--memory", `${limit}M`], end: "linger" });
  assert.deepEqual([run.code, run.stdout, run.job.reason], [137, "", "oom"], run.stderr);
  isNear(run.job.usage.memoryPeakBytes, limit * MIB, "memory peak");
  assert.ok(run.job.usage.oomKills! > 0);
  await isAccountedFor(run);
}, { needs: ["memory"] });
