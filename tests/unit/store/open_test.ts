import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { renderError, StoreError } from "../../../src/base/errors.ts";
import { TrustError } from "../../../src/base/trust.ts";
import { MIGRATIONS } from "../../../src/store/schema.ts";
import { storeError } from "../../../src/store/open.ts";
import { JobStore } from "../../../src/store/jobs.ts";
import { JOB_ID, specOf, watchOf } from "../../kit/fakes/job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const isRoot = Deno.uid() === 0;
const PARALLEL = 20;

/** The line that is said when the store in `directory` is opened. */
function refusal(directory: string, file = "corral.db"): string {
  try {
    JobStore.open(directory, file, "run").close();
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error));
    return renderError(error);
  }
  assert.fail("it was opened");
}

Deno.test("JobStore.open() makes directory and file for their owner alone", () => {
  using dir = new StoreDir();
  const directory = `${dir.path}/deep/er`;
  JobStore.open(directory, "node.db", "run").close();
  const mode = (path: string) => Deno.statSync(path).mode! & 0o777;
  assert.deepEqual([mode(directory), mode(`${directory}/node.db`)], [0o700, 0o600]);
});

Deno.test("JobStore.open() uses a write-ahead log, so that readers never wait", () => {
  using dir = new StoreDir();
  dir.open();
  assert.equal(dir.raw().prepare("PRAGMA journal_mode").get()?.["journal_mode"], "wal");
});

Deno.test("JobStore.open() makes a file that can shrink", () => {
  using dir = new StoreDir();
  dir.open();
  const INCREMENTAL = 2;
  assert.equal(dir.raw().prepare("PRAGMA auto_vacuum").get()?.["auto_vacuum"], INCREMENTAL);
});

Deno.test("JobStore.open() of a store that somebody writes to neither waits nor writes", () => {
  using dir = new StoreDir();
  dir.open().insert(specOf(), watchOf());
  dir.closeAll();
  dir.raw().exec("BEGIN IMMEDIATE");
  assert.deepEqual(dir.open().live().map(({ spec }) => spec.id), [JOB_ID]);
});

