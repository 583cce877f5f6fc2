/** K5: what can be forged or inherited (a mark in the environment, words of a command line) proves neither descent nor belonging. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import type { ExecOptions } from "../../kit/machine/machine.ts";
import { type As, EVERYONE, hostileTest, ownPath, ROOT } from "./stage.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import * as stage from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const SYSTEMD: readonly As[] = [["root", "systemd"], ["alice", "systemd"]];

function manager(caller: Caller): string[] {
  return caller.user === "root" ? ["systemctl"] : ["systemctl", "--user"];
}

const unitOf = (caller: Caller) => `hostile-later-${caller.user}.service`;

/** The process of a service of the caller's manager that is started after a job has put its mark there. */
async function markedService(caller: Caller, importing: readonly string[]): Promise<string> {
  succeeded(await caller.exec(stage.launch(caller, ["--quiet"], importing)));
  const user = caller.user === "root" ? [] : ["--user"];
  const start = ["systemd-run", ...user, "--quiet", "--collect", `--unit=${unitOf(caller)}`, "sleep", "1000"];
  succeeded(await caller.exec(start));
  const show = [...manager(caller), "show", "-P", "MainPID", unitOf(caller)];
  const pid = succeeded(await caller.exec(show)).stdout.trim();
  await until(caller, "the service runs", `grep -qx sleep /proc/${pid}/comm`);
  const environ = await stage.asRoot(machine, "tr '\\0' '\\n' </proc/$1/environ", [pid]);
  assert.match(environ, /^CORRAL_JOB_ID=/m, "it bears the mark");
  return pid;
}

/** Ways in which a manager takes over the environment of a job. */
const IMPORTS: Record<string, (caller: Caller) => string[]> = {
  "import-environment": (caller) => [...manager(caller), "import-environment"],
  "import-environment CORRAL_JOB_ID": (caller) => [...manager(caller), "import-environment", "CORRAL_JOB_ID"],
  "set-environment": (
    caller,
  ) => ["sh", "-c", `${manager(caller).join(" ")} set-environment "CORRAL_JOB_ID=$CORRAL_JOB_ID"`],
};

/** What is not the manager's own in its environment after that. */
const IMPORTED = {
  root: ["CORRAL_JOB_ID", "CORRAL_STATE_DIR", "XDG_RUNTIME_DIR", "HOME", "LOGNAME", "USER", "SHELL"],
  alice: ["CORRAL_JOB_ID", "CORRAL_STATE_DIR"],
};

