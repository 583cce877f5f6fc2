import assert from "node:assert/strict";
import { FINISHED_STATUSES } from "../../../src/settings/settings.ts";
import { readSettings, type Surroundings } from "../../../src/settings/read.ts";
import { renderError, UsageError } from "../../../src/base/errors.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

function around(changes: Partial<Surroundings> = {}): Surroundings {
  return {
    uid: 1000,
    userStateDir: ({ inHome, usersDir }) => inHome ?? `${usersDir ?? "/users"}/1000`,
    storeFile: () => "node7.db",
    env: { HOME: "/home/alice" },
    cwd: "/work",
    options: {},
    ...changes,
  };
}

/** The line that is said of a configuration with this text. */
async function refusal(text: string): Promise<string> {
  using temp = new TempDir();
  const config = temp.write("config.toml", text);
  try {
    await readSettings(around({ options: { config } }));
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return renderError(error).replaceAll(config, "FILE");
  }
  assert.fail("it was accepted");
}

async function read(text: string, changes: Partial<Surroundings> = {}) {
  using temp = new TempDir();
  const config = temp.write("config.toml", text);
  return await readSettings(around({ ...changes, options: { config, ...changes.options } }));
}

Deno.test("readSettings() without a file gives the defaults, of root and of a user", async () => {
  const env = { CORRAL_CONFIG: "/dev/null" };
  assert.deepEqual(await readSettings(around({ uid: 0, env })), {
    stateDir: "/var/lib/corral",
    userStateDir: null,
    storeFile: "node7.db",
    isStateDirNamed: false,
    formerStateDir: null,
    configFile: "/dev/null",
    backend: "auto",
    graceMs: 2_000,
    bestEffort: false,
    onOrphan: "kill",
    idleAction: "report",
    heartbeatStartMs: 600_000,
    healthIntervalMs: 60_000,
    journal: true,
    escapees: "report",
    statusCommand: null,
    finishedStatuses: FINISHED_STATUSES,
    strikes: 2,
    retentionMs: 90 * 86_400_000,
    pools: new Map(),
  });
  const user = await readSettings(around({ env: { ...env, HOME: "/home/alice" } }));
  assert.deepEqual([user.stateDir, user.storeFile], ["/home/alice/.local/state/corral", "node7.db"]);
});

Deno.test("readSettings() follows XDG_STATE_HOME when it is absolute, as its specification says", async () => {
  const stateDir = async (base: string) => {
    const env = { CORRAL_CONFIG: "/dev/null", HOME: "/h", XDG_STATE_HOME: base };
    return (await readSettings(around({ env }))).stateDir;
  };
  assert.equal(await stateDir("/state"), "/state/corral");
  assert.equal(await stateDir("state"), "/h/.local/state/corral");
  assert.equal(await stateDir(""), "/h/.local/state/corral");
});

Deno.test("readSettings() without a usable HOME takes the home that the name services know", async () => {
  for (const env of [{}, { HOME: "" }, { HOME: "relative" }]) {
    const settings = await readSettings(
      {
        ...around({ env: { CORRAL_CONFIG: "/dev/null", ...env } }),
        homeOfUser: () => Promise.resolve("/home/bob"),
      },
    );
    assert.equal(settings.stateDir, "/home/bob/.local/state/corral");
  }
});

Deno.test("readSettings() without a home leaves the place to the node", async () => {
  for (const env of [{}, { HOME: "" }, { HOME: "relative" }]) {
    const { stateDir } = await readSettings(around({ env: { CORRAL_CONFIG: "/dev/null", ...env } }));
    assert.equal(stateDir, "/users/1000");
  }
  assert.equal((await read('user-state-dir = "/all"', { env: {} })).stateDir, "/all/1000");
});

Deno.test("readSettings() takes no directory whose name a shell or systemd would expand", async () => {
  for (const line of ['state-dir = "~/x"', 'state-dir = "/tmp/%u"', 'user-state-dir = "/tmp/%u"']) {
    assert.match(await refusal(line), /neither ~ nor %u is expanded/);
  }
});

Deno.test("readSettings() puts options before environment before file", async () => {
  const text = 'state-dir = "/from/file"';
  const env = { CORRAL_STATE_DIR: "/from/env" };
  const options = { stateDir: "from/options" };
  assert.equal((await read(text)).stateDir, "/from/file");
  assert.equal((await read(text, { env })).stateDir, "/from/env");
  assert.equal((await read(text, { env, options })).stateDir, "/work/from/options");
  const isNamed = async (changes: Partial<Surroundings>) => (await read(text, changes)).isStateDirNamed;
  assert.deepEqual([await isNamed({}), await isNamed({ env }), await isNamed({ options })], [
    false,
    true,
    true,
  ]);
});

Deno.test("readSettings() takes the file that is named, by option before environment", async () => {
  using temp = new TempDir();
  const one = temp.write("one.toml", 'grace = "1s"');
  const two = temp.write("two.toml", 'grace = "0"');
  const env = { CORRAL_CONFIG: one, HOME: "/h" };
  assert.equal((await readSettings(around({ env }))).graceMs, 1_000);
  assert.equal((await readSettings(around({ env, options: { config: two } }))).graceMs, 0);
});

