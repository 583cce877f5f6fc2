import assert from "node:assert/strict";
import { renderError } from "../../../../src/base/errors.ts";
import { hostClock } from "../../../../src/linux/clock.ts";
import { poll } from "../../../../src/base/poll.ts";
import { Procs } from "../../../../src/linux/proc.ts";
import { type Limits, NO_LIMITS } from "../../../../src/job/job.ts";
import { launch } from "../../../../src/act/launch/launch.ts";
import { FakeBackend } from "../../../kit/fakes/backend.ts";
import { CgroupDir, JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { specOf } from "../../../kit/fakes/job.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";
import { libc } from "../../../../src/linux/libc.ts";

// Opened once for all tests: the runtime counts it as a leak of the first that does.
Object.values(libc());

const HOST = { procs: new Procs("/proc"), clock: hostClock("/proc") };
const PATIENCE_MS = 10_000;
const ALL = ["cpu", "memory", "pids"];

interface Setting {
  limits?: Partial<Limits>;
  controllers?: readonly string[];
  files?: Record<string, string>;
  bestEffort?: boolean;
  swapIsImplied?: boolean;
  timeoutMs?: number;
}

/** A launch of /bin/true into a fake cgroup; with what happened. */
class Bench implements Disposable {
  readonly dir = new CgroupDir();
  readonly temp = new TempDir();
  readonly warnings: string[] = [];
  readonly backend: FakeBackend;

  constructor(readonly setting: Setting) {
    this.backend = new FakeBackend(this.dir, setting.controllers ?? ALL);
    this.backend.files = setting.files ?? {};
  }

  launch() {
    const { limits, bestEffort = false, swapIsImplied = true, timeoutMs = null } = this.setting;
    const spec = specOf({ limits: { ...NO_LIMITS, ...limits }, timeoutMs });
    const gate = {
      argv: ["/usr/bin/touch", this.#mark],
      cwd: "/",
      env: {},
      rawEnv: [],
      as: null,
      lostGroups: [],
      ignoredSignals: [],
      output: null,
    };
    const warn = (line: string) => void this.warnings.push(line);
    return launch(spec, this.backend, HOST, { gate, bestEffort, swapIsImplied, warn, guard: null });
  }

  get #mark(): string {
    return `${this.temp.path}/mark`;
  }

  commandRan(): boolean {
    return [...Deno.readDirSync(this.temp.path)].length > 0;
  }

  /** The pid that was to be placed. */
  get placedPid(): number {
    return Number(this.backend.calls[0]?.split(" ")[1]);
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
    this.temp[Symbol.dispose]();
  }
}

async function refusal(bench: Bench): Promise<string> {
  try {
    await bench.launch();
  } catch (error) {
    return renderError(error);
  }
  assert.fail("it was launched");
}

async function assertNothingLeft(bench: Bench): Promise<void> {
  assert.ok(await poll(() => HOST.procs.stat(bench.placedPid) === null, PATIENCE_MS), "the process is gone");
  assert.ok(!bench.commandRan());
  assert.equal(bench.dir.fs.inode(JOB_PATH), null);
}

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

Deno.test(
  "launch() places the waiting process, knows it, and lets it run only when opened",
  LIBRARY_STAYS,
  async () => {
    using bench = new Bench({ timeoutMs: 5_000 });
    const { gate, run, cgroup, limits } = await bench.launch();
    assert.deepEqual(bench.backend.calls, [`place ${gate.pid} {}`]);
    assert.deepEqual([run.pid, run.pgid, run.cgroup], [gate.pid, gate.pid, cgroup.record]);
    assert.equal(run.startTicks, HOST.procs.stat(gate.pid)?.startTicks);
    assert.equal(run.deadlineBootMs, run.startedBootMs + 5_000);
    assert.deepEqual(limits, NO_LIMITS);
    assert.ok(!bench.commandRan());
    gate.open();
    assert.deepEqual(await gate.exit, { code: 0, signal: null });
    assert.ok(bench.commandRan());
  },
);

Deno.test("launch() has no deadline without a timeout", async () => {
  using bench = new Bench({});
  const { gate, run } = await bench.launch();
  gate.close();
  await gate.exit;
  assert.equal(run.deadlineBootMs, null);
});

Deno.test("launch() starts nothing when a limit has no controller, and names it with the remedy", async () => {
  using bench = new Bench({ limits: { cpuMaxCores: 2 }, controllers: ["memory"] });
  assert.equal(
    await refusal(bench),
    "corral: --cpus cannot be enforced: the cpu controller is not available to jobs here (remedy cpu; or run without it: " +
      "--best-effort)",
  );
  assert.deepEqual(bench.backend.calls, []);
});

Deno.test("launch() with --best-effort warns of such a limit and runs without it", async () => {
  using bench = new Bench({ limits: { cpuMaxCores: 2, pidsMax: 9 }, controllers: [], bestEffort: true });
  const { gate, limits } = await bench.launch();
  gate.close();
  await gate.exit;
  assert.match(bench.backend.calls[0]!, /^place \d+ \{\}$/);
  assert.deepEqual(bench.warnings.map((line) => line.split(" cannot")[0]), [
    "warning: --cpus",
    "warning: --pids",
  ]);
  assert.deepEqual(limits, NO_LIMITS);
});

Deno.test("launch() undoes everything when a limit was silently ignored", async () => {
  using bench = new Bench({ limits: { pidsMax: 9 }, files: { "pids.max": "max\n" } });
  assert.match(
    await refusal(bench),
    /^corral: --pids is not in force: pids\.max says max \(see: corral doctor/,
  );
  assert.equal(bench.backend.calls.at(-1), `remove ${JOB_PATH}`);
  await assertNothingLeft(bench);
});

Deno.test("launch() with --best-effort tells which limit does not hold", async () => {
  using bench = new Bench({ limits: { pidsMax: 9 }, bestEffort: true });
  const { gate, limits } = await bench.launch();
  gate.close();
  await gate.exit;
  assert.deepEqual(bench.warnings, ["warning: --pids is not in force: pids.max does not exist"]);
  assert.equal(limits.pidsMax, null);
});

const MEMORY = { memoryMaxBytes: 4096, swapMaxBytes: 0 };
const MEMORY_FILES = { "memory.max": "4096\n", "memory.oom.group": "0\n" };

Deno.test("launch() has the whole job die when memory runs out, and drops swap where it is not accounted", async () => {
  using bench = new Bench({ limits: MEMORY, files: MEMORY_FILES });
  const { gate, limits } = await bench.launch();
  gate.close();
  await gate.exit;
  assert.equal(bench.dir.text(JOB_PATH, "memory.oom.group"), "1");
  assert.deepEqual([limits.memoryMaxBytes, limits.swapMaxBytes], [4096, null]);
  assert.deepEqual(bench.warnings, []);
});

Deno.test("launch() refuses a swap limit that was asked for and cannot hold", async () => {
  using bench = new Bench({ limits: MEMORY, files: MEMORY_FILES, swapIsImplied: false });
  assert.match(await refusal(bench), /--swap is not in force: memory\.swap\.max does not exist/);
  await assertNothingLeft(bench);
});

Deno.test("launch() warns where the kernel cannot kill a job as a whole", async () => {
  using bench = new Bench({ limits: MEMORY, files: { "memory.max": "4096\n" } });
  const { gate } = await bench.launch();
  gate.close();
  await gate.exit;
  assert.match(bench.warnings[0]!, /no memory\.oom\.group/);
});

Deno.test("launch() lets the process go when the backend refuses", async () => {
  using bench = new Bench({});
  bench.backend.failures.place = new Error("no room");
  assert.match(await refusal(bench), /no room/);
  await assertNothingLeft(bench);
  assert.match(bench.backend.calls.at(-1) ?? "", /^discard /);
});
