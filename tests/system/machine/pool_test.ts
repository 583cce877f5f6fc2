/** Pools on a real systemd and a real kernel: the queue, its order, what ends in it, and the slice that carries the limits. */
import assert from "node:assert/strict";
import {
  machineTest,
  type MachineTestOptions,
  machineUnderTest,
  onceOnly,
} from "../../kit/machine/for_test.ts";
import { Caller, CGROUP_MOUNT, succeeded, until } from "./caller.ts";

const machine = await machineUnderTest();
const CONFIG = "/tmp/corral-test-pools.toml";
const POOLS = [
  ...["[pools.one]", "jobs = 1", "[pools.eight]", "jobs = 8"],
  ...["[pools.small]", 'memory = "256M"', "cpus = 1", 'default-memory = "100M"'],
  ...["[pools.gigabyte]", 'memory = "1G"', ""],
].join("\n");

/** The two backends, each with its own store; each test has pools of its own in it. */
const callers = (purpose: string) => [
  new Caller(machine, "root", "systemd", purpose),
  new Caller(machine, "root", "cgroupfs", purpose),
  new Caller(machine, "alice", "systemd", purpose),
];

interface QueuedJson {
  id: string;
  name: string;
  position: number;
  waitsFor: { kind: string };
}

/** The order of a queue needs no controller: an emulator shows nothing about it that a container does not. */
async function poolTest(
  name: string,
  test: (caller: Caller) => Promise<void>,
  chosen: Caller[],
  options: MachineTestOptions = {},
) {
  if (machine.tier === "vm") return;
  await machineTest(machine, name, async () => {
    succeeded(
      await machine.exec(["/bin/sh", "-c", 'printf "%s" "$0" > "$1"; chmod 644 "$1"', POOLS, CONFIG]),
    );
    await Promise.all(chosen.map(test));
  }, options);
}

const inPool = (caller: Caller, args: string[]) => caller.corral(["--config", CONFIG, ...args]);

async function detached(caller: Caller, options: string[], script: string): Promise<string> {
  const args = [
    "run",
    "--backend",
    caller.backend,
    "-d",
    "--quiet",
    ...options,
    "--",
    "/bin/sh",
    "-c",
    script,
  ];
  return succeeded(await inPool(caller, args)).stdout.trim();
}

async function queueOf(caller: Caller): Promise<QueuedJson[]> {
  return JSON.parse(succeeded(await inPool(caller, ["queue", "--json"])).stdout);
}

await poolTest(
  "corral run --pool starts the next job when one ends, detached ones without a process of their own",
  async (caller) => {
    const file = `${caller.stateDir}.order`;
    await machine.exec(["rm", "-f", file]);
    const first = await detached(caller, ["--pool", "one"], `until [ -e ${file}.go ]; do sleep 0.05; done`);
    const late = await detached(caller, ["--pool", "one", "-n", "late"], `echo late >> ${file}`);
    const soon = await detached(
      caller,
      ["--pool", "one", "-n", "soon", "--priority", "5"],
      `echo soon >> ${file}`,
    );
    assert.deepEqual(
      (await queueOf(caller)).map(({ name, position, waitsFor }) => [name, position, waitsFor.kind]),
      [
        ["soon", 1, "slot"],
        ["late", 2, "slot"],
      ],
    );
    // Neither a supervisor nor a shell of theirs: the keeper is one for all, and names none.
    const processes = await machine.exec([
      "pgrep",
      "-fc",
      `corral-(guard-)?(${late}|${soon})|[ /](${late}|${soon})`,
    ]);
    assert.equal(processes.stdout.trim(), "0");
    await machine.exec(["touch", `${file}.go`]);
    for (const id of [first, soon, late]) assert.equal((await caller.ended(id)).exitCode, 0);
    assert.equal(succeeded(await machine.exec(["cat", file])).stdout, "soon\nlate\n");
    await machine.exec(["rm", "-f", file, `${file}.go`]);
  },
  callers("pool-next"),
);

