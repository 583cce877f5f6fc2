/** K10 on the real thing: a home on an NFS server whose packets are lost, that restarts, or that gives up. Minutes; once is enough. */
import assert from "node:assert/strict";
import { machineUnderTest } from "../../kit/machine/for_test.ts";
import { succeeded, until } from "../machine/caller.ts";
import { hangTests, returns, spawn } from "./hang_cases.ts";
import { withFileSystem } from "./hung.ts";
import { mountNfs, needsNfs } from "./nfs.ts";
import * as stage from "./stage.ts";
import { ALICE, hostileTest, launch, ownPath, stubborn } from "./stage.ts";

const machine = await machineUnderTest();
const NFS = await needsNfs(machine);
const HARD = mountNfs("hard");
const SOFT = mountNfs("soft,timeo=50,retrans=1");
const LAUNCHES = 30;

hangTests(machine, "NFS", HARD, NFS);

hostileTest(
  machine,
  "K10: on a soft mount a store that times out delays no deadline, and the end is recorded",
  ALICE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    await withFileSystem(caller, SOFT, async (hung) => {
      const env = { CORRAL_STATE_DIR: `${hung.dir}/store` };
      const words = launch(
        caller,
        ["--quiet", "--ref", "it", "--timeout", "20s", "--grace", "200ms"],
        stubborn(mark),
      );
      const running = await spawn(caller, words, { env });
      await stage.exists(caller, mark);
      await hung.hang();
      await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`, 5_000);
      assert.equal((await returns(machine, running, "corral run after its deadline")).code, 124);
      await hung.release();
      await until(
        caller,
        "the end is recorded",
        `export CORRAL_STATE_DIR=${hung.dir}/store; ${machine.corral} sweep --quiet; test "$(${machine.corral} ps --json)" = "[]"`,
      );
      const shown = succeeded(await caller.corral(["show", "ref:it", "--json"], { env }));
      assert.equal(JSON.parse(shown.stdout).reason, "timeout");
    });
  },
  NFS,
);

hostileTest(machine, "K10: a server that restarts makes no deadline late", ALICE, async (caller) => {
  const mark = ownPath(caller, "runs");
  await withFileSystem(caller, HARD, async (hung) => {
    const env = { CORRAL_STATE_DIR: `${hung.dir}/store` };
    const running = await spawn(
      caller,
      launch(caller, ["--quiet", "--timeout", "20s", "--grace", "200ms"], stubborn(mark)),
      { env },
    );
    await stage.exists(caller, mark);
    const restarted = hung.restart(40);
    await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`, 3_500);
    await restarted;
    assert.equal((await returns(machine, running, "corral run after its deadline")).code, 124);
  });
}, NFS);

hostileTest(
  machine,
  `K10: ${LAUNCHES} launches at once on a store on NFS are all recorded as they were, at the latest by a sweep`,
  ALICE,
  async (caller) => {
    await withFileSystem(caller, HARD, async (hung) => {
      const env = { CORRAL_STATE_DIR: `${hung.dir}/store` };
      const script =
        `for i in $(seq ${LAUNCHES}); do "$@" & done; for job in $(jobs -p); do wait $job || echo "code $?"; done`;
      const { stdout, stderr } = await stage.script(caller, script, launch(caller, ["--quiet"], ["true"]), {
        env,
        timeoutMs: 60_000,
      });
      assert.deepEqual([stdout, stderr], ["", ""]);
      // On a machine that is starved by them, a store does not answer in time to each.
      succeeded(await caller.corral(["sweep", "--quiet"], { env }));
      const report = succeeded(await caller.corral(["report", "--format", "csv"], { env })).stdout.trim()
        .split("\n").slice(1);
      assert.deepEqual([report.length, report.filter((row) => row.includes("exited")).length], [
        LAUNCHES,
        LAUNCHES,
      ]);
    });
  },
  NFS,
);

/** Maps a file, for which the kernel asks the server with the process's memory locked: a read of its command line waits with it. */
const MUTE = `import mmap, os, sys, time
file = open(sys.argv[1], "w+b")
file.truncate(4096)
open(sys.argv[2], "w").close()
while not os.path.exists(sys.argv[3]):
    time.sleep(0.05)
mmap.mmap(file.fileno(), 4096)`;

hostileTest(
  machine,
  "K10: a process whose command line never answers holds up no verb",
  ALICE,
  async (caller) => {
    await withFileSystem(caller, mountNfs("hard,actimeo=0"), async (hung) => {
      const [ready, go] = [ownPath(caller, "ready"), ownPath(caller, "go")];
      const mute = await machine.spawn(["python3", "-c", MUTE, `${hung.dir}/file`, ready, go], {
        user: caller.user,
      });
      await stage.exists(caller, ready);
      await hung.hang();
      await machine.putFile(go, "");
      await until(
        caller,
        "its command line does not answer",
        `! timeout -s KILL 1 cat /proc/${mute.pid}/cmdline`,
      );
      const id = await caller.start(["--timeout", "40s", "--grace", "100ms"], ["sleep", "1000"]);
      for (const words of [["ps"], ["sweep"], ["strays", "--match", "hostile-nothing"], ["report"]]) {
        await returns(machine, await spawn(caller, [machine.corral, ...words]), `corral ${words[0]}`);
      }
      await stage.endedAs(caller, id, "timeout");
      await hung.release();
      await mute.kill("SIGKILL");
    });
  },
  NFS,
);
