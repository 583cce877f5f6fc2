/** K3: a process whose main thread has ended by pthread_exit is a zombie to /proc and lives: corral takes it for alive. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded, until } from "../machine/caller.ts";
import { EVERYONE, hostileTest, launch, ownPath } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

hostileTest(
  machine,
  "K3: a job whose main thread has ended (pthread_exit) is alive",
  EVERYONE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const config = ownPath(caller, "config");
    await machine.putFile(config, 'on-orphan = "keep"\n');
    const job = [
      "sh",
      "-c",
      ': >"$1"; NASTY_SANDBOX=1 exec "$0" --life 3600 dead-main-thread',
      machine.nasty,
      mark,
    ];
    const env = { CORRAL_CONFIG: config };
    const id = succeeded(await caller.exec(launch(caller, ["--detach", "--ref", "j0"], job), { env })).stdout
      .trim();
    const { pid, supervisorPid } = await caller.show(id);
    await until(
      caller,
      "the leader is a zombie with a live thread",
      `test "$(sed 's/.*) //' /proc/${pid}/stat | cut -c1)" = Z && test $(ls /proc/${pid}/task | wc -l) -ge 1`,
    );
    await caller.orphan(id);
    await until(caller, "the supervisor is gone", `! test -e /proc/${supervisorPid}`);
    succeeded(await caller.corral(["sweep", "--on-orphan", "keep"], { env }));
    assert.equal((await caller.show(id)).state, "running", "ended although kept");
    succeeded(
      await caller.corral([
        "sweep",
        "--on-orphan",
        "keep",
        "--strikes",
        "1",
        "--status-command",
        "echo j0 completed",
      ], { env }),
    );
    const { state, reason } = await caller.show(id);
    assert.deepEqual([state, reason], ["ended", "finished-by-owner"]);
  },
  NATIVE,
);

machineTest(machine, "K3: strays lists a process whose main thread has ended", async () => {
  const stray = await machine.spawn([machine.nasty, "--life", "3600", "dead-main-thread"], {
    env: { NASTY_SANDBOX: "1" },
  });
  try {
    await machine.sh(`until grep -q 'State:.Z' /proc/${stray.pid}/status; do sleep 0.02; done`, {
      timeoutMs: 10_000,
    });
    const words = [machine.corral, "strays", "--match", "dead-main-thread", "--json"];
    const listed = succeeded(await machine.exec(words));
    assert.match(listed.stdout, new RegExp(`"pid": ${stray.pid}\\b`));
    assert.equal((await machine.exec([...words, "--kill", "--grace", "100ms"])).code, 0);
    assert.equal((await machine.sh(`kill -0 ${stray.pid} 2>&1`)).code, 1, "it lives on");
  } finally {
    await stray.kill("SIGKILL");
  }
}, NATIVE);