await poolTest(
  "corral run --pool in the foreground leaves the queue at a signal, at a kill -9 and at corral kill",
  async (caller) => {
    const holder = await detached(caller, ["--pool", "one"], "exec sleep 1000");
    try {
      const run = `${machine.corral} --config ${CONFIG} run --backend ${caller.backend} --pool one`;
      const script = `
      ${run} -n term -- true & term=$!
      ${run} -n dead -- true & dead=$!
      ${run} -n asked -- true & asked=$!
      until [ $(${machine.corral} --config ${CONFIG} queue -q | wc -l) = 3 ]; do sleep 0.05; done
      kill -STOP $term
      until ${machine.corral} --config ${CONFIG} queue --wide | grep -q "process $term to continue"; do sleep 0.05; done
      kill -CONT $term; echo continued
      kill -TERM $term; kill -KILL $dead; ${machine.corral} --config ${CONFIG} kill -n asked
      wait $term; echo term $?; wait $asked; echo asked $?`;
      const { stdout } = await caller.exec(["/bin/sh", "-c", script], { timeoutMs: 60_000 });
      assert.match(stdout, /^continued$/m);
      assert.match(stdout, /^term 143$/m);
      assert.match(stdout, /^asked 137$/m);
      // A pass finds the one that could not say so.
      succeeded(await inPool(caller, ["pool", "set", "one", "--jobs", "default"]));
      assert.deepEqual(await queueOf(caller), []);
      const rows = JSON.parse(succeeded(await caller.corral(["ps", "-a", "--json"])).stdout) as {
        name: string;
        reason: string;
      }[];
      const reasons = Object.fromEntries(rows.map(({ name, reason }) => [name, reason]));
      assert.deepEqual([reasons["term"], reasons["dead"], reasons["asked"]], [
        "killed",
        "orphaned",
        "killed",
      ]);
    } finally {
      await caller.end(holder);
    }
  },
  callers("pool-leave").slice(0, 2),
);

await poolTest("corral pool set --jobs 0 drains a pool, and default opens it again", async (caller) => {
  succeeded(await inPool(caller, ["pool", "set", "eight", "--jobs", "0"]));
  const waiting = await detached(caller, ["--pool", "eight"], "exit 3");
  assert.equal((await caller.show(waiting)).state, "queued");
  succeeded(await inPool(caller, ["pool", "set", "eight", "--jobs", "default"]));
  assert.equal((await caller.ended(waiting)).exitCode, 3);
}, callers("pool-drain").slice(1));

await poolTest(
  "a slot is never given twice, whatever corral processes are killed",
  async (caller) => {
    const count = `${caller.stateDir}.count`;
    await machine.exec(["rm", "-rf", count]);
    succeeded(await caller.exec(["mkdir", count]));
    // Each job counts those that run beside it; eight at once is the most.
    const job = `mkdir ${count}/$$; ls ${count} | wc -l >> ${count}.seen; sleep 1; rmdir ${count}/$$`;
    const ids: string[] = [];
    for (let index = 0; index < 24; index++) {
      const id = await detached(caller, ["--pool", "eight"], job);
      ids.push(id);
      const { state, supervisorPid } = await caller.show(id);
      if (index % 6 === 0 && state === "running") {
        await machine.exec(["kill", "-KILL", String(supervisorPid)]);
      }
    }
    for (const id of ids) await caller.ended(id);
    const seen = succeeded(await machine.exec(["cat", `${count}.seen`])).stdout.trim().split("\n").map(
      Number,
    );
    assert.ok(seen.length >= 18 && Math.max(...seen) <= 8, seen.join(" "));
    assert.deepEqual(await queueOf(caller), []);
  },
  callers("pool-slots").slice(0, 2),
  onceOnly(machine),
);

