import assert from "node:assert/strict";
import { healthRequestFrom } from "../../../src/cli/health_options.ts";
import { healthSpecFrom } from "../../../src/act/run/health_spec.ts";
import { newHealth } from "../../../src/cli/health_changes.ts";
import type { HealthSpec } from "../../../src/job/health.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { jobIn, runOf } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

const USER = { uid: 1000, gid: 1000, home: "/home/alice" };
const DIRECTORY = "/var/lib/corral/heartbeat";

Deno.test("healthRequestFrom() takes the settings where the options are silent, and no check without one", () => {
  using node = new FakeNode();
  const from = (options: Parameters<typeof healthRequestFrom>[1]) =>
    healthRequestFrom(node.context, options, DIRECTORY);
  assert.equal(from({}), null);
  assert.deepEqual(from({ idleAfter: 5, healthCommand: "ask" }), {
    idle: { afterMs: 5, action: "report" },
    command: { command: "ask", everyMs: 60_000 },
  });
  const first = (options: Parameters<typeof healthRequestFrom>[1]) => from(options)?.heartbeat?.firstWithinMs;
  assert.equal(first({ heartbeat: 5_000 }), 600_000);
  assert.equal(first({ heartbeat: 900_000 }), 900_000);
  assert.equal(first({ heartbeat: 900_000, heartbeatStart: 1_000 }), 1_000);
  const { cwd } = node.context;
  assert.equal(from({ heartbeat: 1, heartbeatFile: "beat" })?.heartbeat?.file, `${cwd}/beat`);
});

Deno.test("healthRequestFrom() refuses an option without the one that it goes with", () => {
  using node = new FakeNode();
  const wrong: Parameters<typeof healthRequestFrom>[1][] = [
    { idleAction: "kill" },
    { heartbeatFile: "/f" },
    { heartbeatStart: 5 },
    { healthInterval: 5 },
    { heartbeat: 5, heartbeatFile: "" },
  ];
  for (const options of wrong) {
    assert.throws(
      () => healthRequestFrom(node.context, options, DIRECTORY),
      UsageError,
      JSON.stringify(options),
    );
  }
});

Deno.test("healthSpecFrom() names a file of corral's own by the job, and leaves another's alone", () => {
  const heartbeat = { withinMs: 5, firstWithinMs: 6, file: null, directory: DIRECTORY };
  const job = { id: "7k2m9q", user: USER };
  assert.deepEqual(healthSpecFrom({ heartbeat }, job), {
    heartbeat: { withinMs: 5, firstWithinMs: 6, file: `${DIRECTORY}/7k2m9q`, isOurs: true },
    user: USER,
  });
  const named = healthSpecFrom({ heartbeat: { ...heartbeat, file: "/f" } }, job);
  assert.deepEqual(named?.heartbeat, { withinMs: 5, firstWithinMs: 6, file: "/f" });
  assert.equal(healthSpecFrom(null, job), null);
});

Deno.test("newHealth() changes what is named and keeps the rest; the last check takes all away", async () => {
  using node = new FakeNode();
  const before: HealthSpec = {
    idle: { afterMs: 5, action: "kill" },
    heartbeat: { withinMs: 5, firstWithinMs: 6, file: "/f" },
    user: USER,
  };
  const change = (options: object, health: HealthSpec | null = before) =>
    newHealth(
      node.context,
      jobIn({ state: "running", run: runOf() }, health === null ? {} : { health }),
      options,
    );
  assert.equal(await change({}), before);
  assert.deepEqual(await change({ idleAfter: { value: 9 } }), {
    ...before,
    idle: { afterMs: 9, action: "kill" },
  });
  assert.deepEqual((await change({ idleAction: "report" }))?.idle, { afterMs: 5, action: "report" });
  assert.deepEqual((await change({ heartbeat: { value: 9 } }))?.heartbeat, {
    ...before.heartbeat,
    withinMs: 9,
  });
  assert.deepEqual((await change({ healthCommand: { value: "ask" } }))?.command, {
    command: "ask",
    everyMs: 60_000,
  });
  assert.equal(await change({ idleAfter: { value: null }, heartbeat: { value: null } }), null);
  await assert.rejects(change({ heartbeat: { value: 9 } }, null), /started without one/);
  await assert.rejects(change({ idleAction: "kill" }, null), /no --idle-after/);
});
