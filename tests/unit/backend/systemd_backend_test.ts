/** A job's units by the calls that a manager gets, on a manager that answers as a test wants. */
import assert from "node:assert/strict";
import { renderError, SetupError } from "../../../src/base/errors.ts";
import { SystemdBackend } from "../../../src/backend/systemd_backend.ts";
import { Systemd } from "../../../src/systemd/manager.ts";
import { type JobSpec, NO_LIMITS } from "../../../src/job/job.ts";
import { CgroupDir } from "../../kit/fakes/cgroup_dir.ts";
import { JOB_ID, specOf } from "../../kit/fakes/job.ts";
import {
  bareErrorReply,
  emptyReply,
  errorReply,
  FakeManager,
  jobRemoved,
  replyWithJob,
} from "../../kit/fakes/manager.ts";
import { NO_PID, ProcDir } from "../../kit/fakes/proc_dir.ts";
import { QuickTime } from "../../kit/fakes/quick_time.ts";

const JOB = "/org/freedesktop/systemd1/job/12";
const DONE = { messages: [replyWithJob(JOB), jobRemoved(JOB, "done")] };
const FAILED = { messages: [replyWithJob(JOB), jobRemoved(JOB, "failed")] };
const REFUSED = { messages: [errorReply("org.freedesktop.DBus.Error.AccessDenied", "no")] };
const UNKNOWN = { messages: [errorReply("org.freedesktop.systemd1.NoSuchUnit", "not loaded")] };
const SILENT = {};
const MANAGER = "/user.slice/user-1000.slice/user@1000.service";
const SLICE = `${MANAGER}/corral.slice/corral-${JOB_ID}.slice`;
const SCOPE = `${SLICE}/corral-${JOB_ID}.scope`;

/** A user's manager, and what the kernel shows of its jobs. */
class Bench implements AsyncDisposable {
  readonly dir = new CgroupDir();
  readonly proc = new ProcDir();
  readonly manager: FakeManager;
  readonly backend: SystemdBackend;

  constructor(...answers: ConstructorParameters<typeof FakeManager>) {
    this.manager = new FakeManager(...answers);
    const systemd = new Systemd(this.manager.run, 1000, this.manager.run);
    this.backend = new SystemdBackend(this.dir.fs, this.proc.procs, systemd, MANAGER);
  }

  /** As systemd has it when it is done. */
  arrive(cgroup = SCOPE): void {
    this.dir.add(SLICE);
    this.proc.add(NO_PID, { cgroup });
  }

  place(changes: Partial<JobSpec> = {}) {
    return this.backend.place(specOf(changes), NO_PID, null);
  }

  async refusal(act: Promise<unknown>): Promise<string> {
    const error = await act.then(() => assert.fail("it was done"), (reason) => reason);
    assert.ok(error instanceof SetupError, String(error));
    return renderError(error);
  }

  get members(): (string | null)[] {
    return this.manager.calls.map(({ member }) => member);
  }

  get dropIn(): string {
    return `${this.manager.run}/systemd/user/corral-${JOB_ID}.scope.d/50-corral-timeout.conf`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
    this.proc[Symbol.dispose]();
    this.dir[Symbol.dispose]();
  }
}

/** True when the first call has this text somewhere. */
function mentions(bench: Bench, text: string): boolean {
  return new TextDecoder("latin1").decode(bench.manager.calls[0]!.body.bytes).includes(text);
}

Deno.test("SystemdBackend.place() makes both units, and gives the slice that the process is in", async () => {
  await using bench = new Bench(DONE);
  bench.arrive();
  const cgroup = await bench.place({ timeoutMs: 60_000 });
  assert.equal(cgroup.path, SLICE);
  assert.deepEqual(bench.members, ["StartTransientUnit"]);
  assert.ok(mentions(bench, "RuntimeMaxUSec"));
  // What must be possible later is tried now.
  assert.equal(bench.dir.text(SLICE, "cgroup.freeze"), "0");
});

Deno.test("SystemdBackend.place() without a timeout has no backstop", async () => {
  await using bench = new Bench(DONE);
  bench.arrive();
  await bench.place();
  assert.ok(!mentions(bench, "RuntimeMaxUSec"));
});