await machineTest(
  machine,
  "a pool of 1 GB runs jobs of 400 MB two at a time, and the kernel kills none of them",
  async () => {
    succeeded(await machine.exec(["/bin/sh", "-c", 'printf "%s" "$0" > "$1"', POOLS, CONFIG]));
    const [caller] = callers("pool-memory");
    const go = "/tmp/corral-test-pool-go";
    await machine.exec(["rm", "-f", go]);
    const touch = `python3 -c 'import os, time; x = b"x" * (400 << 20)
while not os.path.exists("${go}"): time.sleep(0.1)'`;
    const ids: string[] = [];
    for (let index = 0; index < 4; index++) {
      ids.push(await detached(caller!, ["--pool", "gigabyte", "--memory", "450M"], touch));
    }
    const states = (await Promise.all(ids.map((id) => caller!.show(id)))).map(({ state }) => state);
    assert.deepEqual(states, ["running", "running", "queued", "queued"]);
    await machine.exec(["touch", go]);
    for (const id of ids) {
      await until(
        caller!,
        `${id} has ended`,
        `${machine.corral} show ${id} --json | grep -q '"state": "ended"'`,
        120_000,
      );
      const { reason, exitCode, usage } = await caller!.show(id);
      assert.deepEqual([reason, exitCode, usage.oomKills], ["exited", 0, 0]);
      assert.ok(usage.memoryPeakBytes! > 400 * 2 ** 20);
    }
  },
  { needs: ["memory"] },
);

await machineTest(
  machine,
  "the slice of a pool has the limits of the configuration, and jobs in it a default",
  async () => {
    succeeded(await machine.exec(["/bin/sh", "-c", 'printf "%s" "$0" > "$1"', POOLS, CONFIG]));
    for (const caller of callers("pool-limits").slice(0, 2)) {
      const id = await detached(caller, ["--pool", "small"], "exec sleep 1000");
      try {
        const { cgroupPath, limits } = await caller.show(id);
        assert.equal(limits.memoryMaxBytes, 100 * 2 ** 20);
        const parent = cgroupPath.slice(0, cgroupPath.lastIndexOf("/"));
        const pool = caller.backend === "systemd" ? parent : parent.slice(0, parent.lastIndexOf("/"));
        const files = succeeded(
          await machine.exec(["cat", `${CGROUP_MOUNT}${pool}/memory.max`, `${CGROUP_MOUNT}${pool}/cpu.max`]),
        );
        assert.equal(files.stdout, `${256 * 2 ** 20}\n100000 100000\n`);
      } finally {
        await caller.end(id);
      }
    }
  },
  { needs: ["memory", "cpu"] },
);

if (machine.tier !== "vm") {
  await machineTest(
    machine,
    "a job of a pool that a reboot ended is queued again, as often as --requeue says",
    async () => {
      succeeded(await machine.exec(["/bin/sh", "-c", 'printf "%s" "$0" > "$1"', POOLS, CONFIG]));
      const caller = new Caller(machine, "root", "cgroupfs", "pool-requeue");
      const id = await detached(caller, ["--pool", "one", "--requeue", "1"], "exec sleep 1000");
      try {
        await until(caller, "it runs", `${machine.corral} show ${id} --json | grep -q '"state": "running"'`);
        // As after a reboot: nothing of the job lives, and the record is of another boot.
        await caller.orphan(id);
        const { cgroupPath } = await caller.show(id);
        await machine.exec([
          "/bin/sh",
          "-c",
          `cd ${CGROUP_MOUNT}${cgroupPath} && echo 1 > cgroup.kill && until rmdir job; do sleep 0.05; done; rmdir "$PWD"`,
        ]);
        const sql = `import sqlite3,glob; d=sqlite3.connect(glob.glob("${caller.stateDir}/*.db")[0]); ` +
          `d.execute("UPDATE jobs SET boot_id='earlier', pid_namespace=NULL WHERE id='${id}'"); d.commit()`;
        succeeded(await machine.exec(["python3", "-c", sql]));
        succeeded(await inPool(caller, ["sweep", "--mine"]));
        await until(
          caller,
          "it runs again",
          `${machine.corral} show ${id} --json | grep -q '"state": "running"'`,
        );
        assert.ok((await caller.show(id)).events.some(({ kind }) => kind === "requeued"));
      } finally {
        await caller.end(id);
      }
    },
  );
}

await machineTest(
  machine,
  "nothing of a pool is left but slices of systemd's, with no process in them",
  async () => {
    const { stdout } = await machine.sh(
      `cd ${CGROUP_MOUNT} && find . -type d -path '*pool_*' ! -name '*.slice'`,
    );
    assert.equal(stdout, "");
  },
);
