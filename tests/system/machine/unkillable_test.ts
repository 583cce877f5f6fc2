/**
 * A process that cannot die: `corral run` comes back all the same, says what is left and why, and ends it later, once
 * what held it has let go.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import type { Running } from "../../kit/machine/machine.ts";
import { Caller, CGROUP_MOUNT, succeeded, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
/** FUSE is in the virtual machine's own kernel; a tracer holds a process on any. */
const inVm = machine.tier === "vm";
const KILL_DEADLINE_MS = 10_000;
const TIMEOUT_MS = inVm ? 10_000 : 2_000;

interface Holder {
  /** Words of the job's command. */
  argv: string[];
  /** What the record says of the process that is left. */
  expected: { state: string; wchan: RegExp; because: RegExp };
  running: Running;
}

async function startProgram(name: string, argument: string): Promise<Running> {
  const path = `/tmp/corral-test-${name}`;
  await machine.putFile(path, await Deno.readTextFile(join(import.meta.dirname!, name)));
  return await machine.spawn(["python3", path, argument], { timeoutMs: 120_000 });
}

async function tracer(): Promise<Holder> {
  const pidFile = `${succeeded(await machine.exec(["mktemp", "-d"])).stdout.trim()}/pid`;
  return {
    argv: ["/bin/sh", "-c", 'echo $$ >"$0"; exec sleep 1000', pidFile],
    expected: { state: "t", wchan: /ptrace_stop/, because: /^is stopped or traced$/ },
    running: await startProgram("hold_dying.py", pidFile),
  };
}

async function muteFileSystem(caller: Caller): Promise<Holder> {
  const running = await startProgram("mute_fuse.py", "/mnt/mute");
  await until(caller, "it is mounted", "grep -q ' /mnt/mute ' /proc/self/mountinfo");
  return {
    argv: ["cat", "/mnt/mute/mute"],
    expected: { state: "D", wchan: /fuse|request_wait_answer/, because: /FUSE file system/ },
    running,
  };
}

async function failsToEnd(caller: Caller, { argv, expected }: Holder): Promise<string> {
  const { code, stderr, job } = await caller.run(["--timeout", `${TIMEOUT_MS}ms`, "--grace", "100ms"], argv);
  assert.equal(code, 125);
  assert.match(stderr, /^corral: job \w+ ended: unkillable .*; 1 process is still alive: corral show \w+$/m);
  assert.deepEqual([job.reason, job.trigger, job.exitCode, job.signal], [
    "unkillable",
    "timeout",
    null,
    null,
  ]);
  const [survivor] = job.survivors;
  assert.equal(job.survivors.length, 1);
  assert.deepEqual([survivor!.pid, survivor!.state], [job.pid, expected.state]);
  assert.match(survivor!.wchan ?? "", expected.wchan);
  assert.match(survivor!.because, expected.because);
  const spentMs = job.usage.wallMs! - TIMEOUT_MS;
  // A freeze that hangs is given up twice on the way, after a second each.
  const mostMs = KILL_DEADLINE_MS + 3_000 + 200 * machine.slowness;
  assert.ok(spentMs >= KILL_DEADLINE_MS && spentMs < mostMs, `given up ${spentMs} ms after the deadline`);
  return job.id;
}

async function isListed(caller: Caller, job: string, { expected }: Holder): Promise<void> {
  const { stdout } = succeeded(await caller.corral(["show", "--full", job]));
  assert.match(stdout, /^ {2}state {8}ended: unkillable after timeout, exit unknown\. This means: /m);
  assert.match(stdout, new RegExp(`^survivors\n {2}\\d+ \\w+: state ${expected.state}, wchan \\w+: `, "m"));
  assert.match(succeeded(await caller.corral(["ps"])).stdout, new RegExp(`^${job} .* unkillable `, "m"));
  const { cgroupPath } = await caller.show(job);
  const events = await machine.readFile(`${CGROUP_MOUNT}${cgroupPath}/cgroup.events`);
  assert.match(events, /^populated 1$/m);
  assert.match(events, /^frozen 0$/m, "left frozen");
}

async function failsAgain(caller: Caller, job: string): Promise<void> {
  const { code, stdout, stderr } = await caller.corral(["kill", job]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.equal(stderr, `corral: job ${job}: 1 process is still alive: corral show ${job}\n`);
}

machineTest(
  machine,
  `a process held by ${inVm ? "a FUSE file system" : "a tracer"} ends once it is let go`,
  async () => {
    const caller = new Caller(machine, "root", "systemd", "unkillable");
    const holder = inVm ? await muteFileSystem(caller) : await tracer();
    try {
      const job = await failsToEnd(caller, holder);
      await isListed(caller, job, holder);
      // Costs another kill deadline, so only where a test costs little.
      if (!inVm) await failsAgain(caller, job);
      await holder.running.kill("SIGKILL");
      await holder.running.wait();
      const { stdout } = succeeded(await caller.corral(["kill", job]));
      assert.equal(stdout, `${job} ended: unkillable\n`);
      assert.deepEqual(await leftOf(machine, [job]), []);
      assert.deepEqual((await caller.show(job)).survivors, []);
      assert.doesNotMatch(succeeded(await caller.corral(["ps"])).stdout, new RegExp(job));
    } finally {
      await holder.running.kill("SIGKILL");
    }
  },
);
