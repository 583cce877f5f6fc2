/** What is left when a test process ends, in each of the ways it can. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { cgroup2Mount } from "../../kit/machine/cgroup2.ts";
import { makeStateDir } from "../../kit/machine/boot.ts";
import { Keeper } from "../../kit/machine/keeper.ts";

const GONE_TIMEOUT_MS = 10_000;
const POLL_MS = 10;
const KEEPER_MODULE = `file://${join(import.meta.dirname!, "..", "..", "kit", "machine", "keeper.ts")}`;
/** Children in sessions of their own, one of them in a nested cgroup. */
const TREE = 'setsid sleep 1000 & mkdir "$0/nested"; setsid sh -c "echo 0 >$0/nested/cgroup.procs; ' +
  'sleep 1000" & echo ready; wait';

async function kept(): Promise<{ stateDir: string; cgroup: string; command: string[] }> {
  const stateDir = await makeStateDir();
  const cgroup = join(cgroup2Mount(), basename(stateDir));
  return { stateDir, cgroup, command: ["sh", "-c", TREE, cgroup] };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + GONE_TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) assert.fail(`not within ${GONE_TIMEOUT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function untilNested(cgroup: string): Promise<void> {
  const procs = join(cgroup, "nested", "cgroup.procs");
  await until("the tree is up", () => exists(procs) && Deno.readTextFileSync(procs) !== "");
}

Deno.test("Keeper.stop() leaves no process, no cgroup and no file", async () => {
  const options = await kept();
  const keeper = new Keeper(options);
  await untilNested(options.cgroup);
  assert.match(keeper.consoleTail(), /ready/);
  await keeper.stop();
  assert.deepEqual([exists(options.cgroup), exists(options.stateDir)], [false, false]);
});

Deno.test("Keeper cleans up when the machine ends by itself", async () => {
  const { stateDir, cgroup } = await kept();
  const keeper = new Keeper({ stateDir, cgroup, command: ["sh", "-c", "setsid sleep 1000 & exit 3"] });
  await keeper.ended;
  assert.deepEqual([exists(cgroup), exists(stateDir)], [false, false]);
  await keeper.stop();
});

for (const signal of ["SIGKILL", "SIGINT", "SIGTERM"] as const) {
  Deno.test(`Keeper cleans up when the test process dies of ${signal}`, async () => {
    const options = await kept();
    const script = `import { Keeper } from "${KEEPER_MODULE}";
      new Keeper(${JSON.stringify(options)});
      setInterval(() => {}, 1000);`;
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", "--no-check", script], stdin: "null" })
      .spawn();
    await untilNested(options.cgroup);
    child.kill(signal);
    assert.equal((await child.status).signal, signal);
    await until(
      "cgroup and state directory are gone",
      () => !exists(options.cgroup) && !exists(options.stateDir),
    );
  });
}
