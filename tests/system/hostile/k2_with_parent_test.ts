/** K2: `--with-parent` holds however early the caller went, and whichever process the caller is. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { EVERYONE, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const GRACE = ["--grace", "200ms", "--quiet"];

/** Runs its arguments only when the process that started it is gone. */
const ORPHANED_FIRST = `
import os, sys, time
starter = os.getpid()
if os.fork() == 0:
    os.setsid()
    while os.getppid() == starter:
        time.sleep(0.01)
    os.execvp(sys.argv[1], sys.argv[1:])
`;
/** The same below a process that adopts orphans, and waits for them. */
const BELOW_SUBREAPER = `
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)
subprocess.run([sys.executable, "-c", sys.argv[1], *sys.argv[2:]])
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
`;

hostileTest(
  machine,
  "K2: --with-parent ends a job whose caller was gone before corral looked",
  EVERYONE,
  async (caller) => {
    const words = launch(caller, ["--with-parent", "--grace", "0"], ["sleep", "1000"]);
    await caller.exec(["python3", "-c", ORPHANED_FIRST, ...words]);
    // It may refuse to start the job, or end it; it may not go on.
    await until(
      caller,
      "corral has run and is gone",
      `test -e ${caller.stateDir} && ! pgrep -f 'corral [r]un .*--with-parent'`,
    );
    assert.deepEqual(JSON.parse((await caller.corral(["ps", "--json"])).stdout), []);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: --with-parent ends a job whose caller was gone, below a subreaper",
  UNLIKE,
  async (caller) => {
    const words = launch(caller, ["--with-parent", "--grace", "0"], ["sleep", "1000"]);
    await caller.exec(["python3", "-c", BELOW_SUBREAPER, ORPHANED_FIRST, ...words], { timeoutMs: 20_000 });
    assert.deepEqual(JSON.parse((await caller.corral(["ps", "--json"])).stdout), []);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: --with-parent of a corral that systemd itself started runs its job",
  ROOT,
  async (caller) => {
    const words = launch(caller, ["--with-parent", "--quiet"], ["sh", "-c", "exit 7"]);
    const service = [
      "systemd-run",
      "--quiet",
      "--wait",
      "--collect",
      "-E",
      `CORRAL_STATE_DIR=${caller.stateDir}`,
    ];
    assert.equal((await caller.exec([...service, ...words])).code, 7);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: --with-parent=PID ends the job with the process that it names",
  UNLIKE,
  async (caller) => {
    const owner = await machine.spawn(["sleep", "1000"], { user: caller.user });
    const mark = ownPath(caller, "runs");
    const words = launch(caller, ["--detach", `--with-parent=${owner.pid}`, ...GRACE], stubborn(mark));
    const id = succeeded(await caller.exec(words)).stdout.trim();
    await stage.exists(caller, mark);
    assert.equal((await caller.show(id)).state, "running");
    await owner.kill("SIGKILL");
    await owner.wait();
    const { id: ended } = await stage.endedAs(caller, "last", "orphaned");
    assert.deepEqual(await leftOf(machine, [ended]), []);
  },
  NATIVE,
);

machineTest(machine, "K2: --with-parent=PID of no process is refused", async () => {
  const { stdout, code, stderr } = await machine.sh(
    `${machine.corral} run --with-parent=4194000 -- echo ran`,
  );
  assert.deepEqual([stdout, code === 0], ["", false], stderr);
  assert.match(stderr, /4194000/);
  assert.doesNotMatch(stderr, /unknown option/);
}, NATIVE);
