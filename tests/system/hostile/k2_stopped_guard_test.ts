/** K2: a guard that was stopped, and whose supervisor was killed meanwhile, does not stay. */
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { EVERYONE, hostileTest, ownPath, stubborn } from "./stage.ts";

const machine = await machineUnderTest();

hostileTest(
  machine,
  "K2: a sweep ends the job of a stopped guard whose supervisor was killed, and lets the guard go",
  EVERYONE,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--grace", "200ms"], stubborn(mark));
    await stage.exists(caller, mark);
    const guard = `pgrep -f '[c]orral-guard-${id} '`;
    const { supervisorPid } = await caller.show(id);
    succeeded(await machine.sh(`kill -STOP $(${guard}) && kill -KILL ${supervisorPid}`));
    await until(caller, "the supervisor is gone", `! test -e /proc/${supervisorPid}`);
    succeeded(await caller.corral(["sweep"]));
    await stage.endedAs(caller, id, "orphaned");
    await until(caller, "the guard is gone", `! ${guard}`);
  },
  nativeOnly(machine),
);
