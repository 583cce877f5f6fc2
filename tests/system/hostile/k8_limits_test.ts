/** K8: a limit that was set holds, whatever systemd puts on the cgroups on the way; every process can obey the first signal. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { type Caller, CGROUP_MOUNT, succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, EVERYONE, hostileTest, launch, ownPath, ROOT, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** Prints the values of a control file in every cgroup from the process up to the job's own slice or directory. */
const UP_TO_THE_SLICE = `file=$1; dir=${CGROUP_MOUNT}$(sed -n s/^0:://p /proc/self/cgroup)
  while :; do cat $dir/$file; case $dir in */corral-$CORRAL_JOB_ID.slice|*/corral/$CORRAL_JOB_ID|${CGROUP_MOUNT}) break; esac; dir=\${dir%/*}; done`;

hostileTest(machine, "K8: --pids 20000 holds in every cgroup of the job", EVERYONE, async (caller) => {
  const words = launch(caller, ["--pids", "20000"], ["sh", "-c", UP_TO_THE_SLICE, "sh", "pids.max"]);
  const { code, stdout, stderr } = await caller.exec(words);
  assert.equal(code, 0, stderr);
  const values = stdout.trim().split("\n").filter((value) => value !== "max");
  assert.deepEqual(values, ["20000"], stderr);
}, { needs: ["pids"] });

hostileTest(machine, "K8: without --pids no limit is put on the job", UNLIKE, async (caller) => {
  const { stdout } = succeeded(
    await caller.exec(launch(caller, ["--quiet"], ["sh", "-c", UP_TO_THE_SLICE, "sh", "pids.max"])),
  );
  assert.deepEqual([...new Set(stdout.trim().split("\n"))], ["max"]);
}, { needs: ["pids"] });

/** Drop-ins of an administrator that reach corral's units: name of the directory, section, setting. */
const DROP_INS: Record<
  string,
  { dir: string; section: string; setting: string; options: string[]; argv: string[] }
> = {
  "scope.d with MemoryMax": {
    dir: "scope.d",
    section: "Scope",
    setting: "MemoryMax=64M",
    options: ["--memory", "400M"],
    argv: ["python3", "-c", "b'x' * 150_000_000"],
  },
  "scope.d with TasksMax": {
    dir: "scope.d",
    section: "Scope",
    setting: "TasksMax=4",
    options: ["--pids", "200"],
    argv: ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait"],
  },
  "corral-.slice.d with MemoryMax": {
    dir: "corral-.slice.d",
    section: "Slice",
    setting: "MemoryMax=64M",
    options: ["--memory", "400M"],
    argv: ["python3", "-c", "b'x' * 150_000_000"],
  },
  "corral-.slice.d with TasksMax": {
    dir: "corral-.slice.d",
    section: "Slice",
    setting: "TasksMax=4",
    options: ["--pids", "200"],
    argv: ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait"],
  },
  "scope.d with MemoryHigh": {
    dir: "scope.d",
    section: "Scope",
    setting: "MemoryHigh=32M",
    options: ["--memory", "400M", "--timeout", "20s"],
    argv: ["python3", "-c", "b'x' * 150_000_000"],
  },
};

for (const [what, { dir, section, setting, options, argv }] of Object.entries(DROP_INS)) {
  hostileTest(
    machine,
    `K8: a drop-in ${what} does not win over the job's own limit in silence`,
    ROOT,
    async (caller) => {
      const path = `/etc/systemd/system/${dir}`;
      await stage.asRoot(
        machine,
        `mkdir -p ${path}; printf '[${section}]\\n${setting}\\n' >${path}/50-hostile.conf; systemctl daemon-reload`,
      );
      try {
        const { code, stderr } = await caller.exec(launch(caller, options, argv), { timeoutMs: 60_000 });
        // It holds as asked, or corral names what is in the way.
        if (code !== 0 || /warning/.test(stderr)) {
          assert.match(stderr, /^corral: (warning: )?.*(--memory|--pids).*$/m, `exit code ${code}`);
        }
      } finally {
        await stage.asRoot(machine, `rm -r ${path}; systemctl daemon-reload`);
      }
    },
    { needs: ["memory", "pids"] },
  );
}

