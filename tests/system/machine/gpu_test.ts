/**
 * Which processes hold a GPU: in jobs, outside of jobs, and after a job's end. The machine has none: its /dev/nvidia0 is a node that the
 * test makes, with the numbers of a driver that every kernel has and nothing else here uses (/dev/full).
 */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { Caller, type JobJson, succeeded, until } from "./caller.ts";

const machine = await machineUnderTest();
const ONCE = onceOnly(machine);
const root = new Caller(machine, "root", "systemd", "gpu");
const alice = new Caller(machine, "alice", "systemd", "gpu");

const HOLDS = ["sh", "-c", "exec 7</dev/nvidia0; exec sleep 1000"];
const LOOKS_LIKE = [
  "sh",
  "-c",
  "mkdir -p /tmp/x/dev; : >/tmp/x/dev/nvidia0; exec 7</tmp/x/dev/nvidia0; exec sleep 1001",
];
/** Leaves a holder behind in a scope of the user's manager, where the end of the job does not reach. */
const LEAVES = "systemd-run --user --scope --quiet --collect sh -c " +
  "'exec 7</dev/nvidia0; : >/tmp/gpu-left; exec sleep 1002' & until [ -e /tmp/gpu-left ]; do sleep 0.1; done";

async function withGpu(act: () => Promise<void>): Promise<void> {
  succeeded(await machine.sh("mknod -m 666 /dev/nvidia0 c 1 7"));
  try {
    await act();
  } finally {
    await machine.sh("rm -rf /dev/nvidia0 /tmp/gpu-left /tmp/x");
  }
}

interface Row {
  pid: number;
  user: string;
  gpus: string[];
}

async function strays(...options: string[]): Promise<Row[]> {
  return JSON.parse(succeeded(await root.corral(["strays", "--gpu", "--json", ...options])).stdout);
}

machineTest(
  machine,
  "corral finds what holds a GPU, and ends it only outside of jobs",
  () =>
    withGpu(async () => {
      const job = await root.start([], HOLDS);
      const stray = await machine.spawn(HOLDS, { user: "alice" });
      const other = await machine.spawn(LOOKS_LIKE, { user: "alice" });
      try {
        for (const [pid, what] of [[stray.pid, "/dev/nvidia0"], [other.pid, "/tmp/x/dev/nvidia0"]] as const) {
          await until(root, `${pid} holds ${what}`, `[ "$(readlink /proc/${pid}/fd/7)" = ${what} ]`);
        }
        assert.deepEqual((await strays()).map(({ pid, user, gpus }) => ({ pid, user, gpus })), [
          { pid: stray.pid, user: "alice", gpus: ["nvidia0"] },
        ]);
        assert.deepEqual(await strays("--exclude", "sleep"), []);
        const ps = JSON.parse(succeeded(await root.corral(["ps", "--json"])).stdout) as Row[];
        assert.deepEqual(ps.map(({ gpus }) => gpus), [["nvidia0"]]);
        assert.match(succeeded(await root.corral(["ps"])).stdout, / GPU\n.* 0\n$/);
        assert.match(succeeded(await root.corral(["show", job])).stdout, /^gpu +nvidia0$/m);
        // Whose /proc/PID/fd alice may not read.
        assert.equal((await alice.corral(["strays", "--gpu", "--json"])).code, 0);
        const killed = succeeded(await root.corral(["strays", "--gpu", "--kill"])).stdout;
        assert.equal(killed, `${stray.pid} ended: TERM (sleep 1000)\n`);
        assert.deepEqual(await strays(), []);
        assert.equal(
          (await machine.sh(`kill -0 ${other.pid} && kill -0 ${(await root.show(job)).pid}`)).code,
          0,
        );
      } finally {
        for (const one of [stray, other]) {
          await one.kill("SIGKILL");
          await one.wait();
        }
        await root.corral(["kill", "--all", "--now"]);
      }
    }),
  ONCE,
);

machineTest(
  machine,
  "the receipt and show name what holds a GPU after the end of its job",
  () =>
    withGpu(async () => {
      const { job, stderr } = await alice.run([], ["sh", "-c", LEAVES]);
      try {
        const { gpuHolders } = job as JobJson & {
          gpuHolders: { pid: number; name: string; gpus: string[] }[];
        };
        assert.deepEqual(gpuHolders.map(({ name, gpus }) => ({ name, gpus })), [
          { name: "sleep", gpus: ["nvidia0"] },
        ]);
        const line = `GPU still held by ${gpuHolders[0]!.pid} sleep: nvidia0`;
        assert.ok(stderr.includes(`corral: job ${job.id}: ${line}\n`), stderr);
        const show = () => alice.corral(["show", job.id]);
        assert.ok(succeeded(await show()).stdout.includes(`${line}\n`));
        await machine.sh(`kill -KILL ${gpuHolders[0]!.pid}`);
        await until(root, "it is gone", `! kill -0 ${gpuHolders[0]!.pid}`);
        assert.doesNotMatch(succeeded(await show()).stdout, /GPU/);
      } finally {
        await machine.sh("pkill -f 'sleep 1002'");
      }
    }),
  ONCE,
);
