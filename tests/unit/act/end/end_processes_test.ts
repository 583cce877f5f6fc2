import assert from "node:assert/strict";
import { hostClock } from "../../../../src/linux/clock.ts";
import { poll } from "../../../../src/base/poll.ts";
import { Procs } from "../../../../src/linux/proc.ts";
import type { Identity } from "../../../../src/job/job.ts";
import { parseSignal } from "../../../../src/value/signal.ts";
import { endProcesses, type EndProcessesOptions } from "../../../../src/act/end/end_processes.ts";
import { Bystander } from "../../../kit/fakes/bystander.ts";
import { Child } from "../../../kit/fakes/child.ts";
import { BOOT_ID } from "../../../kit/fakes/job.ts";
import { NO_PID, ProcDir } from "../../../kit/fakes/proc_dir.ts";

const NODE = { procs: new Procs("/proc"), clock: hostClock("/proc") };
/** Long enough for a process that obeys, on any machine. */
const PATIENT: EndProcessesOptions = { signal: parseSignal("TERM"), graceMs: 10_000, stillMeant: () => true };
const HASTY: EndProcessesOptions = { ...PATIENT, graceMs: 0 };

function identityOf({ pid }: { pid: number }, changes: Partial<Identity> = {}): Identity {
  return { ...NODE.procs.identify(pid, NODE.clock.bootId())!, ...changes };
}

async function end(processes: Identity[], options: EndProcessesOptions) {
  return (await endProcesses(processes, NODE, options)).map(({ pid, ended }) => [pid, ended]);
}

/** Pidfds of this process for another; the runtime has one for each child. */
function descriptorsOf(pid: number): number {
  const isFor = (name: string) => {
    try {
      return new RegExp(`^Pid:\\t${pid}$`, "m").test(Deno.readTextFileSync(`/proc/self/fdinfo/${name}`));
    } catch {
      return false;
    }
  };
  return [...Deno.readDirSync("/proc/self/fdinfo")].filter(({ name }) => isFor(name)).length;
}

/** The C library stays open for the life of the process. */
function endTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

endTest(
  "endProcesses() lets those go that obey and kills those that do not, each with its result",
  async () => {
    await using obeys = new Child("exec sleep 1000");
    await using ignores = await Child.ignoring();
    await using bystander = new Bystander();
    const graceMs = 50;
    const results = await end([identityOf(ignores), identityOf(obeys)], { ...PATIENT, graceMs });
    assert.deepEqual(results, [[ignores.pid, "kill"], [obeys.pid, "term"]]);
    assert.deepEqual([await obeys.signal, await ignores.signal], ["SIGTERM", "SIGKILL"]);
    assert.ok(await bystander.wasLeftAlone());
  },
);

endTest("endProcesses() does not wait longer than the processes take", async () => {
  await using child = new Child("exec sleep 1000");
  const started = performance.now();
  assert.deepEqual(await end([identityOf(child)], { ...PATIENT, graceMs: 60_000 }), [[child.pid, "term"]]);
  assert.ok(performance.now() - started < 30_000);
});

endTest("endProcesses() sends the signal that was asked for, or KILL at once", async () => {
  await using user = new Child("exec sleep 1000");
  await using killed = new Child("exec sleep 1000");
  assert.deepEqual(await end([identityOf(user)], { ...PATIENT, signal: parseSignal("USR1") }), [[
    user.pid,
    "term",
  ]]);
  assert.deepEqual(await end([identityOf(killed)], { ...PATIENT, signal: null }), [[killed.pid, "kill"]]);
  assert.deepEqual([await user.signal, await killed.signal], ["SIGUSR1", "SIGKILL"]);
});

endTest("endProcesses() lets a stopped process act on the first signal", async () => {
  await using stopped = new Child("kill -STOP $$; exec sleep 1000");
  await stopped.becomes("stat", /\) T /);
  assert.deepEqual(await end([identityOf(stopped)], PATIENT), [[stopped.pid, "term"]]);
  assert.equal(await stopped.signal, "SIGTERM");
});

endTest("endProcesses() kills a process that stops itself whenever it may go on", async () => {
  await using stopped = new Child("trap 'kill -STOP $$' TERM; kill -STOP $$; while :; do read line; done");
  await stopped.becomes("stat", /\) T /);
  assert.deepEqual(await end([identityOf(stopped)], { ...PATIENT, graceMs: 50 }), [[stopped.pid, "kill"]]);
});

endTest("endProcesses() does not wait out the grace when it is cut short", async () => {
  await using ignores = await Child.ignoring();
  const hurry = new AbortController();
  const ending = end([identityOf(ignores)], { ...PATIENT, graceMs: 600_000, hurry: hurry.signal });
  hurry.abort();
  assert.deepEqual(await ending, [[ignores.pid, "kill"]]);
});

