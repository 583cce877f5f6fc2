/** K10: a file system that stops answering holds up neither deadline, nor signal, nor exit code. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded, until } from "../machine/caller.ts";
import { FROM, hangTests, returns, spawn } from "./hang_cases.ts";
import { mountFuse, withFileSystem } from "./hung.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, hostileTest, launch, ownPath, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
hangTests(machine, "a FUSE server", mountFuse, NATIVE);

hostileTest(
  machine,
  "K10: a detached job is ended at its deadline though its output does not answer",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    await withFileSystem(caller, mountFuse, async (hung) => {
      const id = await caller.start(
        ["--timeout", "3s", "--grace", "200ms", "--output", `${hung.dir}/log`],
        stubborn(mark),
      );
      await stage.exists(caller, mark);
      await hung.hang();
      await stage.endedAs(caller, id, "timeout");
      await until(caller, "the supervisor is gone", "! pgrep -x corral");
    });
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: run --detach returns an error, not never, though its output does not answer",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "ran");
    await withFileSystem(caller, mountFuse, async (hung) => {
      await hung.hang();
      const running = await spawn(
        caller,
        launch(caller, ["--detach", "--output", `${hung.dir}/log`], ["touch", mark]),
      );
      const { code, stderr } = await returns(machine, running, "run --detach", 25_000);
      assert.equal(code, 125);
      assert.match(stderr, /^corral: .*log/);
      await hung.release();
      await stage.noLiveJob(caller);
      assert.equal((await machine.sh(`test -e ${mark}`)).code, 1, "it ran all the same");
    });
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: a detached launch that its caller gave up does not run when the store is back",
  UNLIKE,
  async (caller) => {
    const mark = ownPath(caller, "ran");
    await withFileSystem(caller, mountFuse, async (hung) => {
      const env = { CORRAL_STATE_DIR: `${hung.dir}/store` };
      succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"]), { env }));
      await hung.hang();
      const running = await spawn(caller, launch(caller, ["--detach"], ["touch", mark]), { env });
      await hung.awaitVictim();
      await running.kill("SIGKILL");
      await running.wait();
      await hung.release();
      await until(caller, "no corral is left", "! pgrep -x corral");
      assert.equal((await machine.sh(`test -e ${mark}`)).code, 1, "it ran");
    });
  },
  NATIVE,
);

/** Verbs that look at everybody's processes and at this node. */
const LOOKING = [["ps"], ["sweep"], ["strays", "--match", "hostile-nothing"], ["report"], ["doctor"], [
  "kill",
  "name:sleep",
], ["top", "--count", "1"]];

hostileTest(
  machine,
  "K10: verbs whose store answers return from a directory that does not",
  BOTH_BACKENDS,
  async (caller) => {
    await withFileSystem(caller, mountFuse, async (hung) => {
      for (const words of LOOKING) {
        const id = words[0] === "kill" ? await caller.start(["--grace", "0"], ["sleep", "1000"]) : null;
        // Entered before it hangs, as by a shell that stands there.
        const go = ownPath(caller, `go-${words[0]}`);
        const argv = ["/bin/sh", "-c", FROM, hung.dir, go, machine.corral, ...words];
        const running = await spawn(caller, argv, { cwd: "/" });
        await stage.exists(caller, `${go}-awaited`);
        await hung.hang();
        await machine.putFile(go, "");
        await returns(machine, running, `corral ${words.join(" ")}`);
        await hung.release();
        if (id !== null) await stage.endedAs(caller, id, "killed");
      }
    });
  },
  NATIVE,
);
