/** K9: a record says what was: why it ended, when, what was left, and never what an earlier run did. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { type Caller, CGROUP_MOUNT, succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, EVERYONE, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** A part of the job that runs out of the memory that the job itself gave it; then the job waits. Arguments: mark. */
const NESTED_OOM = `
import os, subprocess, sys, time
own = "${CGROUP_MOUNT}" + next(line for line in open("/proc/self/cgroup") if line.startswith("0::"))[3:].strip()
for name in ("rest", "part"):
    os.mkdir(own + "/" + name)
open(own + "/rest/cgroup.procs", "w").write(str(os.getpid()))
open(own + "/cgroup.subtree_control", "w").write("+memory")
open(own + "/part/memory.max", "w").write("20M")
child = subprocess.Popen(["sh", "-c", "echo $$ >" + own + "/part/cgroup.procs; exec python3 -c 'b\\"x\\" * 200_000_000'"])
child.wait()
open(sys.argv[1], "w").close()
time.sleep(1000)
`;

hostileTest(
  machine,
  "K9: an OOM in a part of the job, and a kill -9 from elsewhere later, is no oom",
  BOTH_BACKENDS,
  async (caller) => {
    const mark = ownPath(caller, "runs");
    const id = await caller.start(["--memory", "500M"], ["python3", "-c", NESTED_OOM, mark]);
    await stage.exists(caller, mark);
    succeeded(await machine.exec(["kill", "-KILL", String((await caller.show(id)).pid)]));
    const { reason } = await caller.ended(id);
    assert.equal(reason, "signaled");
  },
  { needs: ["memory"] },
);

hostileTest(machine, "K9: a job that met its own memory limit is told so", BOTH_BACKENDS, async (caller) => {
  const words = launch(caller, ["--memory", "64M"], ["python3", "-c", "b'x' * 400_000_000"]);
  const { code, stderr } = await caller.exec(words);
  assert.equal(code, 137);
  assert.match(stderr, /reached its own limit of 64(\.0)?M/);
  assert.doesNotMatch(stderr, /not that its own limit/);
}, { needs: ["memory"] });

hostileTest(machine, "K9: forks that the pids limit refused are told", ROOT, async (caller) => {
  const words = launch(caller, ["--pids", "5"], [
    "sh",
    "-c",
    "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait",
  ]);
  const { stderr } = await caller.exec(words);
  assert.match(stderr, /^corral: .*(fork|process).*(refused|limit of 5|--pids)/m);
}, { needs: ["pids"] });

/** Commands that can be found and not be run. */
const UNRUNNABLE: Record<string, string> = {
  "a bad interpreter": "printf '#!/no/such/interpreter\\necho ran\\n' >$1",
  "a CRLF after its interpreter": "printf '#!/bin/sh\\r\\necho ran\\r\\n' >$1",
  "an interpreter that is a directory": "printf '#!/etc\\necho ran\\n' >$1",
  "a noexec mount":
    "mkdir $1-dir; mount -t tmpfs -o noexec,mode=0777 none $1-dir; printf '#!/bin/sh\\necho ran\\n' >$1-dir/x; chmod 755 $1-dir/x; ln -s $1-dir/x $1",
  "the format of another machine":
    "printf '\\177ELF\\002\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\050\\000' >$1",
  "a script that is open for writing":
    "printf '#!/bin/sh\\necho ran\\n' >$1; cp /bin/true $1-busy; rm -f $1; ln -s $1-busy $1; (exec 3>>$1-busy; exec sleep 20) >/dev/null 2>&1 & sleep 0.2",
};

/** A user may not ask who writes to another's file (F_SETLEASE): there env(1) reports it, and the job exits with 126. */
const OF_ITS_OWNER = "a script that is open for writing";

for (const [what, make] of Object.entries(UNRUNNABLE)) {
  const as = what === OF_ITS_OWNER ? ROOT : UNLIKE;
  hostileTest(machine, `K9: a command with ${what} failed to start`, as, async (caller) => {
    const command = ownPath(caller, "command");
    await stage.asRoot(machine, `set -- ${command}; ${make}; chmod 755 $1 2>/dev/null || :`);
    try {
      const { code, stdout } = await caller.exec(launch(caller, ["--quiet"], [command]), { cwd: "/" });
      assert.ok([126, 127].includes(code), `exit code ${code}`);
      assert.equal(stdout, "");
      assert.equal((await caller.show("last")).reason, "failed-to-start");
    } finally {
      await machine.sh(`umount ${command}-dir 2>/dev/null; pkill -KILL -f '^sleep 20'`);
    }
  }, NATIVE);
}

hostileTest(machine, "K9: a command that itself exits 126 or 127 did start", ROOT, async (caller) => {
  for (const code of [126, 127]) {
    assert.equal((await caller.exec(launch(caller, ["--quiet"], ["sh", "-c", `exit ${code}`]))).code, code);
    assert.equal((await caller.show("last")).reason, "exited");
  }
});