Deno.test("SystemdBackend.place() believes the kernel, not systemd: a process elsewhere is refused, and the units go", async () => {
  for (const [answer, where] of [[DONE, "/elsewhere"], [FAILED, `${SLICE}/corral-aaaaaa.scope`]] as const) {
    await using bench = new Bench(answer, DONE);
    bench.arrive(where);
    const told = await bench.refusal(bench.place());
    assert.match(
      told,
      new RegExp(`did not reach corral-${JOB_ID}\\.scope: it is in ${where} \\(systemd says: `),
    );
    assert.deepEqual(bench.members, ["StartTransientUnit", "StopUnit"]);
  }
});

Deno.test("SystemdBackend.place() of a process that ended says so, and why when there was too little memory", async () => {
  const gone = async (limits: Partial<JobSpec["limits"]>) => {
    await using bench = new Bench(FAILED, DONE);
    return await bench.refusal(bench.place({ limits: { ...NO_LIMITS, ...limits } }));
  };
  assert.match(await gone({}), /: the process ended/);
  assert.match(await gone({ memoryMaxBytes: 4096 }), /the memory limit is too small .*give --memory more/);
  assert.match(await gone({ memoryMaxBytes: 2 ** 20 }), /: the process ended/);
});

Deno.test("SystemdBackend.place() that systemd refuses says why", async () => {
  await using bench = new Bench(REFUSED);
  assert.match(
    await bench.refusal(bench.place()),
    /systemd did not make the job's units: .*systemctl --user status/,
  );
  assert.deepEqual(bench.members, ["StartTransientUnit"]);
});

Deno.test("SystemdBackend.place() stops the slice again when its cgroup cannot be written to", async () => {
  await using bench = new Bench(DONE, DONE);
  bench.arrive();
  bench.dir.take(SLICE, "cgroup.freeze");
  await assert.rejects(bench.place(), /cannot write/);
  assert.deepEqual(bench.members, ["StartTransientUnit", "StopUnit"]);
});

Deno.test("SystemdBackend.discard() stops the slice only of a job for which systemd gave no answer", async () => {
  await using bench = new Bench(FAILED, DONE);
  await bench.refusal(bench.place());
  await bench.backend.discard(JOB_ID);
  assert.deepEqual(bench.members, ["StartTransientUnit", "StopUnit"]);
});

