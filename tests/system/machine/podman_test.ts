/**
 * Containers of podman in a job. With --cgroups=disabled or =split they stay in the job's cgroup and end with it. A plain
 * `podman run` of root's puts its container into a scope of its own, outside the job: that is told here as it is.
 */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { Caller, type FinishedRun, succeeded } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
/** In a container of systemd-nspawn crun may not make a keyring, so podman starts nothing there. */
const inVm = machine.tier === "vm";
const caller = new Caller(machine, "root", "systemd", "podman");
const ROOTFS = "/tmp/corral-test-rootfs";

/** A root file system of the machine's own programs; and a stand-in for the network helper, which the image lacks. */
const PREPARE = `set -e
  for program in /bin/sh /bin/sleep /bin/cat /usr/bin/setsid /usr/bin/tail; do
    for file in $program $(ldd $program | grep -o '/[^ ]*'); do
      mkdir -p "${ROOTFS}$(dirname $file)"
      cp --dereference $file "${ROOTFS}$file"
    done
  done
  mkdir -p ${ROOTFS}/proc ${ROOTFS}/sys ${ROOTFS}/dev ${ROOTFS}/tmp ${ROOTFS}/etc
  mkdir -p /usr/lib/podman
  [ -e /usr/lib/podman/netavark ] || install /bin/false /usr/lib/podman/netavark`;

let prepared: Promise<unknown> | undefined;

interface Container {
  cgroups: "disabled" | "split" | "enabled";
  /** What runs in it, by /bin/sh. */
  script: string;
  options?: string[];
}

async function runContainer({ cgroups, script, options = [] }: Container): Promise<FinishedRun> {
  await (prepared ??= machine.sh(PREPARE).then(succeeded));
  const podman = ["podman", "run", "--rm", "--network=none", `--cgroups=${cgroups}`, "--rootfs", ROOTFS];
  return await caller.run(["--grace", "300ms", ...options], [...podman, "/bin/sh", "-c", script]);
}

/** Processes of containers, outside any job, and the scopes that podman made for them. */
async function containerProcesses(): Promise<string> {
  return (await machine.sh("grep -ls '/libpod-' /proc/[0-9]*/cgroup; pgrep -a '^(conmon|sleep|tail)$'"))
    .stdout;
}

const DAEMONISE = 'trap "" TERM; setsid sleep 1000 & (setsid sleep 1000 &) ; ';
/** /dev/zero has no end of a line, so tail has to keep all of it. */
const FILL = "tail /dev/zero";

const CASES = {
  "that daemonises ends with its first process": {
    script: `${DAEMONISE} exit 3`,
    options: ["--timeout", "100s"],
    expected: { code: 3, reason: "exited" },
  },
  "that daemonises and ignores SIGTERM runs into its time-out": {
    script: `${DAEMONISE} sleep 1000`,
    options: ["--timeout", "10s"],
    expected: { code: 124, reason: "timeout" },
  },
  "that fills its memory ends whole": {
    script: `${DAEMONISE} ${FILL}; sleep 1000`,
    options: ["--memory", "96M"],
    expected: { code: 137, reason: "oom" },
  },
};

for (const cgroups of inVm ? ["disabled", "split"] as const : []) {
  machineTest(machine, `containers with --cgroups=${cgroups} leave nothing behind`, async () => {
    const runs = await Promise.all(Object.values(CASES).map((one) => runContainer({ cgroups, ...one })));
    for (const [index, [name, { expected }]] of Object.entries(CASES).entries()) {
      const { code, stderr, job } = runs[index]!;
      assert.deepEqual({ code, reason: job.reason }, expected, `a container ${name}: ${stderr}`);
      assert.ok(job.usage.memoryPeakBytes! > 0);
    }
    assert.deepEqual(await leftOf(machine, runs.map(({ job }) => job.id)), []);
    assert.equal(await containerProcesses(), "");
  });
}

machineTest(
  machine,
  `a plain podman run escapes${inVm ? "" : " (podman cannot run in a container)"}`,
  async () => {
    const script = `${DAEMONISE} sleep 1000`;
    const { code, job } = await runContainer({ cgroups: "enabled", script, options: ["--timeout", "10s"] });
    try {
      assert.deepEqual([code, job.reason], [124, "timeout"]);
      // The container does not bear the job's marker; its monitor does since podman 5, so a search for markers finds that at most.
      for (const what of await leftOf(machine, [job.id])) assert.match(what, /^process \d+ \(conmon\)$/);
      assert.match(await containerProcesses(), / sleep 1000$/m);
      const cgroups = succeeded(await machine.sh("cat $(grep -ls '/libpod-' /proc/[0-9]*/cgroup)")).stdout;
      assert.match(cgroups, /^0::\/machine\.slice\/libpod-\w{64}\.scope/m);
    } finally {
      await machine.exec(["podman", "rm", "--all", "--force", "--time=0"]);
    }
  },
  { skip: !inVm },
);
