/** The metrics of real jobs: everybody's for root, one's own for a user. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "./caller.ts";

const machine = await machineUnderTest();
const USERS_DIR = "/var/lib/corral/users";

async function said(user: "root" | "bob", script: string): Promise<string> {
  const path = machine.corral.replace(/\/[^/]*$/, "");
  const options = { user, login: user === "bob", cwd: "/" };
  return succeeded(await machine.sh(`PATH=${path}:$PATH; ${script}`, options)).stdout.trim();
}

machineTest(
  machine,
  "corral metrics has everybody's jobs for root, and a user's own for that user",
  async () => {
    await said(
      "root",
      `mkdir -p -m 711 /var/lib/corral; mkdir -p -m 1777 ${USERS_DIR}; chmod 1777 ${USERS_DIR}`,
    );
    const run = "corral run --detach --best-effort --name";
    const bobs = await said("bob", `${run} bobs-metrics sleep 600`);
    const roots = await said("root", `${run} roots-metrics sleep 600`);
    try {
      const all = await said("root", "corral sweep --quiet >/dev/null; corral metrics");
      for (const [id, name, user] of [[bobs, "bobs-metrics", "bob"], [roots, "roots-metrics", "root"]]) {
        assert.ok(
          all.includes(`corral_job_info{job="${id}",name="${name}",ref="",user="${user}",pool=""} 1\n`),
          all,
        );
        assert.match(all, new RegExp(`^corral_job_processes\\{job="${id}"\\} 1$`, "m"));
        assert.match(all, new RegExp(`^corral_job_cpu_usage_seconds_total\\{job="${id}"\\} `, "m"));
      }
      assert.match(all, /^corral_unanswered_users 0$/m);
      const sweptMs = 1_000 * Number(/^corral_sweep_last_run_time_seconds (.*)$/m.exec(all)?.[1]);
      assert.ok(Math.abs(sweptMs - 1_000 * Number(await said("root", "date +%s"))) < 600_000);
      const own = await said("bob", "corral metrics");
      assert.ok(own.includes(`job="${bobs}"`) && !own.includes(roots), own);
    } finally {
      await said("bob", "corral kill --name bobs-metrics --now || true");
      await said("root", `corral kill --name roots-metrics --now || true; rm -rf ${USERS_DIR}`);
    }
  },
  nativeOnly(machine),
);
