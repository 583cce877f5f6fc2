import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { PAGE_KEYS } from "../../../../src/view/manual/manual.ts";
import { PACKAGE, packagedUnits } from "../../../../src/act/install/packaged.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";
import { FakeTools } from "../../../kit/fakes/tools.ts";

/** Owned by root everywhere, also where the tests are run by somebody else. */
const BINARY = "/bin/sh";
const REAL_BINARY = Deno.realPathSync(BINARY);

/** A node with a temporary home and /etc, on which root or alice installs. */
class Installer implements Disposable {
  readonly temp = new TempDir();
  readonly node = new FakeNode();
  readonly tools = new FakeTools();

  constructor(user: "root" | "alice") {
    const { node, temp } = this;
    Deno.mkdirSync(`${temp.path}/home`);
    Deno.mkdirSync(`${temp.path}/etc/cron.d`, { recursive: true });
    Deno.mkdirSync(`${temp.path}/var/lib/corral`, { recursive: true });
    node.uid = user === "root" ? 0 : 1000;
    node.etc = `${temp.path}/etc`;
    node.env = { HOME: `${temp.path}/home` };
    node.binary = BINARY;
    node.run = this.tools.run;
    node.systemdBooted = true;
    node.userRuntimeDir = user === "root" ? null : "/run/user/1000";
  }

  /** Root's manual page and completions must not go to /usr/local here. */
  get prefix(): string[] {
    return ["--prefix", `${this.temp.path}/usr`];
  }

  /** Every file and directory below, links as such. */
  listing(directory = this.temp.path): string[] {
    return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) => {
      const path = `${directory}/${name}`;
      const below = path.slice(this.temp.path.length);
      return isDirectory ? [`${below}/`, ...this.listing(path)] : [below];
    }).toSorted();
  }

  /** What was told on stdout since the last look, without the temporary directory. */
  takeOut(): string {
    const text = this.node.out.replaceAll(this.temp.path, "");
    this.node.out = "";
    return text;
  }

  read(path: string): string {
    return Deno.readTextFileSync(this.temp.path + path);
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
    this.temp[Symbol.dispose]();
  }
}

const START = ["daemon-reload", "enable --quiet corral-sweep.timer", "restart corral-sweep.timer"];

Deno.test("corral install as root makes units, page and completions, and starts the timer", async () => {
  using root = new Installer("root");
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.DONE);
  assert.deepEqual(root.tools.calls, START.map((words) => `systemctl ${words}`));
  assert.deepEqual(
    root.listing().filter((path) => !path.endsWith("/")),
    [
      "/etc/systemd/system/corral-sweep.service",
      "/etc/systemd/system/corral-sweep.timer",
      "/usr/share/bash-completion/completions/corral",
      "/usr/share/fish/vendor_completions.d/corral.fish",
      "/usr/share/zsh/site-functions/_corral",
      ...PAGE_KEYS.map((key) => `/usr/share/man/man${key.at(-1)}/${key}`),
    ].toSorted(),
  );
  assert.ok(
    root.read("/etc/systemd/system/corral-sweep.service").includes(
      `\nExecStart=${REAL_BINARY} sweep --quiet\n`,
    ),
  );
  assert.match(
    root.takeOut(),
    /^wrote \/etc\/systemd\/system\/corral-sweep\.service\n[\s\S]*\nwrote \d+ files in \/usr\/share\/man\/man1\/\n[\s\S]*\na sweep every 5m: systemctl list-timers corral-sweep\.timer\n$/,
  );
  assert.deepEqual(root.node.said, []);
});

