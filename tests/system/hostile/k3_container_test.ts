/** K3: clocks and cgroups as a container or a neighbour makes them look: ages, deadlines and ownership come from the kernel's own. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { linesOfSweep, succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const OWN_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"];

/** /proc/uptime as lxcfs gives it in a container that is five seconds old. */
const YOUNG_CONTAINER = [
  "unshare",
  "--mount",
  "--propagation=private",
  "sh",
  "-ec",
  `echo '5.00 5.00' >/tmp/hostile-uptime
  mount --bind /tmp/hostile-uptime /proc/uptime; exec "$@"`,
  "sh",
];

machineTest(
  machine,
  "K3: strays --older-than knows a process's age though /proc/uptime is the container's",
  async () => {
    const stray = await machine.spawn(["python3", "-c", "import time; time.sleep(1000)  # hostile-old"]);
    try {
      await machine.sh(`until [ $(ps -o etimes= -p ${stray.pid}) -ge 2 ]; do sleep 0.1; done`);
      const words = [machine.corral, "strays", "--match", "hostile-old", "--older-than", "1s", "--json"];
      const { stdout, stderr } = succeeded(await machine.exec([...YOUNG_CONTAINER, ...words]));
      assert.match(stdout, new RegExp(`"pid": ${stray.pid}\\b`), stderr);
      const younger = words.map((word) => word === "1s" ? "1h" : word);
      assert.doesNotMatch(
        (await machine.exec([...YOUNG_CONTAINER, ...younger])).stdout,
        new RegExp(`"pid": ${stray.pid}\\b`),
      );
    } finally {
      await stray.kill("SIGKILL");
    }
  },
  NATIVE,
);

hostileTest(
  machine,
  "K3: the deadline of a job holds though /proc/uptime is the container's",
  BOTH_BACKENDS,
  async (caller) => {
    const words = launch(
      caller,
      ["--timeout", "1500ms", "--grace", "100ms", "--quiet"],
      stubborn(ownPath(caller, "runs")),
    );
    const { code } = await caller.exec([...YOUNG_CONTAINER, ...words], { timeoutMs: 20_000 });
    assert.equal(code, 124);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K3: a sweep that sees another /proc/uptime ends no job as overdue",
  BOTH_BACKENDS,
  async (caller) => {
    const far = [
      "unshare",
      "--mount",
      "--propagation=private",
      "sh",
      "-ec",
      `echo '99999999.00 5.00' >/tmp/hostile-uptime
    mount --bind /tmp/hostile-uptime /proc/uptime; exec "$@"`,
      "sh",
    ];
    const id = await caller.start(["--timeout", "1h"], ["sleep", "1000"]);
    succeeded(await caller.exec([...far, machine.corral, "sweep"]));
    assert.equal((await caller.show(id)).state, "running");
    await caller.end(id);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K3: a sweep beside launches takes no cgroup that is gone for a foreign one",
  UNLIKE,
  async (caller) => {
    const words = launch(caller, ["--quiet"], ["true"]);
    const text = `seq 60 | xargs -P 3 -I{} "$@" & launching=$!
    while kill -0 $launching 2>/dev/null; do "$0" sweep --quiet || echo "code $?"; done 2>&1`;
    const { stdout } = await caller.exec(["/bin/bash", "-c", text, machine.corral, ...words], {
      timeoutMs: 120_000,
    });
    assert.deepEqual(linesOfSweep(stdout), []);
  },
  NATIVE,
);

for (
  const [where, words] of Object.entries({
    "with the host's /proc": ["unshare", "--pid", "--fork"],
    "with its own /proc": OWN_NAMESPACE,
  })
) {
  hostileTest(
    machine,
    `K3: corral run in a PID namespace ${where} beside the host's systemd runs, or says what it is`,
    ROOT,
    async (caller) => {
      const { code, stdout, stderr } = await caller.exec([
        ...words,
        machine.corral,
        "run",
        "--quiet",
        "--",
        "echo",
        "ran",
      ]);
      if (code === 0) assert.equal(stdout, "ran\n");
      else {
        assert.equal(code, 125);
        assert.match(stderr, /^corral: .*namespace.*\(.*\)\n$/);
      }
      await stage.noLiveJob(caller);
    },
    NATIVE,
  );
}