Deno.test("JobStore.open() of what is no store says what fixes it", () => {
  using dir = new StoreDir();
  Deno.writeTextFileSync(dir.file, "garbage, and enough of it to be read as a page\n".repeat(100));
  assert.match(refusal(dir.path), /corral\.db: cannot open: .*not a database \(move the file away: /);
  Deno.mkdirSync(`${dir.path}/directory.db`);
  assert.match(refusal(dir.path, "directory.db"), /cannot open: .*\(give a writable directory: --state-dir/);
  assert.match(refusal(dir.file), /cannot open: .*\(give a writable directory: --state-dir/);
  assert.match(refusal("/proc/corral"), /cannot open: .*\(give a writable directory: --state-dir/);
});

Deno.test("JobStore.open() refuses a store of a newer corral and leaves it as it is", () => {
  using dir = new StoreDir();
  dir.open();
  const database = dir.raw();
  database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
  assert.match(refusal(dir.path), /was written by a newer corral \(install that version\)$/);
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], MIGRATIONS.length + 1);
});

Deno.test("storeError() knows what fixes a full disk and a lock, and invents nothing", () => {
  const remedy = (cause: string) => storeError("cannot write", "/x", new Error(cause)).remedy;
  assert.match(remedy("database or disk is full")!, /free some space/);
  assert.match(remedy("database is locked")!, /try again/);
  assert.match(remedy("attempt to write a readonly database")!, /--state-dir/);
  assert.equal(remedy("something else"), null);
});

/** Every numbered schema there ever was, as a store that it had written. */
for (let version = 1; version <= MIGRATIONS.length; version++) {
  Deno.test(`JobStore.open() brings a store of version ${version} up to date and loses nothing`, () => {
    using dir = new StoreDir();
    const sql = Deno.readTextFileSync(
      new URL(`../../kit/fixtures/db/version_${version}.sql`, import.meta.url),
    );
    const before = dir.raw();
    before.exec(sql);
    const store = dir.open();
    const jobs = ["aaaaaa", "bbbbbb", "cccccc", "dddddd"].map((id) => store.get(id)!);
    assert.deepEqual(jobs.map(({ phase }) => phase.state), ["starting", "running", "ending", "ended"]);
    const [, running, ending, ended] = jobs;
    assert.deepEqual(running?.spec.argv, ["sh", "-c", "echo 'a; b'", ""]);
    assert.equal(running?.spec.limits.cpuMaxCores, 1.5);
    const outputFile = running.phase.state === "running" ? running.phase.run.outputFile : "none";
    assert.equal(outputFile, version < 7 ? undefined : "/var/lib/corral/output/bbbbbb.log");
    const slurm = version < 9 ? undefined : { job: 77, step: "batch", restarts: 1 };
    assert.deepEqual(running.watch?.slurm, slurm);
    assert.deepEqual(running.watch?.queuedMs, version < 10 ? undefined : 2_500);
    assert.equal(running.spec.pool?.name, version < 10 ? undefined : "brain");
    assert.equal(running.spec.cpuTimeMs, version < 12 ? null : 3_600_000);
    assert.equal(running.spec.health?.heartbeat?.withinMs, version < 13 ? undefined : 300_000);
    assert.equal(running.health?.command.words, version < 13 ? undefined : "no answer");
    assert.ok(ending?.phase.state === "ending" && ending.phase.reason === "timeout");
    assert.ok(ended?.phase.state === "ended" && ended.phase.usage?.memoryPeakBytes === 26_843_545_600);
    assert.deepEqual([ended.phase.trigger, ended.phase.survivors.length], ["oom", 1]);
    assert.equal(store.live().length, 4);
    assert.equal(store.events("dddddd").at(-1)?.kind, "ended");
    const { anonBytes } = store.sampled("dddddd").peaks;
    assert.equal(
      anonBytes,
      version < 3 ? null : 20 * 2 ** 30,
      "what an old corral did not know stays unknown",
    );
    assert.equal(store.sampled("bbbbbb").samples.length, version < 3 ? 0 : 2);
    assert.equal(ended.phase.usage.ioDevices?.[0]?.name, version < 3 ? undefined : "sda");
    assert.deepEqual(schemaOf(before), schemaOf(freshDatabase()));
  });
}

function schemaOf(database: DatabaseSync): string[] {
  const rows = database.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").all();
  return rows.map((row) => String(row["sql"]).replace(/\s+/g, " "));
}

function freshDatabase(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  for (const migration of MIGRATIONS) database.exec(migration);
  return database;
}

const MODULE = new URL("../../../src/store/jobs.ts", import.meta.url).href;
const SPEC_MODULE = new URL("../../kit/fakes/job.ts", import.meta.url).href;

function evaluate(script: string, prefix: readonly string[] = []) {
  const [program, ...args] = [...prefix, Deno.execPath(), "eval", "--no-check", script];
  return new Deno.Command(program!, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
}

Deno.test(`JobStore.open() of a fresh store by ${PARALLEL} processes at once succeeds for all`, async () => {
  using dir = new StoreDir();
  const script = (id: string) =>
    `import { JobStore } from "${MODULE}";
    import { specOf, watchOf } from "${SPEC_MODULE}";
    console.log("ready");
    for await (const _ of Deno.stdin.readable);
    JobStore.open("${dir.path}", "corral.db", "run").insert(specOf({ id: "${id}" }), watchOf());`;
  const ids = Array.from({ length: PARALLEL }, (_, index) => `aaaa${String.fromCharCode(97 + index)}a`);
  const children = ids.map((id) => evaluate(script(id)));
  const readers = children.map((child) => child.stdout.getReader());
  await Promise.all(readers.map((reader) => reader.read()));
  await Promise.all(children.map((child) => child.stdin.close()));
  const ends = await Promise.all(children.map(async (child) => {
    const [text, { code }] = await Promise.all([new Response(child.stderr).text(), child.status]);
    return code === 0 ? null : text;
  }));
  await Promise.all(readers.map((reader) => reader.cancel()));
  assert.deepEqual(ends.filter((text) => text !== null), []);
  assert.deepEqual(dir.open().live().map(({ spec }) => spec.id).sort(), ids);
});

Deno.test({
  name: `JobStore on a full disk says so, and the store stays whole${isRoot ? "" : " (needs root)"}`,
  ignore: !isRoot,
  async fn() {
    using dir = new StoreDir();
    const script = `import { JobStore } from "${MODULE}";
      import { renderError } from "${new URL("../../../src/base/errors.ts", import.meta.url).href}";
      import { specOf, watchOf } from "${SPEC_MODULE}";
      const store = JobStore.open("${dir.path}", "corral.db", "run");
      let written = 0;
      try {
        for (;; written++) store.insert(specOf({ id: String(written), argv: ["x".repeat(10_000)] }), watchOf());
      } catch (error) {
        console.log(renderError(error));
        console.log(written > 0 && store.live().length === written);
      }`;
    const mount = 'mount -t tmpfs -o size=400k,mode=700 none "$0" && exec "$@"';
    const child = evaluate(script, ["unshare", "--mount", "sh", "-c", mount, dir.path]);
    await child.stdin.close();
    const output = await child.output();
    const [line = "", whole] = new TextDecoder().decode(output.stdout).split("\n");
    assert.match(line, /corral\.db: cannot record the job: .*full \(free some space, or use --state-dir/);
    assert.equal(whole, "true");
  },
});

Deno.test("JobStore.open() that fails in the midst of a migration leaves the store as it was", () => {
  using dir = new StoreDir();
  const raw = dir.raw();
  raw.exec(Deno.readTextFileSync(new URL("../../kit/fixtures/db/version_1.sql", import.meta.url)));
  // The last column that the second version adds is there already.
  raw.exec("ALTER TABLE jobs ADD COLUMN adopted INTEGER");
  const columns = () =>
    raw.prepare("SELECT name FROM pragma_table_info('jobs')").all().map(({ name }) => name);
  const before = columns();
  assert.match(refusal(dir.path), /duplicate column name: adopted/);
  assert.deepEqual(columns(), before);
  assert.equal(raw.prepare("PRAGMA user_version").get()?.["user_version"], 1);
});

Deno.test("JobStore.openFor() makes a store only for commands that record; for the others there are no jobs", () => {
  using temp = new TempDir();
  const directory = `${temp.path}/store`;
  for (const actor of ["ps", "kill", "dry-run"]) {
    const store = JobStore.openFor(directory, "node.db", actor);
    assert.deepEqual([store.path, store.live()], [`${directory}/node.db`, []]);
    store.close();
    assert.throws(() => Deno.statSync(directory), Deno.errors.NotFound);
  }
  const store = JobStore.openFor(directory, "node.db", "run");
  store.insert(specOf({}), watchOf());
  store.close();
  const again = JobStore.openFor(directory, "node.db", "ps");
  assert.equal(again.live().length, 1);
  again.close();
});

Deno.test("JobStore.openFor() of an empty file has no jobs, and reports a file in the way", () => {
  using temp = new TempDir();
  temp.write("node.db", "");
  const store = JobStore.openFor(temp.path, "node.db", "ps");
  assert.deepEqual(store.live(), []);
  store.close();
  assert.equal(Deno.statSync(`${temp.path}/node.db`).size, 0);
  assert.throws(() => JobStore.openFor(`${temp.path}/node.db`, "node.db", "ps"), StoreError);
});

Deno.test({
  name: `JobStore.open() as root refuses a store that another user can change${
    isRoot ? "" : " (needs root)"
  }`,
  ignore: !isRoot,
  fn() {
    using temp = new TempDir();
    const directory = `${temp.path}/store`;
    JobStore.open(directory, "node.db", "run").close();
    for (const actor of ["run", "ps"]) {
      const opens = () => JobStore.openFor(directory, "node.db", actor).close();
      opens();
      Deno.chownSync(`${directory}/node.db`, 65533, null);
      assert.throws(opens, TrustError);
      Deno.chownSync(`${directory}/node.db`, 0, null);
      for (const mode of [0o777, 0o1777, 0o770]) {
        Deno.chmodSync(directory, mode);
        assert.throws(opens, TrustError, mode.toString(8));
      }
      Deno.chmodSync(directory, 0o755);
      Deno.writeTextFileSync(`${directory}/node.db-journal`, "", { mode: 0o666 });
      Deno.chmodSync(`${directory}/node.db-journal`, 0o666);
      assert.throws(opens, TrustError);
      Deno.removeSync(`${directory}/node.db-journal`);
    }
  },
});

Deno.test("JobStore waits for another process that writes at this moment", async () => {
  using dir = new StoreDir();
  const store = dir.open();
  const script = `
    import { DatabaseSync } from "node:sqlite";
    const db = new DatabaseSync(${JSON.stringify(dir.file)});
    db.exec("BEGIN IMMEDIATE");
    console.log("held");
    setTimeout(() => { db.exec("COMMIT"); db.close(); }, 100);`;
  const args = ["eval", "--no-check", script];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  store.insert(specOf(), watchOf());
  assert.ok(store.isTaken(JOB_ID));
  await reader.cancel();
  await child.status;
});