Deno.test("corral install a second time changes nothing, and with another interval the timer alone", async () => {
  using root = new Installer("root");
  await root.node.corral("install", ...root.prefix);
  root.takeOut();
  root.tools.calls.length = 0;
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.DONE);
  assert.match(root.takeOut(), /^nothing to change: it is installed\na sweep every 5m: /);
  assert.deepEqual(root.tools.calls, []);
  assert.equal(await root.node.corral("install", "--sweep-every", "90m", ...root.prefix), EXIT.DONE);
  assert.match(
    root.takeOut(),
    /^wrote \/etc\/systemd\/system\/corral-sweep\.timer\nran systemctl daemon-reload\n/,
  );
  assert.match(root.read("/etc/systemd/system/corral-sweep.timer"), /^OnUnitInactiveSec=1h30m$/m);
});

for (const [flavour, options] of [["timer", []], ["cron", ["--cron"]]] as const) {
  for (const user of ["root", "alice"] as const) {
    Deno.test(`corral uninstall takes away all that ${user}'s ${flavour} has brought, directories too`, async () => {
      using installer = new Installer(user);
      const { node, tools } = installer;
      const before = installer.listing();
      assert.equal(await node.corral("install", ...options, ...installer.prefix), EXIT.DONE);
      assert.notDeepEqual(installer.listing(), before);
      assert.equal(await node.corral("uninstall"), EXIT.DONE);
      assert.deepEqual(installer.listing(), before);
      assert.deepEqual([tools.timerIsOn, tools.crontab], [false, null]);
      installer.takeOut();
      assert.equal(await node.corral("uninstall"), EXIT.DONE);
      assert.equal(installer.takeOut(), "nothing is installed\n");
    });
  }
}

Deno.test("corral install --cron as root writes one line for the same sweep, in place of the timer", async () => {
  using root = new Installer("root");
  await root.node.corral("install", ...root.prefix);
  const args = [
    "--state-dir",
    root.node.stores.path,
    "--config",
    "/c%.toml",
    "install",
    "--cron",
    "--sweep-every",
    "1h",
  ];
  assert.equal(await root.node.corral(...args, ...root.prefix), EXIT.DONE);
  const line = root.read("/etc/cron.d/corral").split("\n").at(-2);
  assert.equal(
    line,
    `0 * * * * root ${REAL_BINARY} --state-dir ${root.node.stores.path} --config /c\\%.toml sweep --quiet`,
  );
  assert.deepEqual(root.listing().filter((path) => /corral-sweep\.(service|timer)/.test(path)), []);
  assert.equal(root.tools.timerIsOn, false);
});

Deno.test("corral install falls back to cron where systemd does not run, and says so where there is none either", async () => {
  using root = new Installer("root");
  root.node.systemdBooted = false;
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.DONE);
  assert.ok(root.listing().includes("/etc/cron.d/corral"));
  using bare = new Installer("root");
  bare.node.systemdBooted = false;
  Deno.removeSync(`${bare.temp.path}/etc/cron.d`);
  const before = bare.listing();
  assert.equal(await bare.node.corral("install", ...bare.prefix), EXIT.NEGATIVE);
  assert.match(bare.node.said[0]!, /^corral: there is no cron here \(install cron, or /);
  assert.deepEqual(bare.listing(), before);
});

Deno.test("corral install refuses an interval that cron cannot keep, before anything is written", async () => {
  using root = new Installer("root");
  const before = root.listing();
  assert.equal(
    await root.node.corral("install", "--cron", "--sweep-every", "7m", ...root.prefix),
    EXIT.USAGE,
  );
  assert.match(root.node.said[0]!, /cannot run something every 7m exactly, but every 1m, /);
  assert.deepEqual(root.listing(), before);
});

Deno.test("corral install as a user asks the user's manager and writes below the home", async () => {
  using alice = new Installer("alice");
  alice.tools.lingers = false;
  assert.equal(await alice.node.corral("install"), EXIT.DONE);
  assert.deepEqual(alice.tools.calls, START.map((words) => `systemctl --user ${words}`));
  assert.match(alice.takeOut(), /^wrote \/home\/\.config\/systemd\/user\/corral-sweep\.service\n/);
  assert.ok(alice.listing().includes("/home/.local/share/man/man1/corral.1"));
  assert.deepEqual(alice.node.said, [
    "the timer stops with your last log-out; to keep it, as root: loginctl enable-linger alice",
  ]);
});