hostileTest(
  machine,
  "K8: a limit above the job that is smaller than what was asked is told",
  ROOT,
  async (caller) => {
    await stage.asRoot(machine, "systemctl set-property --runtime corral.slice MemoryMax=64M");
    try {
      const { stderr } = await caller.exec(launch(caller, ["--memory", "400M"], ["true"]));
      assert.match(stderr, /^corral: .*(64\.0M|corral\.slice).*$/m);
    } finally {
      await stage.asRoot(
        machine,
        "systemctl set-property --runtime corral.slice MemoryMax=infinity; systemctl revert corral.slice",
      );
    }
  },
  { needs: ["memory"] },
);

/** Stops itself; at TERM it writes a checkpoint and goes. Arguments: the mark, the checkpoint. */
const STOPPED = `
import os, signal, sys
def save(*_):
    open(sys.argv[2], "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
open(sys.argv[1], "w").close()
os.kill(os.getpid(), signal.SIGSTOP)
signal.pause()
`;

/** What ends a job; the checkpoint must be there then. */
const ENDINGS: Record<string, { options: string[]; end: (caller: Caller, id: string) => Promise<unknown> }> =
  {
    "corral kill": { options: [], end: (caller, id) => caller.corral(["kill", id]) },
    "its deadline": { options: ["--timeout", "3s"], end: () => Promise.resolve() },
    "TERM to its supervisor": {
      options: [],
      end: async (caller, id) =>
        await machine.exec(["kill", "-TERM", String((await caller.show(id)).supervisorPid)]),
    },
  };

for (const [how, { options, end }] of Object.entries(ENDINGS)) {
  hostileTest(
    machine,
    `K8: a stopped process gets to its checkpoint when ${how} ends the job`,
    EVERYONE,
    async (caller) => {
      const [mark, checkpoint] = [ownPath(caller, "runs"), ownPath(caller, "checkpoint")];
      const id = await caller.start([...options, "--grace", "15s"], [
        "python3",
        "-c",
        STOPPED,
        mark,
        checkpoint,
      ]);
      await stage.exists(caller, mark);
      const { pid } = await caller.show(id);
      await until(caller, "it is stopped", `grep -q '^State:.T' /proc/${pid}/status`);
      await end(caller, id);
      await caller.ended(id);
      assert.equal((await machine.sh(`test -e ${checkpoint}`)).code, 0, "killed without its checkpoint");
      assert.equal((await caller.show(id)).events.some(({ kind }) => kind === "kill"), false);
    },
    NATIVE,
  );
}

hostileTest(machine, "K8: every stopped process of a tree gets to its checkpoint", UNLIKE, async (caller) => {
  const marks = [1, 2, 3].map((index) =>
    [ownPath(caller, `runs${index}`), ownPath(caller, `checkpoint${index}`)] as const
  );
  const start = marks.map(([mark, checkpoint]) => `python3 -c "$0" ${mark} ${checkpoint} &`).join(" ");
  const id = await caller.start(["--grace", "15s"], [
    "sh",
    "-c",
    `trap '' TERM; ${start} wait; wait; wait`,
    STOPPED,
  ]);
  for (const [mark] of marks) await stage.exists(caller, mark);
  await until(caller, "all are stopped", `test "$(grep -l '^State:.T' /proc/[0-9]*/status | wc -l)" -ge 3`);
  await caller.corral(["kill", id]);
  await caller.ended(id);
  for (const [, checkpoint] of marks) {
    assert.equal((await machine.sh(`test -e ${checkpoint}`)).code, 0, checkpoint);
  }
}, NATIVE);

