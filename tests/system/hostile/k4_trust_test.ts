/** K4: what others could have written is not believed by root, and what is root's own is not handed to a user. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import { type Caller, succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, hostileTest, launch, ROOT } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const FOR_ALICE = ["--user", "alice", "--quiet"];
const SECRET = "hostile-secret-4711";

/** Names that the shell of the gate cannot hold, and one that it can. */
const SECRET_NAMES = ["MAIL_PASSWORD", "HIST_PASSWORD", "BASH_FUNC_x%%", "PS4", "a.b", "DB_PASSWORD", "ENV"];

for (const how of ["of the caller", "by --env", "of root's for a user"]) {
  hostileTest(
    machine,
    `K4: no value in the environment ${how} is seen in any command line`,
    BOTH_BACKENDS,
    async (caller) => {
      const variables = Object.fromEntries(SECRET_NAMES.map((name) => [name, SECRET]));
      const words = SECRET_NAMES.flatMap((name) => ["--env", `${name}=${SECRET}`]);
      const options = how === "by --env" ? words : how === "of the caller" ? [] : [...FOR_ALICE];
      const argv = launch(caller, ["--quiet", ...options], ["true"]);
      const env = how === "by --env" ? {} : variables;
      // What is in argv of corral itself was put there by the caller.
      const seen = await runGuestProgram<string[]>(machine, "system/hostile/k4_watch.py", {
        argv,
        secret: SECRET,
        times: 5,
      }, {
        env: { ...env, CORRAL_STATE_DIR: caller.stateDir },
      });
      assert.deepEqual(seen, []);
    },
    NATIVE,
  );
}

hostileTest(machine, "K4: the secrets of --env reach the job all the same", ROOT, async (caller) => {
  const words = SECRET_NAMES.flatMap((name) => ["--env", `${name}=${SECRET}`]);
  const { stdout } = succeeded(await caller.exec(launch(caller, ["--quiet", ...words], ["env", "-0"])));
  for (const name of SECRET_NAMES) assert.ok(stdout.split("\0").includes(`${name}=${SECRET}`), name);
});

/** What a root shell may have, much of it none of alice's business. */
const ROOTS_OWN = {
  SECRET,
  TMPDIR: "/root/tmp",
  XDG_RUNTIME_DIR: "/run/user/0",
  XDG_CONFIG_HOME: "/root/.config",
  DBUS_SESSION_BUS_ADDRESS: "unix:path=/run/user/0/bus",
  SSH_AUTH_SOCK: "/root/agent",
  SUDO_USER: "bob",
  MAIL: "/var/mail/root",
  LD_LIBRARY_PATH: "/root/lib",
  PYTHONPATH: "/root/python",
  BASH_ENV: "/root/bash-env",
  KRB5CCNAME: "FILE:/root/ticket",
  TERM: "xterm",
  LANG: "C.UTF-8",
  TZ: "UTC",
};
const HANDED_ON = ["HOME", "SHELL", "USER", "LOGNAME", "PATH", "TERM", "LANG", "TZ"];

