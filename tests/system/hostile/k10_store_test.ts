/** K10: where a user's store lies, and that no other node's lock or name disturbs it. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import { returns } from "./hang_cases.ts";
import { HungFileSystem } from "./hung.ts";
import * as stage from "./stage.ts";
import { ALICE, hostileTest, launch, ownPath, ROOT, stubborn, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** Holds the lock of a dead node on every store in a directory until it is killed. */
const HOLD_LOCK = `import glob, sqlite3, sys, time
held = [sqlite3.connect(path, isolation_level=None, timeout=10) for path in glob.glob(sys.argv[1] + "/*.db")]
for store in held:
    store.execute("PRAGMA locking_mode = EXCLUSIVE")
    store.execute("BEGIN EXCLUSIVE")
open(sys.argv[2], "w").close()
time.sleep(1000)`;

async function withLockedStore(caller: Caller, body: () => Promise<void>): Promise<void> {
  const held = ownPath(caller, "held");
  const holder = await machine.spawn(["python3", "-c", HOLD_LOCK, caller.stateDir, held], {
    user: caller.user,
  });
  try {
    await stage.exists(caller, held);
    await body();
  } finally {
    await holder.kill("SIGKILL");
    await holder.wait();
  }
}

hostileTest(
  machine,
  "K10: a lock on the store that is never given up delays neither the command nor its code",
  UNLIKE,
  async (caller) => {
    succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"])));
    const mark = ownPath(caller, "ran");
    await withLockedStore(caller, async () => {
      const startMs = performance.now();
      const { code, stderr } = await caller.exec(
        launch(caller, ["--quiet"], ["sh", "-c", `cut -d' ' -f1 /proc/uptime >${mark}; exit 7`]),
      );
      const tookMs = performance.now() - startMs;
      assert.equal(code, 7, stderr);
      // "no command waits 10 s for its record", neither before nor after it.
      assert.ok(tookMs < 6_000, `it took ${Math.round(tookMs)} ms`);
    });
  },
  NATIVE,
);

hostileTest(machine, "K10: a lock on the store delays no deadline", UNLIKE, async (caller) => {
  const mark = ownPath(caller, "runs");
  const id = await caller.start(["--timeout", "3s", "--grace", "100ms"], stubborn(mark));
  await stage.exists(caller, mark);
  await withLockedStore(caller, async () => {
    await until(caller, "the job's processes are gone", `! pgrep -f '^/bin/sh -c trap.*${mark}$'`, 7_000);
  });
  await until(
    caller,
    "the end is recorded",
    `${machine.corral} sweep --quiet; test "$(${machine.corral} ps --json)" = "[]"`,
  );
  assert.equal((await caller.show(id)).reason, "timeout");
}, NATIVE);

/** In a mount namespace in which the machine is another, of the same host name: machine-id and boot_id differ, and none of its pids is here. */
const CLONE = [
  "unshare",
  "--mount",
  "--pid",
  "--fork",
  "--propagation=private",
  "sh",
  "-ec",
  `
  mount -t proc proc /proc
  echo 0123456789abcdef0123456789abcdef >/tmp/hostile-machine-id; mount --bind /tmp/hostile-machine-id /etc/machine-id
  cat /proc/sys/kernel/random/uuid >/tmp/hostile-clone-boot
  mount --bind /tmp/hostile-clone-boot /proc/sys/kernel/random/boot_id 2>/dev/null || :
  mkdir /tmp/hostile-no-cgroups 2>/dev/null || :
  exec setpriv --reuid=alice --regid=alice --init-groups env HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1000 "$@"`,
  "sh",
];