Deno.test("readSettings() reads every key", async () => {
  const text = 'state-dir = "/s"\nbackend = "cgroupfs"\ngrace = "1m"\nbest-effort = true\n' +
    'on-orphan = "keep"\nidle-action = "kill"\nheartbeat-start = "20m"\nhealth-interval = "5s"\njournal = false\nescapees = "kill"\nstatus-command = "ask"\nfinished-statuses = ["REVOKED"]\nstrikes = 3\n' +
    'retention = "1d"\nuser-state-dir = "/srv/users"\n[pools.brain]\njobs = 3\nmemory = "64G"\ncpus = 1.5\n' +
    'default-memory = "16G"\n[pools.rest]\n';
  const { configFile, ...settings } = await read(text);
  assert.match(configFile!, /\/config\.toml$/);
  assert.deepEqual(settings, {
    stateDir: "/s",
    storeFile: "node7.db",
    isStateDirNamed: false,
    formerStateDir: null,
    backend: "cgroupfs",
    graceMs: 60_000,
    bestEffort: true,
    onOrphan: "keep",
    idleAction: "kill",
    heartbeatStartMs: 1_200_000,
    healthIntervalMs: 5_000,
    journal: false,
    escapees: "kill",
    statusCommand: "ask",
    finishedStatuses: [...FINISHED_STATUSES, "revoked"],
    strikes: 3,
    userStateDir: "/srv/users",
    retentionMs: 86_400_000,
    pools: new Map([
      ["brain", {
        name: "brain",
        jobs: 3,
        memoryBytes: 64 * 2 ** 30,
        cpus: 1.5,
        defaultMemoryBytes: 16 * 2 ** 30,
      }],
      ["rest", { name: "rest", jobs: null, memoryBytes: null, cpus: null, defaultMemoryBytes: null }],
    ]),
  });
  assert.equal((await read('retention = "none"')).retentionMs, null);
});

Deno.test("readSettings() names the file, the line and the key of what is wrong", async () => {
  const rows: readonly (readonly [text: string, message: RegExp])[] = [
    ["grace = 5s", /^corral: FILE:1:\d+: \S/],
    ['\nbackend = "a\n', /^corral: FILE:2:\d+: \S/],
    [
      "grace = 5",
      /^corral: FILE: grace: .*string.* \(see: corral help config\)$/,
    ],
    ['best-effort = "yes"', /^corral: FILE: best-effort: /],
    ['backend = "docker"', /^corral: FILE: backend: .*"auto".*docker/],
    [
      "[pools.a-b]",
      /^corral: FILE: pools: no pool can have the name "a-b" \(give 1 to 32 letters, digits and _\)$/,
    ],
    ['pools = "x"', /^corral: FILE: pools: /],
    ["[pools.a]\njobs = -1", /^corral: FILE: pools\.a\.jobs: /],
    [
      '[pools.a]\nmemory = "1G"\ndefault-memory = "2G"',
      /^corral: .*default-memory is more than the memory of the whole pool/,
    ],
    ["strikes = 0", /^corral: FILE: strikes: /],
    ["retention = 90", /^corral: FILE: retention: .*string/],
    ["strikes = 1.5", /^corral: FILE: strikes: /],
    ['on-orphan = "leave"', /^corral: FILE: on-orphan: /],
    ['status-command = ""', /^corral: FILE: status-command: /],
    ['finished-statuses = ["all done"]', /^corral: FILE: finished-statuses\.0: /],
    ['gracee = "5s"', /^corral: FILE: unknown key "gracee", did you mean grace\? \(known keys: /],
    ["[pool.p]\njobs = 2", /^corral: FILE: unknown key "pool", did you mean pools\? \(known keys: /],
    [
      "[pools.p]\nfoo = 1",
      /^corral: FILE: unknown key "pools\.p\.foo" \(known keys: jobs, memory, cpus, default-memory\)$/,
    ],
    ["[pools.p]\njobs = -1", /^corral: FILE: pools\.p\.jobs: .*-1 \(see: corral help config\)$/],
    ["[backend]\nx = 1", /^corral: FILE: backend/],
    ['state-dir = ""', /^corral: --state-dir: give a directory$/],
  ];
  for (const [text, message] of rows) {
    const said = await refusal(text);
    assert.match(said, message);
    assert.equal(said.split("\n").length, 1, said);
  }
  assert.match(await refusal('[pools.a]\nmemory = "1x"'), /^corral: FILE: pools\.a\.memory: /);
  const grace = await refusal('grace = "5x"');
  assert.match(await refusal('retention = "0"'), /^corral: FILE: retention: .*must be at least 1 ms/);
  assert.match(grace, /^corral: FILE: grace: cannot read "5x" as a duration: .*\n {2}5x\n {3}\^$/);
});

Deno.test("readSettings() does without the default file, but not without one that was named", async () => {
  await assert.rejects(
    readSettings(around({ options: { config: "/no/such/file" } })),
    /cannot read the configuration \/no\/such\/file: /,
  );
  await assert.rejects(readSettings(around({ env: { CORRAL_CONFIG: "/" } })), UsageError);
});

Deno.test("readSettings() knows where a user's store was before, and none of root's or of a directory that was named", async () => {
  const [env, userStateDir] = [{ CORRAL_CONFIG: "/dev/null", HOME: "/home/alice" }, () => "/users/1000"];
  const formerOf = async (changes: Partial<Surroundings>) =>
    (await readSettings(around({ env, userStateDir, ...changes }))).formerStateDir;
  assert.equal(await formerOf({}), "/home/alice/.local/state/corral");
  assert.equal(await formerOf({ userStateDir: ({ inHome }) => inHome! }), null);
  assert.equal(await formerOf({ options: { stateDir: "/s" } }), null);
  assert.equal(await formerOf({ env: { ...env, CORRAL_STATE_DIR: "/s" } }), null);
  assert.equal(await formerOf({ uid: 0 }), null);
});

Deno.test("readSettings() reads no configuration that does not answer", async () => {
  const answers = (path: string) => Promise.resolve(path !== "/net/config.toml");
  const options = { config: "/net/config.toml" };
  await assert.rejects(
    () => readSettings(around({ options, answers })),
    /\/net\/config.toml: .*does not answer/,
  );
});
