/** K8: cgroups that a job makes below its own, whatever their names, are ended and removed with it. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import * as stage from "./stage.ts";
import { EVERYONE, hostileTest, ownPath } from "./stage.ts";

const machine = await machineUnderTest();

/** In each its own process, which ignores TERM; no UTF-8, escapes, what a tool could take for an option or a pattern, as long as can be. */
const ODD = `
cd "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)" || exit 9
trap '' TERM
for name in "$(printf 'a\\377')" "$(printf '\\033[31m')" 'a b' '*' -- --help corral-aaaaaa.slice "$(printf '%0254d' 1)"; do
  mkdir "./$name" && mkdir "./$name/$(printf 'b\\376')" || exit 8
  sleep 4266 & echo $! >"./$name/$(printf 'b\\376')/cgroup.procs" || exit 7
done
: >"$0"
while :; do sleep 1000; done`;

hostileTest(machine, "K8: cgroups with names of any bytes go with their job", EVERYONE, async (caller) => {
  const mark = ownPath(caller, "made");
  const id = await caller.start(["--timeout", "3s", "--grace", "300ms"], ["/bin/sh", "-c", ODD, mark]);
  await stage.exists(caller, mark);
  await stage.endedAs(caller, id, "timeout");
  assert.equal((await machine.sh("pgrep -f '^sleep 426[6]'")).stdout, "");
}, nativeOnly(machine));
