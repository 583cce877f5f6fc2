/** `corral report --cursor` of root: everybody's endings once, each user's by the numbers of that user's store. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import type { ExecResult } from "../../kit/machine/machine.ts";
import { succeeded } from "./caller.ts";

const machine = await machineUnderTest();
const USERS_DIR = "/var/lib/corral/users";
const CURSOR = "/root/corral-test-cursor";

type User = "root" | "alice" | "bob";

function sh(user: User, script: string): Promise<ExecResult> {
  return machine.sh(`PATH=${machine.corral.replace(/\/[^/]*$/, "")}:$PATH; ${script}`, {
    user,
    login: user === "bob",
    cwd: "/",
  });
}

const said = async (user: User, script: string) => succeeded(await sh(user, script)).stdout.trim();

/** Names of the jobs that are printed, of those of this test. */
async function printed(options = ""): Promise<string[]> {
  const text = await said("root", `corral report --format jsonl --cursor ${CURSOR} ${options}`);
  const rows = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  return rows.map(({ name, user }) => `${user} ${name}`).filter((name) => name.includes("cursor-"))
    .toSorted();
}

machineTest(machine, "corral report --cursor of root prints everybody's endings once", async () => {
  await said("root", `mkdir -p -m 711 /var/lib/corral; mkdir -p -m 1777 ${USERS_DIR}; rm -f ${CURSOR}*`);
  try {
    await said("alice", "corral run --quiet --name cursor-1 true");
    await said("root", "corral run --quiet --name cursor-1 true");
    assert.deepEqual(await printed(), ["alice cursor-1", "root cursor-1"]);
    assert.deepEqual(await printed(), []);
    await said("alice", "corral run --quiet --name cursor-2 true");
    await said("bob", "corral run --quiet --name cursor-3 true; corral run --quiet --name cursor-4 true");
    assert.deepEqual(await printed("--mine"), []);
    assert.deepEqual(await printed("--user bob"), ["bob cursor-3", "bob cursor-4"]);
    assert.deepEqual(await printed(), ["alice cursor-2"]);
    // A store that does not answer loses nothing: its endings come when it does again.
    await said("alice", "corral run --quiet --name cursor-5 true");
    await said("alice", `chmod 0 ${USERS_DIR}/1000/*.db`);
    const { code, stderr } = await sh("root", `corral report --format jsonl --cursor ${CURSOR}`);
    assert.equal(code, 1);
    assert.match(stderr, /jobs of alice are left out/);
    await said("alice", `chmod 600 ${USERS_DIR}/1000/*.db`);
    assert.deepEqual(await printed(), ["alice cursor-5"]);
  } finally {
    await sh("root", `rm -rf ${USERS_DIR} ${CURSOR}*`);
  }
}, onceOnly(machine));
