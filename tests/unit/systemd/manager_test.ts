import assert from "node:assert/strict";
import type { DBusReader } from "../../../src/systemd/wire.ts";
import { Systemd } from "../../../src/systemd/manager.ts";
import { type Limits, NO_LIMITS } from "../../../src/job/job.ts";
import { poll } from "../../../src/base/poll.ts";
import {
  emptyReply,
  errorReply,
  FakeManager,
  jobRemoved,
  replyWithJob,
  SECOND_SERIAL,
} from "../../kit/fakes/manager.ts";

const JOB = "/org/freedesktop/systemd1/job/12";
const LIMITS: Limits = {
  memoryMaxBytes: 24 * 2 ** 30,
  memoryHighBytes: 20 * 2 ** 30,
  swapMaxBytes: 0,
  cpuMaxCores: 1.5,
  cpuWeight: 50,
  pidsMax: 300,
};
const UNITS = {
  id: "7k2m9q",
  pid: 4711,
  guardPid: null,
  description: "corral job 7k2m9q",
  limits: LIMITS,
  graceMs: 2_000,
  backstopMs: 67_000,
};

/** Reads the a(sv) that follows: names and values of the types that are sent. */
function readProperties(body: DBusReader): Map<string, unknown> {
  const properties = new Map<string, unknown>();
  const length = body.uint32();
  body.align(8);
  for (const end = body.at + length; body.at < end;) {
    body.align(8);
    properties.set(body.string(), readVariant(body));
  }
  return properties;
}

function readVariant(body: DBusReader): unknown {
  const signature = body.signature();
  if (signature === "s") return body.string();
  if (signature === "b") return body.uint32() === 1;
  if (signature === "t") {
    body.align(8);
    return body.uint32() + body.uint32() * 2 ** 32;
  }
  const end = body.uint32() + body.at;
  const values: unknown[] = [];
  while (body.at < end) values.push(signature === "au" ? body.uint32() : body.string());
  return values;
}

Deno.test("Systemd.startJob() makes scope and slice in one call", async () => {
  await using manager = new FakeManager({ messages: [replyWithJob(JOB), jobRemoved(JOB, "done")] });
  assert.equal(await new Systemd(null, 0, manager.run).startJob(UNITS), "done");
  const { member, signature, body } = manager.calls[0]!;
  assert.deepEqual([member, signature], ["StartTransientUnit", "ssa(sv)a(sa(sv))"]);
  assert.deepEqual([body.string(), body.string()], ["corral-7k2m9q.scope", "fail"]);
  const scope = readProperties(body);
  assert.deepEqual(scope.get("PIDs"), [4711]);
  assert.equal(scope.get("RuntimeMaxUSec"), 67_000_000);
  assert.deepEqual(scope.get("DelegateControllers"), ["memory", "pids"]);
  body.uint32();
  body.align(8);
  assert.equal(body.string(), "corral-7k2m9q.slice");
  const slice = readProperties(body);
  assert.equal(slice.get("MemoryMax"), 25_769_803_776);
  assert.equal(slice.get("MemoryAccounting"), true);
  assert.equal(body.at, body.bytes.length);
});

Deno.test("Systemd.stopSlice() and setLimits() name the job's slice alone", async () => {
  await using manager = new FakeManager(
    { messages: [replyWithJob(JOB), jobRemoved(JOB, "done")] },
    { messages: [emptyReply()] },
  );
  const systemd = new Systemd(null, 0, manager.run);
  await systemd.stopSlice("7k2m9q");
  await systemd.setLimits("7k2m9q", { ...NO_LIMITS, pidsMax: 5 });
  const [stop, set] = manager.calls;
  assert.deepEqual([stop!.member, stop!.body.string(), stop!.body.string()], [
    "StopUnit",
    "corral-7k2m9q.slice",
    "replace",
  ]);
  // The 1: at run time only, nothing is written to /etc.
  assert.deepEqual([set!.member, set!.body.string(), set!.body.uint32()], [
    "SetUnitProperties",
    "corral-7k2m9q.slice",
    1,
  ]);
  const properties = readProperties(set!.body);
  assert.deepEqual([properties.get("TasksMax"), properties.get("MemoryMax")], [5, 2 ** 64]);
});