/** Makes a cgroup below its own, puts a listener into it, and freezes that. Arguments: mark, checkpoint. */
const FREEZES_A_PART = `
import os, subprocess, sys, time
own = "${CGROUP_MOUNT}" + next(line for line in open("/proc/self/cgroup") if line.startswith("0::"))[3:].strip()
inner = own + "/frozen-part"
os.mkdir(inner)
child = subprocess.Popen(["python3", "-c", sys.argv[3], sys.argv[1] + "-child", sys.argv[2]])
open(inner + "/cgroup.procs", "w").write(str(child.pid))
while not os.path.exists(sys.argv[1] + "-child"):
    time.sleep(0.02)
open(inner + "/cgroup.freeze", "w").write("1")
while "frozen 1" not in open(inner + "/cgroup.events").read():
    time.sleep(0.02)
open(sys.argv[1], "w").close()
time.sleep(1000)
`;
const LISTENS = STOPPED.replace("os.kill(os.getpid(), signal.SIGSTOP)\n", "");

hostileTest(
  machine,
  "K8: a process that the job itself has frozen gets to its checkpoint",
  BOTH_BACKENDS,
  async (caller) => {
    const [mark, checkpoint] = [ownPath(caller, "runs"), ownPath(caller, "checkpoint")];
    const id = await caller.start(["--grace", "15s"], [
      "python3",
      "-c",
      FREEZES_A_PART,
      mark,
      checkpoint,
      LISTENS,
    ]);
    await stage.exists(caller, mark);
    succeeded(await caller.corral(["kill", id]));
    await caller.ended(id);
    assert.equal((await machine.sh(`test -e ${checkpoint}`)).code, 0, "killed without its checkpoint");
    assert.deepEqual(await leftOf(machine, [id]), []);
  },
  NATIVE,
);

for (const unit of ["scope", "slice"]) {
  hostileTest(
    machine,
    `K8: a job whose ${unit} systemctl froze gets to its checkpoint and ends`,
    ROOT,
    async (caller) => {
      const [mark, checkpoint] = [ownPath(caller, "runs"), ownPath(caller, "checkpoint")];
      const id = await caller.start(["--grace", "15s"], ["python3", "-c", LISTENS, mark, checkpoint]);
      await stage.exists(caller, mark);
      succeeded(await machine.exec(["systemctl", "freeze", `corral-${id}.${unit}`]));
      succeeded(await caller.corral(["kill", id]));
      await caller.ended(id);
      assert.equal((await machine.sh(`test -e ${checkpoint}`)).code, 0, "killed without its checkpoint");
      assert.deepEqual(await leftOf(machine, [id]), []);
    },
    NATIVE,
  );
}

/** Cgroups nested until their path is longer than PATH_MAX, and a process in the deepest. Arguments: mark, levels. */
const NESTED_DEEP = `
import os, sys, time
os.chdir("${CGROUP_MOUNT}" + next(line for line in open("/proc/self/cgroup") if line.startswith("0::"))[3:].strip())
for level in range(int(sys.argv[2])):
    os.mkdir("n" * 240)
    os.chdir("n" * 240)
if os.fork() == 0:
    open("cgroup.procs", "w").write(str(os.getpid()))
    open(sys.argv[1], "w").close()
    os.setsid()
time.sleep(1000)
`;

for (const levels of ["5", "20"]) {
  hostileTest(
    machine,
    `K8: cgroups that a job has nested ${levels} deep are ended and removed`,
    BOTH_BACKENDS,
    async (caller) => {
      const mark = ownPath(caller, "runs");
      const id = await caller.start(["--grace", "200ms"], ["python3", "-c", NESTED_DEEP, mark, levels]);
      await stage.exists(caller, mark);
      succeeded(await caller.corral(["kill", id]));
      assert.equal((await caller.ended(id)).reason, "killed");
      assert.deepEqual(await leftOf(machine, [id]), []);
    },
    NATIVE,
  );
}