/** Launches that are refused, or fail before their command runs. */
const REFUSED: Record<string, string[]> = {
  "a command that is not found": ["/no/such/command"],
  "a user that there is not": ["--user", "nobody-knows", "true"],
  "a directory that is not there": ["--chdir", "/no/such/directory", "true"],
  "options that do not go together": ["--output", "/tmp/out", "true"],
  "a limit that cannot be enforced everywhere": ["--memory", "64M", "true"],
};

for (const [what, words] of Object.entries(REFUSED)) {
  hostileTest(
    machine,
    `K9: the receipt of an earlier run is gone when the next one fails for ${what}`,
    UNLIKE,
    async (caller) => {
      const receipt = ownPath(caller, "receipt.json");
      succeeded(await caller.exec(launch(caller, ["--quiet", "--receipt", receipt], ["true"])));
      const { id } = await caller.show("last");
      await caller.exec([...launch(caller, ["--receipt", receipt], []).slice(0, -1), ...words]);
      const { stdout } = await machine.sh(`cat ${receipt} 2>/dev/null`);
      assert.doesNotMatch(stdout, new RegExp(id), "the earlier run's");
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K9: the receipt of an earlier run is gone when the configuration refuses the next one",
  UNLIKE,
  async (caller) => {
    const [receipt, config] = [ownPath(caller, "receipt.json"), ownPath(caller, "broken.toml")];
    await machine.putFile(config, "nonsense = [\n");
    const words = launch(caller, ["--quiet", "--receipt", receipt], ["true"]);
    succeeded(await caller.exec(words));
    assert.notEqual((await caller.exec(["env", `CORRAL_CONFIG=${config}`, ...words])).code, 0);
    assert.equal((await machine.sh(`test -e ${receipt}`)).code, 1);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K9: after a kill -9 of the supervisor of a job for a user, the receipt is written as that user",
  ROOT,
  async (caller) => {
    const [directory, mark] = [ownPath(caller, "alices"), ownPath(caller, "mark-dir")];
    await stage.asRoot(machine, `install -d -o alice -m 700 ${directory} ${mark}`);
    const options = ["--user", "alice", "--receipt", `${directory}/receipt.json`, "--grace", "100ms"];
    const id = await caller.start(options, stubborn(`${mark}/runs`));
    await stage.exists(caller, `${mark}/runs`);
    succeeded(await machine.exec(["kill", "-KILL", String((await caller.show(id)).supervisorPid)]));
    await caller.ended(id);
    await until(caller, "the receipt is there", `test -s ${directory}/receipt.json`);
    assert.equal((await stage.asRoot(machine, `stat -c %U ${directory}/receipt.json`)).trim(), "alice");
    assert.equal(JSON.parse(await machine.readFile(`${directory}/receipt.json`)).reason, "orphaned");
  },
  NATIVE,
);

hostileTest(
  machine,
  "K9: the receipt of an earlier run is gone while the next one runs",
  UNLIKE,
  async (caller) => {
    const [receipt, mark] = [ownPath(caller, "receipt.json"), ownPath(caller, "runs")];
    succeeded(await caller.exec(launch(caller, ["--quiet", "--receipt", receipt], ["true"])));
    const id = await caller.start(["--receipt", receipt, "--grace", "0"], stubborn(mark));
    await stage.exists(caller, mark);
    const { stdout } = await machine.sh(`cat ${receipt} 2>/dev/null`);
    await caller.end(id);
    assert.equal(stdout.includes('"exitCode": 0'), false, stdout);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K9: after a kill -9 of the supervisor the receipt is written, at the latest by a sweep",
  EVERYONE,
  async (caller) => {
    const [receipt, mark] = [ownPath(caller, "receipt.json"), ownPath(caller, "runs")];
    const id = await caller.start(["--receipt", receipt, "--grace", "100ms"], stubborn(mark));
    await stage.exists(caller, mark);
    succeeded(await machine.exec(["kill", "-KILL", String((await caller.show(id)).supervisorPid)]));
    succeeded(await caller.corral(["sweep"]));
    await caller.ended(id);
    await until(caller, "the receipt is there", `test -s ${receipt}`);
    const written = JSON.parse(await machine.readFile(receipt));
    assert.deepEqual([written.id, written.reason], [id, "orphaned"]);
  },
  NATIVE,
);

hostileTest(machine, "K9: a receipt is there whole or not at all, by a rename", UNLIKE, async (caller) => {
  const receipt = ownPath(caller, "receipt.json");
  await caller.exec(["sh", "-c", 'echo earlier >"$0"; exec ln "$0" "$0-link"', receipt]);
  succeeded(await caller.exec(launch(caller, ["--quiet", "--receipt", receipt], ["true"])));
  assert.equal(await machine.readFile(`${receipt}-link`), "earlier\n", "written in place");
  assert.equal(JSON.parse(await machine.readFile(receipt)).reason, "exited");
}, NATIVE);

hostileTest(
  machine,
  "K9: leftovers of the first process that are ended are counted in one line",
  UNLIKE,
  async (caller) => {
    const words = launch(caller, ["--grace", "100ms"], [
      "sh",
      "-c",
      "for i in 1 2 3 4 5 6; do setsid sleep 1000 >/dev/null 2>&1 & done; sleep 0.3",
    ]);
    const { code, stderr } = await caller.exec(words);
    assert.equal(code, 0);
    assert.match(stderr, /^corral: .*6 processes were left behind and ended/m);
    const quiet = await caller.exec(
      launch(
        caller,
        ["--grace", "100ms", "--quiet"],
        words.slice(words.indexOf("--", words.indexOf("run")) + 1),
      ),
    );
    assert.equal(quiet.stderr, "");
  },
  NATIVE,
);

hostileTest(machine, "K9: --wait-all keeps the job until its last process", UNLIKE, async (caller) => {
  const [mark, go] = [ownPath(caller, "first-is-over"), ownPath(caller, "go")];
  const job =
    `(until test -e ${go}; do sleep 0.05; done; : >${go}-seen) >/dev/null 2>&1 & : >${mark}; exit 7`;
  const id = await caller.start(["--wait-all"], ["sh", "-c", job]);
  await stage.exists(caller, mark);
  assert.equal((await caller.show(id)).state, "running");
  await machine.putFile(go, "");
  const { reason, exitCode } = await caller.ended(id);
  await stage.exists(caller, `${go}-seen`);
  assert.deepEqual([reason, exitCode], ["exited", 7]);
}, NATIVE);

machineTest(machine, "K9: what is not understood is told with its escapes escaped", async () => {
  const evil = "z\n\x1b[31mx\x07\x9b2J\u202e";
  const lines = [
    ["ps", evil],
    [evil],
    ["show", evil],
    ["kill", evil],
    ["run", "--nonsense" + evil],
    ["run", "--timeout", evil, "true"],
    ["report", "--by", evil],
    ["run", "--", `/no/${evil}`],
    ["run", "--user", evil, "true"],
    ["set", evil, "--memory", evil],
    ["help", evil],
  ];
  for (const words of lines) {
    const { stdout, stderr } = await machine.exec([machine.corral, ...words]);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/, JSON.stringify(words));
  }
}, NATIVE);

hostileTest(
  machine,
  "K9: run --detach whose stdout is full either runs its job and says 0, or ends it",
  UNLIKE,
  async (caller) => {
    const script = 'exec >/dev/full; exec "$@"';
    const { code, stderr } = await stage.script(
      caller,
      script,
      launch(caller, ["--detach", "--grace", "0"], ["sleep", "1000"]),
    );
    if (code === 0) {
      assert.equal((await caller.show("last")).state, "running");
      await caller.end("last");
    } else {
      assert.match(stderr, /^corral: /);
      await stage.noLiveJob(caller);
    }
  },
  NATIVE,
);

async function jobThatBurns(caller: Caller): Promise<string> {
  const id = await caller.start([], ["sh", "-c", "while :; do :; done"]);
  await until(
    caller,
    "it has used some CPU",
    `test "$(sed -n 's/^usage_usec //p' ${CGROUP_MOUNT}${
      (await caller.show(id)).cgroupPath
    }/cpu.stat)" -gt 500000`,
  );
  return id;
}

hostileTest(
  machine,
  "K9: report and metrics show the CPU and the peak of live jobs",
  BOTH_BACKENDS,
  async (caller) => {
    const id = await jobThatBurns(caller);
    const rows = JSON.parse(succeeded(await caller.corral(["report", "--json"])).stdout);
    const metrics = succeeded(await caller.corral(["report", "--format", "openmetrics"])).stdout;
    await caller.end(id);
    const text = JSON.stringify(rows);
    const live = (rows.jobs ?? rows.rows ?? rows).find((row: { id: string }) => row.id === id);
    assert.ok(live, text);
    assert.ok((live.usage?.cpuUsageUsec ?? live.cpuUsageUsec) > 400_000, JSON.stringify(live));
    const cpu = metrics.split("\n").filter((line) => line.includes(id) && /cpu/.test(line)).map((line) =>
      Number(line.split(" ")[1])
    );
    assert.ok(cpu.some((seconds) => seconds > 0.4), metrics);
  },
  NATIVE,
);

hostileTest(machine, "K9: report --truncate counts only what falls into the window", ROOT, async (caller) => {
  const id = await caller.start([], ["sleep", "1000"]);
  await until(
    caller,
    "it is some seconds old",
    `test "$(ps -o etimes= -p ${(await caller.show(id)).pid})" -ge 4`,
  );
  await caller.end(id);
  await caller.ended(id);
  const since = (await stage.asRoot(machine, "date -d '2 seconds ago' +%Y-%m-%dT%H:%M:%S")).trim();
  const { stdout } = succeeded(await caller.corral(["report", "--since", since, "--truncate", "--json"]));
  const [row] = JSON.parse(stdout).jobs ?? JSON.parse(stdout);
  const wallMs = row.usage?.wallMs ?? row.wallMs;
  assert.ok(wallMs < 3_500, `${wallMs} ms`);
}, NATIVE);