hostileTest(
  machine,
  "K10: a cloned node of the same host name calls no job of this one lost",
  ALICE,
  async (caller) => {
    const id = await caller.start(["--ref", "here"], ["sleep", "1000"]);
    const env = { CORRAL_STATE_DIR: caller.stateDir };
    succeeded(await machine.exec([...CLONE, machine.corral, "sweep"], { env, cwd: "/" }));
    const { state, reason } = await caller.show(id);
    await caller.end(id);
    assert.deepEqual([state, reason], ["running", null]);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: a store in a shared directory is named by host and machine-id",
  ALICE,
  async (caller) => {
    succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"])));
    const names = await stage.asRoot(machine, "ls $1; cat /etc/machine-id", [caller.stateDir]);
    const machineId = names.trim().split("\n").at(-1)!;
    assert.ok(names.split("\n").slice(0, -2).some((name) => name.includes(machineId.slice(0, 8))), names);
  },
  NATIVE,
);

/** A user's run with no directory named; where its record then is. */
async function whereRecorded(word: string): Promise<string[]> {
  succeeded(
    await machine.exec([machine.corral, "run", "--quiet", "--name", word, "true"], { user: "alice" }),
  );
  const look =
    `grep -lsF -- '${word}' /home/alice/.local/state/corral/* /var/lib/corral/users/1000/* /var/tmp/corral-1000/* || :`;
  const found = (await stage.asRoot(machine, look)).trim().split("\n");
  return [...new Set(found.map((path) => path.replace(/\/[^/]*$/, "")))].sort();
}

hostileTest(
  machine,
  "K10: a user's store is in /var/lib/corral/users where root has made that",
  ALICE,
  async () => {
    await stage.asRoot(machine, "install -d -m 1777 /var/lib/corral/users");
    try {
      assert.deepEqual(await whereRecorded("hostile-users"), ["/var/lib/corral/users/1000"]);
      assert.equal(await stage.asRoot(machine, "stat -c '%a %U' /var/lib/corral/users/1000"), "700 alice\n");
    } finally {
      await stage.asRoot(machine, "rm -rf /var/lib/corral/users");
    }
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: a directory in /var/lib/corral/users that another user made is not used",
  ALICE,
  async () => {
    await stage.asRoot(
      machine,
      "install -d -m 1777 /var/lib/corral/users; install -d -o bob -m 777 /var/lib/corral/users/1000",
    );
    try {
      assert.deepEqual(await whereRecorded("hostile-squat"), ["/home/alice/.local/state/corral"]);
    } finally {
      await stage.asRoot(machine, "rm -rf /var/lib/corral/users");
    }
  },
  NATIVE,
);

/** Mounts a file system that is not local on alice's state directory. */
async function withRemoteHome(caller: Caller, body: () => Promise<void>): Promise<void> {
  await stage.asRoot(
    machine,
    "install -d -o alice -g alice /home/alice/.local /home/alice/.local/state; rm -rf /var/tmp/corral-1000",
  );
  const hung = await HungFileSystem.mount(caller, "/home/alice/.local/state");
  try {
    await body();
  } finally {
    await hung.end();
    await stage.asRoot(machine, "rm -rf /var/tmp/corral-1000");
  }
}

hostileTest(
  machine,
  "K10: a user's store is in /var/tmp where the home is on a file server",
  ALICE,
  async (caller) => {
    await withRemoteHome(caller, async () => {
      assert.deepEqual(await whereRecorded("hostile-remote"), ["/var/tmp/corral-1000"]);
      assert.equal(await stage.asRoot(machine, "stat -c '%a %U' /var/tmp/corral-1000"), "700 alice\n");
    });
  },
  NATIVE,
);

/** What another user can have put where the store is to be. */
const SQUATTERS: Record<string, string> = {
  "a directory of bob's": "install -d -o bob -m 777 /var/tmp/corral-1000",
  "a symlink of bob's":
    "install -d -o bob -m 777 /var/tmp/bobs; setpriv --reuid=bob --clear-groups ln -s /var/tmp/bobs /var/tmp/corral-1000",
  "a directory that others may write": "install -d -o alice -m 777 /var/tmp/corral-1000",
};

for (const [what, plant] of Object.entries(SQUATTERS)) {
  hostileTest(
    machine,
    `K10: ${what} in /var/tmp in the place of the store is refused`,
    ALICE,
    async (caller) => {
      await withRemoteHome(caller, async () => {
        await stage.asRoot(machine, plant);
        const { code, stderr } = await machine.exec([machine.corral, "run", "--quiet", "true"], {
          user: "alice",
        });
        const written = await stage.asRoot(
          machine,
          "find /var/tmp/corral-1000/ /var/tmp/bobs -name '*.db' 2>/dev/null; rm -rf /var/tmp/corral-1000 /var/tmp/bobs",
        );
        assert.equal(written, "");
        if (code !== 0) assert.match(stderr, /^corral: .*\/var\/tmp\/corral-1000/);
      });
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K10: a state-dir of ~ or %u is expanded or refused, never taken as it is",
  ALICE,
  async (caller) => {
    for (
      const [key, dir] of [["state-dir", "~/hostile-tilde"], ["state-dir", "/tmp/hostile-%u"], [
        "user-state-dir",
        "/tmp/hostile-%u",
      ]]
    ) {
      const config = ownPath(caller, "config.toml");
      await machine.putFile(config, `${key} = "${dir}"\n`);
      const { code, stderr } = await machine.exec([
        machine.corral,
        "--config",
        config,
        "run",
        "--quiet",
        "true",
      ], { user: "alice" });
      const literal = await stage.asRoot(
        machine,
        "cd /home/alice; ls -d '~' '/tmp/hostile-%u' 2>/dev/null; rm -rf '/home/alice/~' /tmp/hostile-*u /tmp/hostile-alice",
      );
      assert.equal(literal, "", `${key} = ${dir}: exit code ${code} ${stderr}`);
    }
  },
  NATIVE,
);

hostileTest(machine, "K10: user-state-dir holds one directory for each user", ROOT, async (caller) => {
  const config = ownPath(caller, "config.toml");
  await machine.putFile(config, `user-state-dir = "/var/hostile-users"\n`);
  await stage.asRoot(
    machine,
    "install -d -m 1777 /var/hostile-users; loginctl enable-linger bob; until test -S /run/user/1001/systemd/private; do sleep 0.1; done",
  );
  try {
    for (const user of ["alice", "bob"]) {
      const env = { CORRAL_CONFIG: config };
      succeeded(await machine.exec([machine.corral, "run", "--quiet", "true"], { user, env }));
    }
    assert.equal(
      await stage.asRoot(machine, "cd /var/hostile-users; stat -c '%a %U' * | sort"),
      "700 alice\n700 bob\n",
    );
  } finally {
    await stage.asRoot(
      machine,
      "loginctl disable-linger bob; systemctl stop user@1001.service; rm -rf /var/hostile-users",
    );
  }
}, NATIVE);

/** Corral as alice, with no directory named. */
function asAlice(words: readonly string[]) {
  return machine.exec([machine.corral, ...words], { user: "alice", cwd: "/" });
}

hostileTest(
  machine,
  "K10: jobs of the store in the home stay known when root makes the users' directory",
  ALICE,
  async (caller) => {
    const startOf = async (ref: string) =>
      succeeded(await asAlice(["run", "--detach", "--grace", "0", "--ref", ref, "sleep", "1000"])).stdout
        .trim();
    const old = await startOf("hostile-old");
    const swept = await startOf("hostile-swept");
    await stage.asRoot(machine, "install -d -m 1777 /var/lib/corral/users");
    try {
      const fresh = await startOf("hostile-new");
      const shown: { id: string }[] = JSON.parse(succeeded(await asAlice(["ps", "--json"])).stdout);
      assert.deepEqual(shown.map(({ id }) => id).filter((id) => [old, swept, fresh].includes(id)), [
        old,
        swept,
        fresh,
      ]);
      succeeded(await asAlice(["kill", "ref:hostile-old"]));
      assert.match(succeeded(await asAlice(["show", old])).stdout, /killed/);
      const sweep = succeeded(await asAlice(["sweep", "--json"]));
      assert.deepEqual(JSON.parse(sweep.stdout).findings, []);
      succeeded(await asAlice(["set", swept, "--timeout", "2h"]));
      succeeded(await asAlice(["kill", swept, fresh]));
      const reported = succeeded(await asAlice(["report", "--format", "csv"])).stdout;
      for (const id of [old, swept, fresh]) assert.match(reported, new RegExp(`^${id},`, "m"));
    } finally {
      await stage.asRoot(machine, "rm -rf /var/lib/corral/users");
    }
    await stage.noLiveJob(caller);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K10: a former store on a file system that does not answer is neither opened nor waited for",
  ALICE,
  async (caller) => {
    await stage.asRoot(
      machine,
      "install -d -m 1777 /var/lib/corral/users; install -d -o alice -g alice /home/alice/.local /home/alice/.local/state",
    );
    const hung = await HungFileSystem.mount(caller, "/home/alice/.local/state");
    try {
      await hung.hang();
      for (const words of [["ps"], ["report"], ["sweep"], ["kill", "--all", "--yes"]]) {
        const running = await machine.spawn([machine.corral, ...words], { user: "alice", cwd: "/" });
        assert.equal((await returns(machine, running, `corral ${words[0]}`)).code, 0);
      }
      await hung.release();
      assert.equal(await stage.asRoot(machine, "ls -A /home/alice/.local/state"), "");
    } finally {
      await hung.release();
      await hung.end();
      await stage.asRoot(machine, "rm -rf /var/lib/corral/users");
    }
  },
  NATIVE,
);