Deno.test("corral install as a user without a manager adds a line to the crontab and leaves the others", async () => {
  using alice = new Installer("alice");
  alice.node.userRuntimeDir = null;
  alice.tools.crontab = "0 1 * * * backup\n";
  assert.equal(await alice.node.corral("install"), EXIT.DONE);
  const crontab = alice.tools.crontab;
  assert.match(crontab, /^0 1 \* \* \* backup\n(# .*\n){2}\*\/5 \* \* \* \* \/.* sweep --quiet\n$/);
  assert.equal(await alice.node.corral("install"), EXIT.DONE);
  assert.deepEqual([alice.tools.crontab, alice.tools.calls], [crontab, ["crontab FILE"]]);
  await alice.node.corral("uninstall");
  assert.equal(alice.tools.crontab, "0 1 * * * backup\n");
});

Deno.test("corral install leaves a crontab alone that it would damage, and says where there is none", async () => {
  using alice = new Installer("alice");
  alice.node.userRuntimeDir = null;
  alice.tools.crontab = "# caf\ufffd\n";
  assert.equal(await alice.node.corral("install"), EXIT.NEGATIVE);
  assert.match(alice.node.said.pop()!, /^corral: the crontab is not UTF-8/);
  alice.tools.hasCrontab = false;
  assert.equal(await alice.node.corral("install"), EXIT.NEGATIVE);
  assert.match(alice.node.said.pop()!, /^corral: there is no crontab\(1\) here, and no user manager/);
  assert.deepEqual(alice.listing(), [
    "/etc/",
    "/etc/cron.d/",
    "/home/",
    "/var/",
    "/var/lib/",
    "/var/lib/corral/",
  ]);
});

Deno.test("corral install --print shows every file and command and changes nothing", async () => {
  using root = new Installer("root");
  const before = root.listing();
  assert.equal(await root.node.corral("install", "--print", ...root.prefix), EXIT.DONE);
  const shown = root.takeOut();
  assert.ok(shown.startsWith("==> write /etc/systemd/system/corral-sweep.service\n"), shown.slice(0, 80));
  assert.ok(shown.includes("==> write /etc/systemd/system/corral-sweep.timer\n"));
  assert.match(shown, /^OnUnitInactiveSec=5m$/m);
  assert.match(shown, /^==> run systemctl restart corral-sweep\.timer$/m);
  // Of the rest only its names, and last: thousands of lines would hide the units.
  const rest = shown.slice(shown.search(/^==> write \d+ files of the manual and the completions/m));
  for (
    const path of [
      "man/man1/corral-run.1",
      "zsh/site-functions/_corral",
      "fish/vendor_completions.d/corral.fish",
    ]
  ) {
    assert.ok(rest.includes(`    /usr/share/${path}\n`), path);
  }
  assert.ok(!shown.includes("#compdef") && shown.indexOf("systemctl") < shown.length - rest.length);
  assert.equal(await root.node.corral("install", "--print=all", ...root.prefix), EXIT.DONE);
  const all = root.takeOut();
  assert.ok(all.includes("==> write /usr/share/zsh/site-functions/_corral\n#compdef corral\n"));
  assert.ok(all.includes("==> write /usr/share/man/man1/corral-run.1\n"));
  assert.deepEqual([root.listing(), root.tools.calls], [before, []]);
  await root.node.corral("install", ...root.prefix);
  const installed = root.listing();
  root.takeOut();
  assert.equal(await root.node.corral("uninstall", "--print"), EXIT.DONE);
  assert.match(root.takeOut(), /^==> remove \/usr\/share\/man\/man1\/corral\.1$/m);
  assert.deepEqual(root.listing(), installed);
});

Deno.test("corral install takes away the page of a version before, and leaves another program's", async () => {
  using root = new Installer("root");
  await root.node.corral("install", ...root.prefix);
  const page = root.read("/usr/share/man/man7/corral-celery.7");
  root.temp.write("usr/share/man/man7/corral-former.7", page);
  root.temp.write("usr/share/man/man1/corral-fence.1", ".TH FENCE 1\n");
  root.takeOut();
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.DONE);
  assert.match(root.takeOut(), /^removed \/usr\/share\/man\/man7\/corral-former\.7\n/);
  assert.equal(await root.node.corral("uninstall"), EXIT.DONE);
  assert.deepEqual(root.listing().filter((path) => path.includes("/corral")), [
    "/usr/share/man/man1/corral-fence.1",
    "/var/lib/corral/",
  ]);
});

Deno.test("corral install and uninstall leave files alone that corral has not made", async () => {
  using root = new Installer("root");
  const path = "/etc/systemd/system/corral-sweep.service";
  root.temp.write(path.slice(1), "[Service]\nExecStart=/bin/true\n");
  const before = root.listing();
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.NEGATIVE);
  assert.match(
    root.node.said.pop()!,
    /corral-sweep\.service" is there and was not made by corral install \(move it away/,
  );
  assert.equal(await root.node.corral("uninstall"), EXIT.NEGATIVE);
  assert.match(root.node.said.pop()!, /^left ".*corral-sweep\.service": it was not made by corral install/);
  assert.deepEqual([root.listing(), root.tools.calls], [before, []]);
  assert.equal(root.read(path), "[Service]\nExecStart=/bin/true\n");
});

