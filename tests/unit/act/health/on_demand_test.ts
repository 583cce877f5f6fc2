import assert from "node:assert/strict";
import { HealthOnDemand } from "../../../../src/act/health/on_demand.ts";
import { poll } from "../../../../src/base/poll.ts";
import type { HealthSpec } from "../../../../src/job/health.ts";
import { runningFacts } from "../../../../src/job/job.ts";
import { Ledger } from "../../../../src/store/ledger.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";

const USER = { uid: Deno.uid()!, gid: Deno.gid()!, home: "/" };
const STEP_MS = 60_000;
const CAP_MS = 10_000;
const IDLE: HealthSpec = { idle: { afterMs: 20 * STEP_MS, action: "kill" }, user: USER };

class Watched extends FakeNode {
  readonly health: HealthOnDemand;

  constructor(health?: HealthSpec) {
    super();
    const job = this.start({ spec: health === undefined ? {} : { health } });
    const run = runningFacts(job)!;
    const cgroup = this.cgroups.fs.own(run.cgroup, JOB_ID);
    this.use(0);
    const warn = (line: string) => void this.said.push(line);
    const { clock, procs, journal } = this.context;
    const ledger = new Ledger(this.stores.open(), warn);
    const on = { clock, procs, journal, ledger, actor: "run", warn };
    this.health = new HealthOnDemand({ spec: job.spec, run, cgroup, backend: this.backend }, on);
  }

  use(cpuUsec: number): void {
    this.cgroups.put(JOB_PATH, "cpu.stat", `usage_usec ${cpuUsec}\n`);
  }

  /** Busy, and then idle for longer than it may be. */
  async becomeIdle(): Promise<void> {
    await this.health.look();
    this.use(5_000_000);
    for (let step = 0; step < 22; step++) {
      this.bootMs += STEP_MS;
      await this.health.look();
    }
  }
}

Deno.test("HealthOnDemand looks after a job that has a check from the launch on", async () => {
  using node = new Watched(IDLE);
  let verdicts = 0;
  node.health.follow(() => verdicts++);
  await node.becomeIdle();
  assert.equal(node.health.unhealthy, "idle");
  assert.ok(verdicts > 0);
  await node.health.stop();
});

Deno.test("HealthOnDemand does nothing for a job without a check, and begins with one that comes later", async () => {
  using node = new Watched();
  let verdicts = 0;
  node.health.follow(() => verdicts++);
  await node.becomeIdle();
  assert.deepEqual([node.health.unhealthy, node.recorded().health ?? null], [null, null]);
  node.health.use(null);
  node.health.use(IDLE);
  // Its first look of its own.
  assert.ok(await poll(() => node.recorded().health?.idle !== undefined, CAP_MS));
  await node.becomeIdle();
  assert.equal(node.health.unhealthy, "idle");
  assert.ok(verdicts > 0);
  node.health.use(null);
  assert.equal(node.health.unhealthy, null);
  await node.health.stop();
});

Deno.test("HealthOnDemand that was stopped begins nothing", async () => {
  using node = new Watched();
  node.health.follow(() => assert.fail("stopped"));
  await node.health.stop();
  node.health.use(IDLE);
  await node.becomeIdle();
  assert.equal(node.health.unhealthy, null);
});
