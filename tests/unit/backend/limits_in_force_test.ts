import assert from "node:assert/strict";
import { ParseError } from "../../../src/base/errors.ts";
import { LIMIT_ROWS, type Limits, NO_LIMITS } from "../../../src/job/limits.ts";
import {
  notInForce,
  restoreKillAsOne,
  unenforceable,
  writeLimits,
} from "../../../src/backend/limits_in_force.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";

const LIMITS: Limits = {
  memoryMaxBytes: 512 * 2 ** 20,
  memoryHighBytes: 400 * 2 ** 20,
  swapMaxBytes: 0,
  cpuMaxCores: 1.5,
  cpuWeight: 50,
  pidsMax: 300,
};
const IN_FORCE = {
  "memory.max": "536870912\n",
  "memory.high": "419430400\n",
  "memory.swap.max": "0\n",
  "cpu.max": "150000 100000\n",
  "cpu.weight": "50\n",
  "pids.max": "300\n",
};
const UNLIMITED = {
  "memory.max": "max\n",
  "memory.high": "max\n",
  "memory.swap.max": "max\n",
  "cpu.max": "max 100000\n",
  "cpu.weight": "100\n",
  "pids.max": "max\n",
};

/** What a limit file that says `text` is found to hold against one limit: null when it is in force. */
function foundWrong(limits: Partial<Limits>, file: string, text: string): string | null {
  using dir = new CgroupDir();
  const wrong = notInForce(dir.own({ ...IN_FORCE, [file]: text }), { ...NO_LIMITS, ...limits });
  return wrong[0]?.found ?? null;
}

Deno.test("unenforceable() names the option and the controller of every limit that needs one", () => {
  const options = (controllers: string[], limits = LIMITS) =>
    unenforceable(limits, new Set(controllers)).map(({ option, controller }) => `${option} ${controller}`);
  assert.deepEqual(options(["memory", "cpu", "pids", "io"]), []);
  assert.deepEqual(options(["memory", "pids"]), ["--cpus cpu", "--cpu-weight cpu"]);
  assert.deepEqual(options([]), [
    "--memory memory",
    "--memory-high memory",
    "--swap memory",
    "--cpus cpu",
    "--cpu-weight cpu",
    "--pids pids",
  ]);
  assert.deepEqual(options([], NO_LIMITS), []);
});

Deno.test("notInForce() finds nothing when every file says what was asked for", () => {
  using dir = new CgroupDir();
  assert.deepEqual(notInForce(dir.own(IN_FORCE), LIMITS), []);
  assert.deepEqual(notInForce(dir.own(UNLIMITED), NO_LIMITS), []);
});

Deno.test("notInForce() finds every limit that was silently ignored", () => {
  using dir = new CgroupDir();
  const wrong = notInForce(dir.own(UNLIMITED), LIMITS);
  assert.deepEqual(wrong.map(({ key }) => key), LIMIT_ROWS.map(({ key }) => key));
  assert.deepEqual(wrong[0], {
    option: "--memory",
    key: "memoryMaxBytes",
    file: "memory.max",
    found: "max",
  });
});

Deno.test("notInForce() calls a missing file missing, not in force", () => {
  using dir = new CgroupDir();
  const { "memory.swap.max": _, ...withoutSwap } = IN_FORCE;
  assert.deepEqual(notInForce(dir.own(withoutSwap), LIMITS), [
    { option: "--swap", key: "swapMaxBytes", file: "memory.swap.max", found: null },
  ]);
});

Deno.test("notInForce() allows the kernel to round a size down to a page, but no more and not up", () => {
  const asked = { memoryMaxBytes: 1_000_001 };
  assert.equal(foundWrong(asked, "memory.max", "999424\n"), null);
  assert.equal(foundWrong(asked, "memory.max", "1000001\n"), null);
  assert.equal(foundWrong(asked, "memory.max", "1003520\n"), "1003520");
  assert.equal(foundWrong(asked, "memory.max", "900000\n"), "900000");
  assert.equal(foundWrong({ memoryMaxBytes: 65_535 }, "memory.max", "0\n"), null);
});

Deno.test("notInForce() compares the CPU quota as a share of its period", () => {
  const asked = { cpuMaxCores: 1.5 };
  assert.equal(foundWrong(asked, "cpu.max", "150000 100000\n"), null);
  assert.equal(foundWrong(asked, "cpu.max", "15000 10000\n"), null);
  assert.equal(foundWrong(asked, "cpu.max", "140000 100000\n"), "140000 100000");
  assert.equal(foundWrong(asked, "cpu.max", "max 100000\n"), "max 100000");
  assert.equal(foundWrong({ cpuMaxCores: 0.01 }, "cpu.max", "1000 100000\n"), null);
  assert.equal(foundWrong({ cpuMaxCores: 0.01 }, "cpu.max", "2000 100000\n"), "2000 100000");
});

Deno.test("notInForce() takes counts and weights exactly", () => {
  assert.equal(foundWrong({ pidsMax: 300 }, "pids.max", "299\n"), "299");
  assert.equal(foundWrong({ cpuWeight: 50 }, "cpu.weight", "100\n"), "100");
});

Deno.test("notInForce() refuses a file that says nonsense", () => {
  assert.throws(() => foundWrong({ pidsMax: 300 }, "pids.max", "many\n"), ParseError);
});

Deno.test("writeLimits() writes what was asked for and leaves the rest alone", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own(UNLIMITED);
  writeLimits(cgroup, { ...NO_LIMITS, memoryMaxBytes: 4096, cpuMaxCores: 0.25 }, { lift: false });
  const texts = Object.keys(UNLIMITED).map((file) => dir.text(JOB_PATH, file));
  assert.deepEqual(texts, ["4096", "max\n", "max\n", "25000 100000", "100\n", "max\n"]);
});

Deno.test("writeLimits() lifts limits, of those that this kernel has", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own(IN_FORCE);
  dir.take(JOB_PATH, "memory.swap.max");
  writeLimits(cgroup, { ...NO_LIMITS, pidsMax: 7 }, { lift: true });
  const texts = ["memory.max", "memory.high", "cpu.max", "cpu.weight", "pids.max"].map((file) =>
    dir.text(JOB_PATH, file)
  );
  assert.deepEqual(texts, ["max", "max", "max", "100", "7"]);
});

Deno.test("writeLimits() fails for a limit that has no file", () => {
  using dir = new CgroupDir();
  assert.throws(() => writeLimits(dir.own(), { ...NO_LIMITS, pidsMax: 7 }, { lift: false }), /pids\.max/);
});

Deno.test("restoreKillAsOne() writes what systemd took back, and nothing where it holds, was lifted or was not asked for", () => {
  const limited = { ...NO_LIMITS, memoryMaxBytes: 4096 };
  const rows: readonly (readonly [limits: typeof NO_LIMITS, group: string, max: string, after: string])[] = [
    [limited, "0\n", "4096\n", "1"],
    [limited, "1\n", "4096\n", "1\n"],
    [limited, "0\n", "max\n", "0\n"],
    [NO_LIMITS, "0\n", "max\n", "0\n"],
  ];
  for (const [limits, group, max, after] of rows) {
    using dir = new CgroupDir();
    const cgroup = dir.own({ "memory.oom.group": group, "memory.max": max });
    restoreKillAsOne(cgroup, limits);
    assert.equal(dir.text(JOB_PATH, "memory.oom.group"), after);
  }
  using old = new CgroupDir();
  restoreKillAsOne(old.own(), limited);
});