Deno.test("corral install as root refuses a binary that others can replace; a user's may lie anywhere", async () => {
  using root = new Installer("root");
  root.node.binary = root.temp.write("home/corral", "");
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.NEGATIVE);
  assert.match(
    root.node.said[0]!,
    /^corral: the binary ".*\/home\/corral" can be changed by others than root: /,
  );
  assert.deepEqual(root.listing().filter((path) => path.endsWith(".service")), []);
  using alice = new Installer("alice");
  alice.node.binary = alice.temp.write("home/corral", "");
  assert.equal(await alice.node.corral("install"), EXIT.DONE);
});

Deno.test("corral install as root refuses a configuration that others can write: it names commands to run", async () => {
  using root = new Installer("root");
  const config = root.temp.write("home/corral.toml", "");
  assert.equal(await root.node.corral("--config", config, "install", ...root.prefix), EXIT.NEGATIVE);
  assert.match(
    root.node.said[0]!,
    /^corral: the configuration ".*corral\.toml" can be changed by others than root/,
  );
});

Deno.test("corral install that is cut short by systemctl is finished by the next one", async () => {
  using root = new Installer("root");
  root.tools.failing = "enable";
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.NEGATIVE);
  assert.match(
    root.node.said[0]!,
    /^corral: systemctl enable --quiet corral-sweep\.timer: it is broken \(put it right/,
  );
  root.tools.failing = null;
  root.tools.calls.length = 0;
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.DONE);
  assert.deepEqual(root.tools.calls, START.map((words) => `systemctl ${words}`));
  root.tools.calls.length = 0;
  root.tools.needsReload = true;
  assert.equal(await root.node.corral("install", ...root.prefix), EXIT.DONE);
  assert.deepEqual(root.tools.calls, START.map((words) => `systemctl ${words}`));
});

Deno.test("corral install reads intervals as everywhere, within bounds", async () => {
  using root = new Installer("root");
  for (const value of ["5s", "8d", "5x", ""]) {
    assert.equal(await root.node.corral("install", `--sweep-every=${value}`), EXIT.USAGE, value);
    assert.match(root.node.said[0]!, /^corral: --sweep-every: cannot read /);
    root.node.said.length = 0;
  }
});