for (const [how, argv] of Object.entries(IMPORTS)) {
  hostileTest(
    machine,
    `K5: a service of a manager that a job told its mark by ${how} is no escapee`,
    SYSTEMD,
    async (caller) => {
      try {
        const pid = await markedService(caller, argv(caller));
        for (let times = 0; times < 2; times++) {
          const { code, stdout } = await caller.corral(["sweep", "--escapees", "kill"]);
          assert.equal(code, 0, stdout);
          assert.equal((await machine.exec(["kill", "-0", pid])).code, 0, `the service was ended: ${stdout}`);
          assert.doesNotMatch(stdout, new RegExp(`\\b${pid}\\b`), "reported");
        }
      } finally {
        await caller.exec([...manager(caller), "stop", unitOf(caller)]);
        await caller.exec([...manager(caller), "unset-environment", ...IMPORTED[caller.user]]);
      }
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K5: a process of another user that bears a job's mark is not ended by root's sweep",
  ROOT,
  async (caller) => {
    succeeded(await caller.exec(stage.launch(caller, ["--quiet"], ["true"])));
    const { id } = await caller.show("last");
    const forged: ExecOptions = { user: "bob", env: { CORRAL_JOB_ID: id } };
    const other = await machine.spawn(["sleep", "1000"], forged);
    try {
      await caller.corral(["sweep", "--escapees", "kill"]);
      assert.equal((await machine.exec(["kill", "-0", String(other.pid)])).code, 0, "it was ended");
    } finally {
      await other.kill("SIGKILL");
    }
  },
  NATIVE,
);

hostileTest(
  machine,
  "K5: a process that is older than the job whose mark it bears is not ended",
  ROOT,
  async (caller) => {
    succeeded(await caller.exec(stage.launch(caller, ["--quiet"], ["true"])));
    const { id } = await caller.show("last");
    const older = await machine.spawn(["sleep", "1000"], { env: { CORRAL_JOB_ID: id } });
    try {
      // As if the job had begun an hour later: a process cannot have come from what there was not yet.
      const later =
        "created_at_ms = created_at_ms + 3600000, started_at_ms = started_at_ms + 3600000, started_boot_ms = started_boot_ms + 3600000";
      await runGuestProgram(machine, "system/hostile/edit_row.py", {
        store: caller.stateDir,
        id,
        assignments: later,
      });
      await caller.corral(["sweep", "--escapees", "kill"]);
      assert.equal((await machine.exec(["kill", "-0", String(older.pid)])).code, 0, "it was ended");
    } finally {
      await older.kill("SIGKILL");
    }
  },
  NATIVE,
);

const BYSTANDERS = ["bystander-one", "bystander-two"];
/** In a PID namespace of its own, where there is nothing but this: whatever is ended, the machine lives. */
const IN_A_BOX = `for name in ${
  BYSTANDERS.join(" ")
}; do python3 -c "import time; time.sleep(1000)  # $name" & done
  sleep 0.3; "$@"; echo "code $?"; pgrep -fc 'python3.*bystande[r]-'`;

for (const pattern of ["^.", ".", "", ".*", "^", "[a-z]", "\\w", "(?=.)", "$", "python3|.|x"]) {
  machineTest(
    machine,
    `K5: strays --match '${pattern}' --kill as root asks for --yes and ends nothing`,
    async () => {
      const words = [machine.corral, "strays", `--match=${pattern}`, "--kill", "--grace", "0"];
      const argv = [
        "unshare",
        "--pid",
        "--fork",
        "--mount-proc",
        "--kill-child",
        "sh",
        "-c",
        IN_A_BOX,
        "sh",
        ...words,
      ];
      const { stdout, stderr } = await machine.exec(argv, { timeoutMs: 20_000 });
      assert.match(stdout, /code 2\n2\n$/, stdout + stderr);
      // A pattern that matches everything by its form is refused as that.
      assert.match(stderr, /--yes|matches every command line/);
    },
    NATIVE,
  );
}

machineTest(machine, "K5: strays names no service of init's own", async () => {
  const { stdout } = succeeded(
    await machine.exec([machine.corral, "strays", "--match", "^.", "--kill", "--dry-run", "--yes", "--json"]),
  );
  const strays = JSON.parse(stdout) as { pid: number; command: string }[];
  const list = await stage.asRoot(
    machine,
    "systemctl list-units --type=service --state=running --plain --no-legend | cut -d' ' -f1 | xargs systemctl show -P MainPID",
  );
  const services = new Set(list.split("\n").filter((line) => line !== "").map(Number));
  assert.deepEqual(
    strays.filter(({ pid }) => services.has(pid) || pid === 1).map(({ command }) => command),
    [],
  );
}, NATIVE);

/** Prints its pid, then lives in a session of its own; its parent ends, or stays. */
const WITH_PARENT = `python3 -c "import time; time.sleep(1000)  # hostile-stray" & echo $!; $1`;

machineTest(
  machine,
  "K5: strays --orphaned lists what init adopted, and not what a parent waits for",
  async () => {
    const abandoned =
      (await machine.sh(`setsid sh -c '${WITH_PARENT.replace("$1", "exit")}' </dev/null 2>/dev/null`)).stdout
        .trim();
    const waiting = await machine.spawn(["sh", "-c", WITH_PARENT.replace("$1", "wait")]);
    try {
      await machine.sh("until [ $(pgrep -fc 'python3 -c.*hostile-[s]tray') -ge 2 ]; do sleep 0.05; done", {
        timeoutMs: 10_000,
      });
      const { stdout } = succeeded(
        await machine.exec([machine.corral, "strays", "--orphaned", "--match", "hostile-stray", "--json"]),
      );
      const pids = (JSON.parse(stdout) as { pid: number }[]).map(({ pid }) => pid);
      assert.deepEqual(pids, [Number(abandoned)]);
      const spared = succeeded(
        await machine.exec([
          machine.corral,
          "strays",
          "--orphaned",
          "--match",
          "hostile-stray",
          "--exclude",
          "stray$",
          "--json",
        ]),
      );
      assert.deepEqual(JSON.parse(spared.stdout), []);
    } finally {
      await machine.sh("pkill -KILL -f 'python3 -c.*hostile-[s]tray'");
      await waiting.kill("SIGKILL");
    }
  },
  NATIVE,
);

machineTest(machine, "K5: strays --orphaned spares what has a login session or a terminal", async () => {
  const start =
    `(setsid python3 -c "import time; time.sleep(1000)  # hostile-login" </dev/null >/dev/null 2>&1 &)`;
  const login = machine.exec(["runuser", "-l", "alice", "-c", `${start}; sleep 8`], { timeoutMs: 30_000 });
  try {
    await machine.sh("until pgrep -f 'python3 -c.*hostile-[l]ogin'; do sleep 0.05; done", {
      timeoutMs: 10_000,
    });
    const { stdout } = succeeded(
      await machine.exec([machine.corral, "strays", "--orphaned", "--match", "hostile-login", "--json"]),
    );
    assert.deepEqual(JSON.parse(stdout), []);
  } finally {
    await machine.sh("pkill -KILL -f 'python3 -c.*hostile-[l]ogin'; pkill -KILL -u alice -f 'sleep 8'");
    await login;
  }
}, NATIVE);

/** Starts COUNT processes with that many words, waits until they are there, and prints the seconds that its arguments take. */
const LONG_LINES = `
import os, subprocess, sys, time
count, word, words = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
environment = {**os.environ, **{f"V{index}": "x" * 100_000 for index in range(int(sys.argv[4]))}}
line = ["sleep", "1000"] if word == "" else ["python3", "-c", "import time; time.sleep(1000)", " ".join([word] * words)]
processes = [subprocess.Popen(line, env=environment) for _ in range(count)]
time.sleep(1)
started = time.monotonic()
code = subprocess.run(sys.argv[5:], stdout=subprocess.DEVNULL).returncode
print(code, time.monotonic() - started)
for process in processes:
    process.kill()
`;

const LONG: Record<string, { input: string[]; words: string[]; atMostS: number }> = {
  "200 command lines of 64 KiB of the word corral": {
    input: ["200", "corral", "9000", "0"],
    words: ["strays", "--match", "hostile-nothing"],
    atMostS: 8,
  },
  "200 command lines of 64 KiB of blanks": {
    input: ["200", " ", "60000", "0"],
    words: ["strays", "--match", "hostile-nothing"],
    atMostS: 8,
  },
  "300 environments of 1.5 MB": { input: ["300", "", "0", "15"], words: ["sweep"], atMostS: 8 },
};

for (const [what, { input, words, atMostS }] of Object.entries(LONG)) {
  machineTest(machine, `K5: corral ${words[0]} beside ${what} takes seconds`, async () => {
    const argv = ["python3", "-c", LONG_LINES, ...input, machine.corral, ...words];
    const { stdout } = succeeded(await machine.exec(argv, { timeoutMs: 120_000 }));
    const [code, seconds] = stdout.trim().split(" ").map(Number);
    assert.equal(code, 0);
    assert.ok(seconds! < atMostS, `${seconds} s`);
  }, NATIVE);
}

hostileTest(machine, "K5: sweep --escapees kill still ends what did leave its job", ROOT, async (caller) => {
  const job = [
    "sh",
    "-c",
    "systemd-run --scope --quiet --collect sleep 4244 & until pgrep -f '^/usr/bin/sleep 424[4]'; do sleep 0.05; done",
  ];
  succeeded(await caller.exec(stage.launch(caller, ["--quiet"], job)));
  await until(caller, "it has left", "pgrep -f '^/usr/bin/sleep 4244'");
  succeeded(await caller.corral(["sweep", "--escapees", "kill"]));
  assert.equal((await machine.sh("pgrep -f '^/usr/bin/sleep 4244'")).stdout, "");
}, NATIVE);

/** Goes into another cgroup, as root anywhere and as a user in what the manager of that user has, with a child that goes along. */
const MOVES = `
if [ "$(id -u)" = 0 ]; then to=/sys/fs/cgroup/hostile-elsewhere; else to=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/hostile; fi
mkdir -p $to && echo $$ >$to/cgroup.procs || exit 9
trap '' TERM; sleep 4255 & : >"$0"; while :; do sleep 4255; done`;
const ELSEWHERE =
  "for d in $(find /sys/fs/cgroup -type d -name 'hostile*'); do cat $d/cgroup.procs; rmdir $d; done";

for (
  const [how, options, reason] of [
    ["its deadline", ["--timeout", "2s", "--grace", "300ms"], "timeout"],
    ["a kill", ["--grace", "300ms"], "killed"],
    ["the end of its supervisor", ["--grace", "300ms"], "orphaned"],
  ] as const
) {
  hostileTest(
    machine,
    `K5: a first process that went into another cgroup is ended there by ${how}`,
    EVERYONE,
    async (caller) => {
      const mark = ownPath(caller, "went");
      const id = await caller.start([...options], ["/bin/sh", "-c", MOVES, mark]);
      await stage.exists(caller, mark);
      if (reason === "killed") succeeded(await caller.corral(["kill", id]));
      if (reason === "orphaned") {
        await machine.exec(["kill", "-KILL", String((await caller.show(id)).supervisorPid)]);
      }
      const job = await stage.endedAs(caller, id, reason);
      assert.ok(job.events.some(({ kind }) => kind === "departed"));
      assert.equal(await stage.asRoot(machine, ELSEWHERE), "");
    },
    NATIVE,
  );
}
