/** The node goes down with a job that runs in a pool and jobs that wait behind it: the next boot runs what waited. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { TempDir } from "../../kit/fakes/temp.ts";
import type { Suite } from "../../kit/machine/images.ts";
import type { Machine } from "../../kit/machine/machine.ts";
import { bootNspawn } from "../../kit/machine/nspawn.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import { type JobJson, succeeded } from "./caller.ts";

const machine = await machineUnderTest();
const STATE_DIR = "/var/lib/corral-test-reboot-queue";
const CONFIG = "/etc/corral/reboot-queue.toml";
const POOLS = "[pools.one]\njobs = 1\n";
/** Only the second boot has this file. */
const SECOND = "/etc/corral/second-boot";
const ORDER = "/var/tmp/corral-reboot-queue";
/** Says that it began; where the node goes down under it, it does not end by itself. */
const STEP = `echo "$0" >>${ORDER}; test -e ${SECOND} || exec sleep 1000`;

/** Puts one job into the pool; its id. */
async function put(name: string, ...options: string[]): Promise<string> {
  const run = ["run", "--pool", "one", "--detach", "--quiet", "--name", name, ...options];
  return succeeded(await corral(machine, ...run, "--", "sh", "-c", STEP, name)).stdout.trim();
}

function corral(on: Machine, ...words: string[]) {
  return on.exec([on.corral, "--state-dir", STATE_DIR, "--config", CONFIG, ...words]);
}

machineTest(
  machine,
  "what was queued when the node went down runs after the reboot, and --requeue begins anew",
  async () => {
    succeeded(await machine.sh(`mkdir -p /etc/corral && printf '${POOLS}' >${CONFIG}; rm -f ${ORDER}`));
    const lost = [await put("first")];
    const ids = [await put("again", "--requeue", "1"), await put("second"), await put("third")];
    // The one that is not queued again ends, and the one that is takes its slot.
    succeeded(await corral(machine, "kill", "--now", lost[0]!));
    succeeded(await machine.sh(`until grep -q again ${ORDER}; do sleep 0.05; done`));
    const store = await runGuestProgram<string>(machine, "system/machine/store_copy.py", {
      store: `${STATE_DIR}/corral.db`,
      states: {},
    });
    succeeded(await corral(machine, "kill", "--all", "--yes", "--now"));

    using temp = new TempDir();
    const database = `${temp.path}/corral.db`;
    Deno.writeFileSync(database, Buffer.from(store, "base64"), { mode: 0o600 });
    const again = await bootNspawn(machine.suite as Suite, {
      [`${STATE_DIR}/corral.db`]: database,
      [CONFIG]: temp.write("config.toml", POOLS),
      [SECOND]: temp.write("second", ""),
    });
    try {
      succeeded(await corral(again, "sweep", "--quiet"));
      succeeded(await corral(again, "wait", "--timeout", "60s", ...ids));
      const { stdout } = succeeded(await corral(again, "ps", "--json", ...ids));
      const jobs: JobJson[] = JSON.parse(stdout);
      assert.deepEqual(jobs.map(({ reason, exitCode }) => [reason, exitCode]), ids.map(() => ["exited", 0]));
      assert.equal((await again.sh(`cat ${ORDER}`)).stdout, "again\nsecond\nthird\n");
      const { stdout: shown } = succeeded(await corral(again, "show", ids[0]!, "--json"));
      assert.ok(
        (JSON.parse(shown) as { events: { kind: string }[] }).events.some(({ kind }) => kind === "requeued"),
      );
    } finally {
      await again.stop();
    }
  },
  onceOnly(machine),
);
