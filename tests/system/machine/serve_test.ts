/** `corral serve` as a service of a real systemd: it shows a job, ends what no supervisor is left to end, and stops without the jobs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { killGuard, succeeded } from "./caller.ts";

const machine = await machineUnderTest();
const { corral } = machine;
const FEED = await Deno.readTextFile(join(import.meta.dirname!, "serve_feed.py"));
const SOCKET = "/run/corral/serve.sock";
/** A look every two seconds; the rest is for a machine that is busy. */
const SHOWN_WITHIN_MS = 15_000;
/** A sweep every ten seconds; the rest is for a machine that is busy. */
const ENDED_WITHIN_S = 60;

async function sh(script: string): Promise<string> {
  return succeeded(await machine.sh(script)).stdout.trim();
}

machineTest(
  machine,
  "corral serve as a service shows a job, ends an overdue one without a supervisor, and leaves jobs when it stops",
  async () => {
    const before = await sh("ls /etc/systemd/system /etc/systemd/system/*.wants");
    const said = await sh(`${corral} install --serve`);
    assert.match(said, /^wrote .*\/corral-serve\.service$/m);
    try {
      await sh(`for i in $(seq 100); do [ -S ${SOCKET} ] && exit 0; sleep 0.1; done; exit 1`);
      assert.match(await sh(`${corral} install --serve`), /^nothing to change: it is installed$/m);
      assert.equal(await sh(`stat -c '%a %F' ${SOCKET}; stat -c %a /run/corral`), "600 socket\n700");
      const [shown, overdue] = await Promise.all([
        shownAfterMs(),
        startOverdue(),
      ]);
      assert.ok(shown < SHOWN_WITHIN_MS, `${shown} ms`);
      await sh(
        `for i in $(seq ${ENDED_WITHIN_S}); do ${corral} show --json ${overdue} | grep -q '"state": "ended"' && exit 0; sleep 1; done; exit 1`,
      );
      const token = await sh(`cat ${SOCKET}.token`);
      assert.match(await sh(`${corral} serve --url`), new RegExp(`localhost:8000/#token=${token}$`));
      const log = await sh("journalctl --unit corral-serve.service --output cat");
      assert.match(log, new RegExp(`${overdue} ended`));
      assert.ok(!log.includes(token));
      assert.ok(!(await sh("cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '")).includes(token));
      assert.match(await sh(`${corral} doctor || true`), new RegExp(`ok +serve: answers on ${SOCKET}`));
      const startMs = performance.now();
      await sh("systemctl stop corral-serve.service");
      assert.ok(performance.now() - startMs < 20_000);
      assert.match(await sh(`${corral} ps`), /served/);
      assert.equal(await sh("systemctl is-failed corral-serve.service || true"), "inactive");
    } finally {
      await machine.sh(`${corral} kill --now served`);
      await sh(`${corral} uninstall`);
    }
    assert.equal(await sh("ls /etc/systemd/system /etc/systemd/system/*.wants"), before);
  },
  onceOnly(machine),
);

/** From the start of a job until an open page has its name. */
async function shownAfterMs(): Promise<number> {
  const feed = `python3 - ${SOCKET} served <<'END'\n${FEED}\nEND\n`;
  const script =
    `mkfifo /tmp/serve-feed; (${feed}) >/tmp/serve-feed & exec 3</tmp/serve-feed; read -r open <&3;
    ${corral} run --detach --name served sleep 1000 >/dev/null; read -r ms <&3; rm /tmp/serve-feed; echo $open $ms`;
  const [, ms] = /^open (\d+)$/.exec(await sh(script)) ?? [];
  return Number(ms);
}

/** A detached job with a deadline, whose supervisor and guard are dead. */
async function startOverdue(): Promise<string> {
  const id = await sh(`${corral} run --detach --name overdue --timeout 3s --grace 100ms sleep 1000`);
  const supervisor = await sh(
    `${corral} show --json ${id} | sed -n 's/.*"supervisorPid": \\([0-9]*\\).*/\\1/p'`,
  );
  await killGuard(machine, id);
  await sh(`kill -KILL ${supervisor}`);
  return id;
}