Deno.test("corral install by root makes the directory for the users' stores, and uninstall leaves those there are", async () => {
  using root = new Installer("root");
  Deno.chmodSync(`${root.temp.path}/var/lib/corral`, 0o700);
  await root.node.corral("install", ...root.prefix);
  const mode = (path: string) => Deno.statSync(root.temp.path + path).mode! & 0o7777;
  assert.deepEqual([mode("/var/lib/corral"), mode("/var/lib/corral/users")], [0o711, 0o1777]);
  root.temp.write("var/lib/corral/users/1000/x.db", "");
  await root.node.corral("uninstall");
  assert.ok(root.listing().includes("/var/lib/corral/users/1000/x.db"));
  using alice = new Installer("alice");
  await alice.node.corral("install");
  assert.ok(!alice.listing().includes("/var/lib/corral/users/"));
});

/** A node on which a package has brought corral: binary and units below /usr. */
function packagedNode(): Installer {
  const root = new Installer("root");
  root.temp.write("usr/bin/.keep", "");
  Deno.symlinkSync(BINARY, `${root.temp.path}/usr/bin/corral`);
  for (const { path, text } of packagedUnits()) {
    root.temp.write(path.slice(1), text.replace(PACKAGE.binary, REAL_BINARY));
  }
  return root;
}

/** What an installation has written on it. */
function written(root: Installer): string[] {
  return root.listing().filter((path) => path.startsWith("/etc/") && !path.endsWith("/"));
}

Deno.test("corral install of a package's binary writes nothing a second time: it starts the package's timer", async () => {
  using root = packagedNode();
  const before = written(root);
  assert.equal(await root.node.corral("install"), EXIT.DONE);
  assert.deepEqual(written(root), before);
  assert.deepEqual(root.tools.calls, START.map((words) => `systemctl ${words}`));
  root.takeOut();
  assert.equal(await root.node.corral("install"), EXIT.DONE);
  assert.match(root.takeOut(), /^nothing to change: it is installed\n/);
  assert.equal(await root.node.corral("uninstall"), EXIT.DONE);
  assert.deepEqual([written(root), root.tools.timerIsOn], [before, false]);
  // The package's, with its stores.
  assert.ok(root.listing().includes("/usr/lib/systemd/system/corral-sweep.timer"));
  assert.ok(root.listing().includes("/var/lib/corral/users/"));
  root.takeOut();
  assert.equal(await root.node.corral("uninstall"), EXIT.DONE);
  assert.equal(root.takeOut(), "nothing is installed\n");
});

Deno.test("corral install of a package's binary writes the unit that differs, and takes it back with the difference", async () => {
  using root = packagedNode();
  const before = written(root);
  const timer = "/etc/systemd/system/corral-sweep.timer";
  assert.equal(await root.node.corral("install", "--sweep-every", "10m"), EXIT.DONE);
  assert.deepEqual(written(root), [...before, timer]);
  assert.match(root.read(timer), /^OnUnitInactiveSec=10m$/m);
  root.tools.calls.length = 0;
  assert.equal(await root.node.corral("install"), EXIT.DONE);
  assert.deepEqual(written(root), before);
  assert.deepEqual(root.tools.calls, START.map((words) => `systemctl ${words}`));
});

Deno.test("corral install of a package's binary takes over from that of a bare one", async () => {
  using root = packagedNode();
  const before = written(root);
  const [service, timer] = packagedUnits();
  for (const { path, text } of [service!, timer!]) {
    root.temp.write(
      path.replace(/^\/usr\/lib/, "etc"),
      `# made by: corral install\n${text.replace(PACKAGE.binary, "/usr/local/bin/corral")}`,
    );
  }
  root.tools.timerIsOn = true;
  assert.equal(await root.node.corral("install"), EXIT.DONE);
  assert.deepEqual(written(root), before);
  assert.deepEqual(root.tools.calls, START.map((words) => `systemctl ${words}`));
});