Deno.test("SystemdBackend.remove() takes the drop-in, stops the slice and waits until its cgroup is gone", async () => {
  await using bench = new Bench(DONE, DONE);
  bench.arrive();
  const cgroup = await bench.place();
  Deno.mkdirSync(bench.dropIn.slice(0, bench.dropIn.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(bench.dropIn, "");
  setTimeout(() => bench.dir.vanish(SLICE), 30);
  await bench.backend.remove(cgroup);
  assert.equal(bench.dir.fs.inode(SLICE), null);
  assert.throws(() => Deno.lstatSync(bench.dropIn), Deno.errors.NotFound);
  assert.deepEqual(bench.members, ["StartTransientUnit", "StopUnit"]);
});

Deno.test("SystemdBackend.remove() removes itself what systemd left because the job nested it too deep", async () => {
  await using bench = new Bench(DONE, DONE);
  bench.arrive();
  const cgroup = await bench.place();
  const below = `${bench.dir.mount}${SLICE}/left/below`;
  Deno.mkdirSync(below, { recursive: true });
  // Unlike a cgroup's, these files keep their directory.
  const files = [...Deno.readDirSync(bench.dir.mount + SLICE)].filter(({ isFile }) => isFile);
  for (const { name } of files) bench.dir.take(SLICE, name);
  await bench.backend.remove(cgroup);
  assert.equal(bench.dir.fs.inode(SLICE), null);
});

Deno.test("SystemdBackend.clear() thaws for systemd what cannot be stopped while it is frozen, and stops it then", async () => {
  await using bench = new Bench(REFUSED, { messages: [emptyReply()] }, { messages: [emptyReply()] }, DONE);
  await bench.backend.clear(JOB_ID);
  assert.deepEqual(bench.members, ["StopUnit", "ThawUnit", "ThawUnit", "StopUnit"]);
});

Deno.test("SystemdBackend.clear() thaws what systemd did not stop although it took the job, and stops it then", async () => {
  const frozen = { messages: [replyWithJob(JOB), jobRemoved(JOB, "frozen")] };
  await using bench = new Bench(frozen, UNKNOWN, { messages: [emptyReply()] }, DONE);
  await bench.backend.clear(JOB_ID);
  assert.deepEqual(bench.members, ["StopUnit", "ThawUnit", "ThawUnit", "StopUnit"]);
});

Deno.test("SystemdBackend.remove() says what to run when the slice stays", async () => {
  await using bench = new Bench(DONE, UNKNOWN);
  bench.arrive();
  const cgroup = await bench.place();
  using _time = new QuickTime(200);
  assert.match(
    await bench.refusal(bench.backend.remove(cgroup)),
    new RegExp(
      `corral-${JOB_ID}.slice is still there after its stop \\(systemctl --user stop corral-${JOB_ID}.slice\\)`,
    ),
  );
});

Deno.test("SystemdBackend.setBackstop() writes a drop-in for the scope and has systemd read it", async () => {
  for (
    const [sinceStartMs, line] of [[67_000.2, "RuntimeMaxSec=67001ms"], [
      null,
      "RuntimeMaxSec=infinity",
    ]] as const
  ) {
    await using bench = new Bench({ messages: [emptyReply()] });
    await bench.backend.setBackstop(specOf(), sinceStartMs);
    assert.equal(Deno.readTextFileSync(bench.dropIn), `[Scope]\n${line}\n`);
    assert.deepEqual(bench.members, ["Reload"]);
  }
});

Deno.test("SystemdBackend.setLimits() passes on a refusal as an error of the set-up", async () => {
  await using bench = new Bench(DONE, REFUSED);
  bench.arrive();
  const cgroup = await bench.place();
  const told = await bench.refusal(bench.backend.setLimits(cgroup, NO_LIMITS));
  assert.match(told, new RegExp(`systemd refused the limits of corral-${JOB_ID}\\.slice`));
  assert.deepEqual(bench.members, ["StartTransientUnit", "SetUnitProperties"]);
});

Deno.test("SystemdBackend.clear() stops what may be left, and does not mind that nothing is", async () => {
  for (const answer of [DONE, UNKNOWN]) {
    await using bench = new Bench(answer);
    await bench.backend.clear(JOB_ID);
    assert.deepEqual(bench.members, ["StopUnit"]);
  }
  await using refusing = new Bench({ messages: [bareErrorReply("org.freedesktop.DBus.Error.AccessDenied")] });
  assert.match(await refusing.refusal(refusing.backend.clear(JOB_ID)), /systemd did not stop corral-/);
});

Deno.test("SystemdBackend.stopGuards() stops the empty scopes of guards whose jobs are over, and nothing else", async () => {
  await using bench = new Bench(DONE);
  const place = (name: string, populated: number) =>
    bench.dir.add(`${MANAGER}/corral.slice/${name}`, {
      "cgroup.events": `populated ${populated}\nfrozen 0\n`,
    });
  place("corral-guard-aaaaaa.scope", 0);
  place("corral-guard-bbbbbb.scope", 1);
  place("corral-guard-cccccc.scope", 0);
  place("corral-guard-x.scope", 0);
  place("corral-aaaaaa.scope", 0);
  await bench.backend.stopGuards((id) => id === "cccccc");
  assert.deepEqual(bench.members, ["StopUnit"]);
  assert.ok(mentions(bench, "corral-guard-aaaaaa.scope"));
});

Deno.test("SystemdBackend.clear() stops the scope that a guard left which died before it got there", async () => {
  await using bench = new Bench(DONE);
  bench.dir.add(`${MANAGER}/corral.slice/corral-guard-${JOB_ID}.scope`, { "cgroup.events": "populated 0\n" });
  await bench.backend.clear(JOB_ID);
  assert.deepEqual(bench.members, ["StopUnit", "StopUnit"]);
});

Deno.test("SystemdBackend.attach() moves into the scope", async () => {
  await using bench = new Bench(DONE);
  bench.arrive();
  const cgroup = await bench.place();
  bench.dir.add(SCOPE);
  assert.deepEqual(await bench.backend.attach(cgroup, [NO_PID + 1]), []);
  assert.equal(bench.dir.text(SCOPE, "cgroup.procs"), String(NO_PID + 1));
});

Deno.test("SystemdBackend.list() names the slices of jobs, and nothing else", async () => {
  await using bench = new Bench(SILENT);
  for (
    const name of [
      `corral-${JOB_ID}.slice`,
      "corral-x.slice",
      `corral-${JOB_ID}-supervisor.scope`,
      "other.slice",
    ]
  ) {
    bench.dir.add(`${MANAGER}/corral.slice/${name}`);
  }
  assert.deepEqual(bench.backend.list(), [{ id: JOB_ID, path: SLICE }]);
});

const OUTER_SLICE = `${MANAGER}/corral.slice/corral-aaaaaa.slice`;
const INNER_SLICE = `${OUTER_SLICE}/corral-aaaaaa-${JOB_ID}.slice`;

Deno.test("SystemdBackend.within() makes the slice of a job in that of the outer one, and stops and limits it by its whole name", async () => {
  await using bench = new Bench(DONE, { messages: [emptyReply()] }, DONE, DONE);
  const backend = bench.backend.within(["aaaaaa"]);
  bench.dir.add(INNER_SLICE);
  bench.proc.add(NO_PID, { cgroup: `${INNER_SLICE}/corral-${JOB_ID}.scope` });
  const cgroup = await backend.place(specOf(), NO_PID, null);
  assert.equal(cgroup.path, INNER_SLICE);
  assert.ok(mentions(bench, `corral-aaaaaa-${JOB_ID}.slice`));
  assert.equal(backend.describe(JOB_ID, cgroup), `slice corral-aaaaaa-${JOB_ID}.slice`);
  // Found by a sweep whose record has no path, and so by a backend that knows no outer job.
  assert.deepEqual(bench.backend.find(JOB_ID), cgroup.record);
  await bench.backend.setLimits(cgroup, NO_LIMITS);
  setTimeout(() => bench.dir.vanish(INNER_SLICE), 30);
  await bench.backend.remove(cgroup);
  await backend.clear(JOB_ID);
  assert.deepEqual(bench.members, ["StartTransientUnit", "SetUnitProperties", "StopUnit", "StopUnit"]);
  for (const { body } of bench.manager.calls.slice(1)) {
    assert.equal(body.string(), `corral-aaaaaa-${JOB_ID}.slice`);
  }
});

Deno.test("SystemdBackend.place() in a job refuses a slice that lies elsewhere", async () => {
  await using bench = new Bench(DONE, DONE);
  const astray = `${MANAGER}/corral.slice/corral-aaaaaa-${JOB_ID}.slice`;
  bench.dir.add(astray);
  bench.proc.add(NO_PID, { cgroup: `${astray}/corral-${JOB_ID}.scope` });
  const placing = bench.backend.within(["aaaaaa"]).place(specOf(), NO_PID, null);
  assert.match(await bench.refusal(placing), /did not reach corral-/);
});

Deno.test("SystemdBackend.list() names the slices of jobs in jobs, and none that lies elsewhere than its name has it", async () => {
  await using bench = new Bench(SILENT);
  for (
    const path of [
      INNER_SLICE,
      `${INNER_SLICE}/corral-aaaaaa-${JOB_ID}-bbbbbb.slice`,
      `${OUTER_SLICE}/corral-aaaaaa.scope`,
      `${OUTER_SLICE}/corral-cccccc-dddddd.slice`,
      `${OUTER_SLICE}/corral-eeeeee.slice`,
      `${MANAGER}/corral.slice/corral-aaaaaa-ffffff.slice`,
    ]
  ) bench.dir.add(path);
  assert.deepEqual(bench.backend.list(), [
    { id: "aaaaaa", path: OUTER_SLICE },
    { id: JOB_ID, path: INNER_SLICE },
    { id: "bbbbbb", path: `${INNER_SLICE}/corral-aaaaaa-${JOB_ID}-bbbbbb.slice` },
  ]);
});

Deno.test("SystemdBackend.remove() thaws the slices of jobs in the job before it stops that", async () => {
  const thawed = { messages: [emptyReply()] };
  await using bench = new Bench(thawed, REFUSED, DONE);
  const cgroup = bench.dir.fs.own(bench.dir.add(SLICE), JOB_ID);
  const inner = `${SLICE}/corral-${JOB_ID}-aaaaaa.slice`;
  for (
    const path of [`${inner}/corral-${JOB_ID}-aaaaaa-bbbbbb.slice`, `${SLICE}/corral-${JOB_ID}.scope/x.slice`]
  ) {
    bench.dir.add(path);
  }
  cgroup.remove = () => {
    bench.dir.vanish(SLICE);
    return true;
  };
  await bench.backend.remove(cgroup);
  assert.deepEqual(bench.manager.calls.map(({ member, body }) => `${member} ${body.string()}`), [
    `ThawUnit corral-${JOB_ID}-aaaaaa-bbbbbb.slice`,
    `ThawUnit corral-${JOB_ID}-aaaaaa.slice`,
    `StopUnit corral-${JOB_ID}.slice`,
  ]);
});
