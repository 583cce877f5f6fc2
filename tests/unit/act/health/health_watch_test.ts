import assert from "node:assert/strict";
import { HealthWatch } from "../../../../src/act/health/health_watch.ts";
import { sweepHealth } from "../../../../src/act/health/without_supervisor.ts";
import type { HealthSpec } from "../../../../src/job/health.ts";
import { type Job, runningFacts } from "../../../../src/job/job.ts";
import { observeJob } from "../../../../src/observe/job.ts";
import { Ledger } from "../../../../src/store/ledger.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";

const USER = { uid: Deno.uid()!, gid: Deno.gid()!, home: "/" };
const STEP_MS = 60_000;
const IDLE: HealthSpec = { idle: { afterMs: 20 * STEP_MS, action: "kill" }, user: USER };

class Watched extends FakeNode {
  #cpuUsec = 0;
  readonly job: Job;
  readonly watch: HealthWatch;
  readonly journalled: Record<string, string>[] = [];

  constructor(health: HealthSpec) {
    super();
    this.job = this.start({ spec: { health } });
    const run = runningFacts(this.job)!;
    const cgroup = this.cgroups.fs.own(run.cgroup, JOB_ID);
    this.use(0);
    this.watch = new HealthWatch({ spec: this.job.spec, run, cgroup, backend: this.backend }, this.on);
  }

  get on() {
    const warn = (line: string) => void this.said.push(line);
    const { clock, procs } = this.context;
    const journal = (entry: Record<string, string>) => void this.journalled.push(entry);
    return { clock, procs, journal, ledger: new Ledger(this.stores.open(), warn), actor: "run", warn };
  }

  use(cpuMs: number): void {
    this.#cpuUsec += cpuMs * 1000;
    this.cgroups.put(JOB_PATH, "cpu.stat", `usage_usec ${this.#cpuUsec}\n`);
  }

  async pass(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.bootMs += STEP_MS;
      await this.watch.look();
    }
  }

  get kinds(): string[] {
    return this.stores.open().events(JOB_ID).map(({ kind }) => kind);
  }
}

Deno.test("HealthWatch records half of the time, all of it and the verdict, and says why", async () => {
  using node = new Watched(IDLE);
  await node.watch.look();
  node.use(5_000);
  await node.pass(11);
  assert.ok(node.kinds.includes("idle"));
  assert.equal(node.watch.unhealthy, null);
  await node.pass(10);
  assert.equal(node.watch.unhealthy, "idle");
  assert.deepEqual(node.kinds.slice(-3), ["idle", "idle", "unhealthy"]);
  assert.match(node.said.at(-1)!, /^job \w+ is unhealthy: it used no CPU, .* for 20m$/);
  assert.equal(node.recorded().health?.idle.isCounting, true);
});

Deno.test("HealthWatch only reports a job that is idle, to the journal as well", async () => {
  using node = new Watched({ ...IDLE, idle: { afterMs: 20 * STEP_MS, action: "report" } });
  await node.watch.look();
  node.use(5_000);
  await node.pass(22);
  assert.equal(node.watch.unhealthy, null);
  assert.deepEqual(node.journalled.map(({ CORRAL_CHECK }) => CORRAL_CHECK), ["idle"]);
  assert.match(node.said.at(-1)!, /^job \w+ is idle: /);
});

Deno.test("HealthWatch tries the events again that the store did not take", async () => {
  using node = new Watched(IDLE);
  await node.watch.look();
  node.use(5_000);
  node.stores.fill();
  await node.pass(11);
  assert.ok(!node.kinds.includes("idle"));
  node.stores.free();
  await node.pass(1);
  assert.ok(node.kinds.includes("idle"));
});

Deno.test("HealthWatch knows nothing where the cgroup is gone, and begins anew with other checks", async () => {
  using node = new Watched(IDLE);
  await node.watch.look();
  node.use(5_000);
  await node.pass(15);
  node.watch.use({ ...IDLE, idle: { afterMs: 12 * STEP_MS, action: "kill" } });
  await node.pass(5);
  assert.equal(node.watch.unhealthy, null);
  node.watch.use(null);
  await node.pass(30);
  assert.equal(node.watch.unhealthy, null);
  await node.watch.stop();
});

Deno.test("sweepHealth() looks after a job whose supervisor is stopped, until that goes on", async () => {
  using node = new Watched(IDLE);
  const supervise = (state: string) => {
    const { startTicks } = node.job.watch!.supervisor;
    node.proc.remove(SUPERVISOR_PID);
    node.addProcess(SUPERVISOR_PID, { startTicks, command: ["corral", "run"], state });
  };
  const sweep = () => {
    node.bootMs += 5 * STEP_MS;
    const job = node.recorded();
    return sweepHealth(node.context, job, { seen: observeJob(node.context, job), on: node.on });
  };
  supervise("T");
  await sweep();
  assert.equal(node.recorded().health?.atBootMs, node.bootMs);
  node.use(5_000);
  for (let looks = 0; looks < 10; looks++) assert.equal(await sweep(), null);
  supervise("S");
  assert.equal(await sweep(), null, "its own supervisor judges");
  supervise("T");
  assert.equal(await sweep(), "idle");
});

Deno.test("sweepHealth() looks at a job that goes on without its supervisor, and that no other process looks at", async () => {
  const command: HealthSpec = { ...IDLE, user: USER };
  using node = new Watched(command);
  const sweep = (onOrphan: "kill" | "keep") => {
    const job = node.stores.open().get(JOB_ID)!;
    return sweepHealth(node.context, job, { seen: observeJob(node.context, job, { onOrphan }), on: node.on });
  };
  assert.equal(await sweep("keep"), null);
  assert.equal(node.recorded().health, undefined, "its supervisor lives");
  node.proc.remove(SUPERVISOR_PID);
  await sweep("kill");
  assert.equal(node.recorded().health, undefined, "it is ended anyway");
  await sweep("keep");
  assert.equal(node.recorded().health?.atBootMs, node.bootMs);
  node.bootMs += STEP_MS;
  await sweep("keep");
  assert.equal(node.recorded().health?.atBootMs, node.bootMs - STEP_MS, "another process looks, it seems");
  node.use(5_000);
  for (let looks = 0; looks < 10; looks++) {
    node.bootMs += 5 * STEP_MS;
    assert.equal(await sweep("keep"), null);
  }
  node.bootMs += 5 * STEP_MS;
  assert.equal(await sweep("keep"), "idle");
});
