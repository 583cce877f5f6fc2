import assert from "node:assert/strict";
import { callForJob, callManager, Line, SystemdRefusal } from "../../../src/systemd/connection.ts";
import {
  type Answer,
  bareErrorReply,
  emptyReply,
  errorReply,
  FakeManager,
  jobRemoved,
  replyWithJob,
  SECOND_SERIAL,
} from "../../kit/fakes/manager.ts";

const JOB = "/org/freedesktop/systemd1/job/12";
const UID = 1000;
const RELOAD = { member: "Reload", signature: "", body: () => {} };

async function assertRefuses(answer: Answer, errorName: string | null, message: RegExp): Promise<void> {
  await using manager = new FakeManager(answer);
  await assert.rejects(callForJob(manager.socketPath, UID, RELOAD), (error: unknown) => {
    assert.ok(error instanceof SystemdRefusal);
    assert.equal(error.errorName, errorName);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("callManager() introduces itself with its uid and calls the manager's object", async () => {
  await using manager = new FakeManager({ messages: [emptyReply()] });
  await callManager(manager.socketPath, UID, RELOAD);
  assert.deepEqual(manager.greetings, ["\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n"]);
  assert.equal(manager.calls[0]?.member, "Reload");
});

Deno.test("callManager() waits for its own reply among other messages", async () => {
  const others = [jobRemoved(JOB, "done"), emptyReply(99)];
  await using manager = new FakeManager({ messages: [...others, replyWithJob(JOB)] });
  assert.equal((await callManager(manager.socketPath, UID, RELOAD)).body.string(), JOB);
});

Deno.test("Line.open() of a bus says hello before it calls, and carries words of refusal", async () => {
  const name = "org.freedesktop.DBus.Error.AccessDenied";
  const refusal = errorReply(name, "Process not owned by client's UID.", 3);
  await using manager = new FakeManager({ messages: [emptyReply(SECOND_SERIAL)], afterwards: [refusal] });
  using line = await Line.open(manager.socketPath, UID, { isBus: true });
  await line.call(RELOAD);
  await assert.rejects(line.call(RELOAD), /Process not owned/);
  assert.deepEqual(manager.calls.map(({ member }) => member), ["Hello", "Reload", "Reload"]);
});

Deno.test("callForJob() waits until that very job is through", async () => {
  const signals = [
    jobRemoved("/org/freedesktop/systemd1/job/11", "failed"),
    jobRemoved(JOB, "canceled", "JobNew"),
    jobRemoved(JOB, "done"),
  ];
  await using manager = new FakeManager({ messages: [replyWithJob(JOB), ...signals] });
  assert.equal(await callForJob(manager.socketPath, UID, RELOAD), "done");
});

Deno.test("callForJob() tells how a job failed", async () => {
  await using manager = new FakeManager({ messages: [replyWithJob(JOB), jobRemoved(JOB, "timeout")] });
  assert.equal(await callForJob(manager.socketPath, UID, RELOAD), "timeout");
});

Deno.test("callForJob() carries systemd's own words of refusal", async () => {
  const name = "org.freedesktop.systemd1.UnitExists";
  const words = "Unit corral-7k2m9q.scope already exists.";
  await assertRefuses({ messages: [errorReply(name, words)] }, name, /^Unit corral-7k2m9q\.scope already/);
  await assertRefuses({ messages: [bareErrorReply(name)] }, name, /^org\.freedesktop\.systemd1\.UnitExists$/);
});

Deno.test("callForJob() does not hang when systemd goes away or refuses the caller", async () => {
  await assertRefuses({ messages: [] }, null, /closed the connection/);
  await assertRefuses({ messages: [replyWithJob(JOB)] }, null, /closed the connection/);
  await assertRefuses({ messages: [replyWithJob(JOB).slice(0, 30)] }, null, /closed the connection/);
  await assertRefuses({ greeting: "REJECTED EXTERNAL" }, null, /refused the connection: REJECTED EXTERNAL/);
});

Deno.test("callManager() names the socket that is not there", async () => {
  await assert.rejects(
    callManager("/nonexistent/systemd/private", UID, RELOAD),
    (error: unknown) =>
      error instanceof SystemdRefusal && /cannot reach systemd at \/nonexistent/.test(error.message),
  );
});
