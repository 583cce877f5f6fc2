/** K2: systemd re-executes itself (an update does that) while jobs are launched: each launch is tried again. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import * as stage from "./stage.ts";
import { hostileTest, launch } from "./stage.ts";

const machine = await machineUnderTest();
const LAUNCHES = 100;
const WIDTH = 4;

for (const [user, manager] of [["root", ""], ["alice", "--user"]] as const) {
  for (const verb of ["daemon-reexec", "daemon-reload"]) {
    hostileTest(machine, `K2: ${LAUNCHES} launches while systemd does ${verb} over and over`, [[
      user,
      "systemd",
    ]], async (caller) => {
      const script = `stop=$1; shift
        while ! test -e $stop; do systemctl ${manager} ${verb} 2>/dev/null; sleep 0.1; done & again=$!
        seq ${LAUNCHES} | xargs -P ${WIDTH} -I{} sh -c '"$@" >>'$stop-out' 2>&1 || echo "code $?" >>'$stop-out sh "$@"
        touch $stop; wait $again; sort $stop-out | uniq -c`;
      const words = launch(caller, ["--quiet"], ["true"]);
      const { stdout } = await stage.script(caller, script, [stage.ownPath(caller, "stop"), ...words], {
        timeoutMs: 300_000,
      });
      assert.equal(stdout, "");
    }, nativeOnly(machine));
  }
}