endTest("endProcesses() sends nothing to the next process with the same pid", async () => {
  await using bystander = new Bystander();
  const { startTicks } = identityOf(bystander);
  const reused = identityOf(bystander, { startTicks: startTicks - 1 });
  const before = identityOf(bystander, { bootId: "an earlier boot" });
  for (const identity of [reused, before]) {
    assert.deepEqual(await end([identity], HASTY), [[bystander.pid, "gone-before"]]);
  }
  assert.ok(await bystander.wasLeftAlone());
});

endTest("endProcesses() of a process that is gone, or dead and not yet reaped", async () => {
  await using child = new Child("exec sleep 1000");
  const identity = identityOf(child);
  Deno.kill(child.pid, "SIGKILL");
  assert.ok(await poll(() => !NODE.procs.isAlive(identity, identity.bootId), 10_000));
  assert.deepEqual(await end([identity], HASTY), [[child.pid, "gone-before"]]);
  await child.signal;
  assert.deepEqual(await end([identity], HASTY), [[child.pid, "gone-before"]]);
});

endTest("endProcesses() asks before each signal and sends none when it is not meant", async () => {
  await using bystander = new Bystander();
  const asked: number[] = [];
  const stillMeant = ({ pid }: Identity) => {
    asked.push(pid);
    return Promise.resolve(false);
  };
  assert.deepEqual(await end([identityOf(bystander)], { ...HASTY, stillMeant }), [[
    bystander.pid,
    "changed",
  ]]);
  assert.deepEqual(asked, [bystander.pid]);
  assert.ok(await bystander.wasLeftAlone());
});

endTest("endProcesses() takes no answer for a no, and says so", async () => {
  await using bystander = new Bystander();
  const [result] = await endProcesses([identityOf(bystander)], NODE, {
    ...HASTY,
    stillMeant: () => "unknown",
  });
  assert.equal(result?.ended, "alive");
  assert.match(result?.because ?? "", /did not answer/);
  assert.ok(await bystander.wasLeftAlone());
});

endTest("endProcesses() does not kill what became another process upon the first signal", async () => {
  await using child = new Child("trap 'exec sleep 1000' TERM; while :; do read line; done");
  await child.becomes("status", /^SigCgt:\s*[0-9a-f]*4[0-9a-f]{3}$/m);
  const stillMeant = ({ pid }: Identity) => commandLineOf(pid).join(" ").includes("read line");
  const identity = identityOf(child);
  const ending = end([identity], { ...PATIENT, graceMs: 100, stillMeant });
  assert.deepEqual(await ending, [[child.pid, "changed"]]);
  assert.equal(commandLineOf(child.pid).at(-1), "1000");
  assert.ok(await child.wasLeftAlone());
});

endTest("endProcesses() is refused for pid 1, itself and what it was called from", async () => {
  const pids = [1, Deno.pid, Deno.ppid];
  const processes = pids.map((pid) => identityOf({ pid }));
  const asked = () => assert.fail("not even looked at");
  const results = await endProcesses(processes, NODE, { ...HASTY, stillMeant: asked });
  assert.deepEqual(results.map(({ pid, ended }) => [pid, ended]), pids.map((pid) => [pid, "refused"]));
});

endTest("endProcesses() is refused for a kernel thread", async () => {
  await using bystander = new Bystander();
  using proc = new ProcDir();
  proc.add(bystander.pid, { flags: 0x0020_8040 });
  const node = { procs: proc.procs, clock: { ...NODE.clock, bootId: () => BOOT_ID } };
  const identity = { pid: bystander.pid, startTicks: 900_100, bootId: BOOT_ID };
  const [result] = await endProcesses([identity], node, HASTY);
  assert.deepEqual([result?.ended, result?.because], ["refused", "it is a kernel thread"]);
  assert.ok(await bystander.wasLeftAlone());
});

endTest(
  "endProcesses() goes on with the others when it fails for one, and gives back every descriptor",
  async () => {
    await using obeys = new Child("exec sleep 1000");
    await using bystander = new Bystander();
    const before = descriptorsOf(bystander.pid);
    const stillMeant = ({ pid }: Identity) => pid === obeys.pid || Promise.reject(new Error("no such luck"));
    const processes = [identityOf(bystander), { pid: NO_PID, startTicks: 1, bootId: "b" }, identityOf(obeys)];
    const results = await endProcesses(processes, NODE, { ...PATIENT, stillMeant });
    assert.deepEqual(results, [
      { pid: bystander.pid, ended: "alive", because: "no such luck" },
      { pid: NO_PID, ended: "gone-before", because: null },
      { pid: obeys.pid, ended: "term", because: null },
    ]);
    assert.equal(descriptorsOf(bystander.pid), before);
    assert.ok(await bystander.wasLeftAlone());
  },
);

function commandLineOf(pid: number): string[] {
  return (NODE.procs.readIfAllowed(pid, "cmdline") ?? "").split("\0").slice(0, -1);
}