Deno.test("Systemd.attach() asks the system manager, on the bus, to move processes below the user's own", async () => {
  await using manager = new FakeManager({ messages: [emptyReply(SECOND_SERIAL)] });
  assert.ok(manager.asBus);
  using user = new Systemd("/nonexistent", 1000, manager.run);
  await user.attach("/corral.slice/corral-7k2m9q.slice/corral-7k2m9q.scope", [4711, 4712]);
  const { member, signature, body } = manager.calls.at(-1)!;
  assert.deepEqual([member, signature], ["AttachProcessesToUnit", "ssau"]);
  assert.equal(body.string(), "user@1000.service");
  assert.equal(body.string(), "/corral.slice/corral-7k2m9q.slice/corral-7k2m9q.scope");
  assert.deepEqual([body.uint32(), body.uint32(), body.uint32()], [8, 4711, 4712]);
});

Deno.test("Systemd.attach() moves all processes of an adoption on one connection, also after a refusal", async () => {
  const refusal = errorReply("org.freedesktop.systemd1.NoSuchProcess", "No process 4712.", SECOND_SERIAL);
  await using manager = new FakeManager({ messages: [refusal], afterwards: [emptyReply(3)] });
  assert.ok(manager.asBus);
  using user = new Systemd("/nonexistent", 1000, manager.run);
  await assert.rejects(user.attach("/x.scope", [4711, 4712]), /No process 4712/);
  await user.attach("/x.scope", [4711]);
  assert.deepEqual(manager.greetings.length, 1);
});

const STARTED = [replyWithJob(JOB), jobRemoved(JOB, "done")];
const WAIT_CAP_MS = 5_000;

Deno.test("Systemd.hold() makes one connection serve the start and the stop of a job", async () => {
  const stopped = [replyWithJob(JOB, SECOND_SERIAL), jobRemoved(JOB, "canceled")];
  await using manager = new FakeManager({ messages: STARTED, afterwards: stopped });
  const systemd = new Systemd(null, 0, manager.run);
  systemd.hold();
  assert.equal(await systemd.startJob(UNITS), "done");
  assert.equal(await systemd.stopSlice("7k2m9q"), "canceled");
  assert.deepEqual(manager.calls.map(({ member }) => member), ["StartTransientUnit", "StopUnit"]);
  assert.equal(manager.greetings.length, 1);
});

Deno.test("Systemd.stopSlice() connects again when the manager has hung up on the held connection", async () => {
  await using manager = new FakeManager({ messages: STARTED });
  const systemd = new Systemd(null, 0, manager.run);
  systemd.hold();
  await systemd.startJob(UNITS);
  assert.equal(await systemd.stopSlice("7k2m9q"), "done");
  assert.equal(manager.greetings.length, 2);
});

Deno.test("Systemd.hold() lets go of a connection that no call uses", async () => {
  await using manager = new FakeManager({ messages: STARTED, afterwards: [] });
  const systemd = new Systemd(null, 0, manager.run);
  systemd.hold();
  await systemd.startJob(UNITS);
  assert.ok(await poll(() => manager.hangUps === 1, WAIT_CAP_MS));
});

Deno.test("Systemd of a user talks to that user's manager and has its tools do so", async () => {
  await using manager = new FakeManager({ messages: [emptyReply()] });
  const user = new Systemd(manager.run, 1000, "/nonexistent");
  await user.reload();
  assert.equal(manager.calls[0]?.member, "Reload");
  assert.deepEqual(user.toolFlags(), ["--user"]);
  assert.equal(user.toolEnv()["XDG_RUNTIME_DIR"], manager.run);
  assert.equal(user.dropInDirectory("a.scope"), `${manager.run}/systemd/user/a.scope.d`);
  const system = new Systemd(null, 0);
  assert.deepEqual([system.toolFlags(), system.toolEnv()], [[], {}]);
  assert.equal(system.dropInDirectory("a.scope"), "/run/systemd/system/a.scope.d");
});
