import assert from "node:assert/strict";
import type { HealthSpec, HealthState } from "../../../src/job/health.ts";
import type { Part } from "../../../src/serve/feed.ts";
import { askedSigns, healthShown } from "../../../src/serve/health_shown.ts";
import { jobIn, runOf } from "../../kit/fakes/job.ts";

const MINUTE_MS = 60_000;
const BOOT_MS = 100 * MINUTE_MS;
const NOW = { wallMs: 1_793_520_000_000, bootMs: BOOT_MS };
const USER = { uid: 0, gid: 0, home: "/root" };

const STATE: HealthState = {
  atBootMs: BOOT_MS,
  signs: { cpuUsageUsec: 1, ioOperations: 0, output: null, cpuWaitUsec: 0, stalledUsec: 0, beat: "1" },
  frozen: false,
  stuck: null,
  idle: { isCounting: true, quietMs: 0, activeBootMs: BOOT_MS },
  heartbeat: { beats: 1, silentMs: 0, beatBootMs: BOOT_MS },
  command: { strikes: 0, last: "well", words: "", atBootMs: BOOT_MS },
};

function jobWith(health: Omit<HealthSpec, "user">, state: Partial<HealthState>) {
  const job = jobIn({ state: "running", run: runOf() }, { health: { ...health, user: USER } });
  return { ...job, health: { ...STATE, ...state } };
}

const textOf = (parts: readonly Part[]) =>
  parts.map((part) => "flag" in part ? part.flag : "text" in part ? part.text : part.name).join("");

Deno.test("healthShown() has nothing of a job that is well, or that is not checked", () => {
  assert.equal(healthShown(jobIn({ state: "running", run: runOf() }), "x", NOW), null);
  assert.equal(healthShown(jobWith({ idle: { afterMs: MINUTE_MS, action: "report" } }, {}), "x", NOW), null);
});

Deno.test("healthShown() says for how long a job is idle, and what follows", () => {
  const idle = { isCounting: true, quietMs: 64 * MINUTE_MS, activeBootMs: BOOT_MS - 64 * MINUTE_MS };
  const job = jobWith({ idle: { afterMs: 120 * MINUTE_MS, action: "report" } }, { idle });
  const { sign, finding } = healthShown(job, "7k2m9q@1000", NOW)!;
  assert.deepEqual(sign, { isIdle: true, text: "1h04m" });
  assert.deepEqual([finding!.kind, finding!.severity, finding!.value], ["idle", "attention", "idle 1h04m"]);
  assert.match(textOf(finding!.text), / of \S+: it looks hung: no CPU, no disk, no new output$/);
  assert.match(
    textOf(finding!.remedy),
    /^At 2h corral reports it and leaves it alone \(--idle-action report\)\./,
  );
  assert.ok(finding!.remedy.some((part) => "action" in part && part.jobId === "7k2m9q@1000"));
});

Deno.test("healthShown() calls bad what corral is about to end, and says of which check", () => {
  const command = { strikes: 3, last: "ill", words: "no answer", atBootMs: BOOT_MS - MINUTE_MS } as const;
  const job = jobWith({ command: { command: "check", everyMs: MINUTE_MS } }, { command });
  const { sign, finding } = healthShown(job, "7k2m9q", NOW)!;
  assert.deepEqual(sign, { isIdle: false, text: "ill, 3 of 3: no answer" });
  assert.deepEqual([finding!.kind, finding!.severity], ["unhealthy", "bad"]);
  assert.match(textOf(finding!.text), /its health command calls it ill, 3 of 3: no answer$/);
});

Deno.test("askedSigns() has the beat with the moment at which the next is due", () => {
  const heartbeat = { beats: 2, silentMs: MINUTE_MS, beatBootMs: BOOT_MS - MINUTE_MS };
  const checks = { heartbeat: { withinMs: 10 * MINUTE_MS, firstWithinMs: 10 * MINUTE_MS, file: "/x" } };
  const job = jobWith({ ...checks, idle: { afterMs: MINUTE_MS, action: "report" } }, { heartbeat });
  const lastMs = NOW.wallMs - MINUTE_MS;
  const text = "last heartbeat 1m ago";
  assert.deepEqual(askedSigns(job, NOW), [
    { key: "heartbeat", lastMs, dueMs: lastMs + 10 * MINUTE_MS, verdict: "well", text },
  ]);
});