async function environmentFor(caller: Caller, options: readonly string[]): Promise<Map<string, string>> {
  const words = launch(caller, [...FOR_ALICE, ...options], ["/usr/bin/env", "-0"]);
  const { stdout } = succeeded(await caller.exec(words, { env: ROOTS_OWN }));
  return new Map(
    stdout.split("\0").filter((line) => line !== "").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

hostileTest(
  machine,
  "K4: a job for a user gets the user's environment and nothing of root's",
  BOTH_BACKENDS,
  async (caller) => {
    const env = await environmentFor(caller, ["--env", "ASKED=yes"]);
    const others = [...env.keys()].filter((name) =>
      !HANDED_ON.includes(name) && !/^(CORRAL_|XDG_RUNTIME_DIR$)/.test(name)
    );
    assert.deepEqual(others, ["ASKED"]);
    assert.ok([undefined, "/run/user/1000"].includes(env.get("XDG_RUNTIME_DIR")), env.get("XDG_RUNTIME_DIR"));
    assert.deepEqual(["HOME", "USER", "SHELL", "LANG", "TZ", "TERM"].map((name) => env.get(name)), [
      "/home/alice",
      "alice",
      "/bin/bash",
      "C.UTF-8",
      "UTC",
      "xterm",
    ]);
    assert.doesNotMatch(env.get("PATH") ?? "", /root/);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: --keep-env hands root's environment on, with the user's home",
  ROOT,
  async (caller) => {
    const env = await environmentFor(caller, ["--keep-env"]);
    assert.deepEqual([env.get("SECRET"), env.get("HOME"), env.get("USER")], [SECRET, "/home/alice", "alice"]);
  },
  NATIVE,
);

/** Ways in which others can write root's store, as a shell script on the empty directory $1; the store is in $1/store. */
const FOREIGN_STORES: Record<string, string> = {
  "a directory of mode 777": "mkdir -m 777 $1/store",
  "a directory of alice's": "install -d -o alice -m 700 $1/store",
  "a directory that alice's group may write": "install -d -g alice -m 770 $1/store",
  "a directory in one of mode 777": "chmod 777 $1; mkdir -m 700 $1/store",
  "a directory in one of alice's": "chown alice $1; mkdir -m 700 $1/store",
  "a symlink of alice's":
    "mkdir -m 700 $1/real; chmod 1777 $1; setpriv --reuid=alice --clear-groups ln -s $1/real $1/store",
  "a file of mode 666":
    "mkdir -m 755 $1/store; $CORRAL --state-dir $1/store run --quiet true; chmod 755 $1/store; chmod 666 $1/store/*",
  "a file of alice's":
    "mkdir -m 755 $1/store; $CORRAL --state-dir $1/store run --quiet true; chmod 755 $1/store; chown alice $1/store/corral.db",
};

async function foreignStore(plant: string): Promise<string> {
  const script =
    `dir=$(mktemp -d /var/tmp/hostile-XXXXXX); chmod 755 $dir; set -- $dir; export CORRAL=${machine.corral}
    ${plant} >&2 && echo $dir/store`;
  return (await stage.asRoot(machine, script)).trim();
}

for (const [what, plant] of Object.entries(FOREIGN_STORES)) {
  hostileTest(machine, `K4: root refuses a store in ${what}, and doctor says so`, ROOT, async () => {
    const store = await foreignStore(plant);
    for (const words of [["sweep"], ["kill", "--all", "--yes"], ["run", "true"]]) {
      const { code, stderr } = await machine.exec([machine.corral, "--state-dir", store, ...words], {
        cwd: "/",
      });
      assert.notEqual(code, 0, `${words}: ${stderr}`);
      assert.match(stderr, /^corral: .*\/var\/tmp\/hostile-/m, String(words));
      assert.match(stderr, /\(.*(chown|chmod|--state-dir|give|use).*\)/, `a remedy for ${words}`);
    }
    const doctor = await machine.exec([machine.corral, "--state-dir", store, "doctor"], { cwd: "/" });
    assert.equal(doctor.code, 1, doctor.stdout);
    assert.match(doctor.stdout, /\/var\/tmp\/hostile-/);
  }, NATIVE);
}

/** A status command that shows who ran it. */
const EVIL_CONFIG = `printf 'status-command = "id -u >/tmp/hostile-owned; cat >/dev/null"\\n'`;
const FOREIGN_CONFIGS: Record<string, string> = {
  "a file of alice's": `${EVIL_CONFIG} >$1/config.toml; chown alice $1/config.toml`,
  "a file of mode 666": `${EVIL_CONFIG} >$1/config.toml; chmod 666 $1/config.toml`,
  "a file that alice's group may write":
    `${EVIL_CONFIG} >$1/config.toml; chgrp alice $1/config.toml; chmod 664 $1/config.toml`,
  "a file in a directory of alice's": `${EVIL_CONFIG} >$1/config.toml; chown alice $1`,
  "a symlink to a file of alice's":
    `${EVIL_CONFIG} >$1/alices; chown alice $1/alices; ln -s alices $1/config.toml`,
};

for (const [what, plant] of Object.entries(FOREIGN_CONFIGS)) {
  hostileTest(
    machine,
    `K4: root refuses a configuration in ${what}, and doctor says so`,
    ROOT,
    async (caller) => {
      const script =
        `dir=$(mktemp -d /var/tmp/hostile-XXXXXX); chmod 755 $dir; set -- $dir; rm -f /tmp/hostile-owned; ${plant} && echo $dir/config.toml`;
      const config = (await stage.asRoot(machine, script)).trim();
      const job = await caller.start(["--ref", "j0"], ["sleep", "1000"]);
      try {
        for (const words of [["sweep"], ["strays", "--match", "hostile-nothing", "--ref-pattern", "x"]]) {
          const { code, stderr } = await caller.corral(["--config", config, ...words]);
          assert.notEqual(code, 0, String(words));
          assert.match(stderr, /^corral: .*config\.toml/m);
        }
        assert.equal(
          await stage.asRoot(machine, "cat /tmp/hostile-owned 2>/dev/null || :"),
          "",
          "its command ran",
        );
        const doctor = await caller.corral(["--config", config, "doctor"]);
        assert.notEqual(doctor.code, 0);
        assert.match(doctor.stdout, /^FAIL {2}configuration: .*config\.toml/m);
        assert.match(doctor.stdout, /^ok {4}cgroup2/m, "the rest is looked at all the same");
      } finally {
        await caller.end(job);
      }
    },
    NATIVE,
  );
}

machineTest(
  machine,
  "K4: a store and a configuration of root's own in the usual modes are taken",
  async () => {
    const script = `set -e; dir=$(mktemp -d /var/tmp/hostile-XXXXXX); chmod 755 $dir
    printf 'state-dir = "%s"\\n' $dir/store >$dir/config.toml; chmod 644 $dir/config.toml
    cd /; ${machine.corral} --config $dir/config.toml run --quiet true; ${machine.corral} --config $dir/config.toml sweep >/dev/null
    stat -c '%a %U' $dir/store`;
    assert.equal(await stage.asRoot(machine, script), "700 root\n");
  },
);

const READ_ONLY = [["ps"], ["report"], ["show", "ref:none"], ["ps", "--json"], ["report", "--json"], [
  "strays",
  "--match",
  "hostile-nothing",
], ["kill", "ref:none"]];

machineTest(machine, "K4: a verb that only looks makes no store where there is none", async () => {
  for (const words of READ_ONLY) {
    await stage.asRoot(machine, "rm -rf /home/alice/hostile; install -d -o alice /home/alice/hostile");
    for (const state of ["/home/alice/hostile/store", "/home/alice/hostile"]) {
      await machine.exec([machine.corral, "--state-dir", state, ...words], { cwd: "/" });
      assert.equal(
        await stage.asRoot(machine, "find /home/alice/hostile -mindepth 1"),
        "",
        `${words} on ${state}`,
      );
    }
  }
}, NATIVE);
