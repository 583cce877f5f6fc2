/**
 * The story that corral comes from, with the real Celery and Redis: jobs whose owners die, give them up, run out of time or forget them,
 * through corral and, beside it, the old way (setsid, a PID file, killpg, a scan by process name). The owner's status command is that of the manual.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { EndReason } from "../../../src/job/job.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { runnableBlocks } from "../../kit/readme/blocks.ts";
import { PAGES } from "../../../src/view/manual/pages.ts";

const machine = await machineUnderTest();
const DIRECTORY = "/run/story";
const OLD_WAY = "PID file, `killpg`, scan by name";
const PROGRAMS = ["segment.py", "pid_file.py", "tasks.py", "worker.py", "status.py", "stage.py"];

/** Processes of a job: when all is there, when its owner is gone, after one sweep, after two. */
type Alive = readonly [number, number, number, number];

interface Fate {
  alive: Alive;
  reason: EndReason | null;
  /** Who began the end. */
  actor: "run" | "guard" | "sweep" | null;
}

interface Case {
  case: "child" | "worker" | "revoke" | "timeout" | "cancelled" | "lives";
  variant: string;
  fate: Fate;
  /** What the old way makes of the same. */
  old: Alive;
  /** Also where everything takes ten times as long. */
  everywhere?: boolean;
}

const AT_ONCE: Alive = [6, 0, 0, 0];
const NEVER: Alive = [6, 6, 6, 6];
/** The scan leaves what bears neither the name nor the id of the job. */
const SCANNED: Alive = [6, 6, 2, 2];
/** Before it, killpg leaves what has left the group. */
const KILLED_AND_SCANNED: Alive = [6, 4, 2, 2];

const BY_OWNER: Fate = { alive: [6, 6, 6, 0], reason: "finished-by-owner", actor: "sweep" };
const BY_GUARD: Fate = { alive: AT_ONCE, reason: "orphaned", actor: "guard" };
const WITH_CALLER: Fate = { alive: AT_ONCE, reason: "orphaned", actor: "run" };
const TIMED_OUT: Fate = { alive: AT_ONCE, reason: "timeout", actor: "run" };
const TOLD: Fate = { alive: AT_ONCE, reason: "killed", actor: "run" };
const LIVES: Fate = { alive: NEVER, reason: null, actor: null };

const CASES: readonly Case[] = [
  // SIGKILL of the process that runs the task: corral goes on, as its job does.
  { case: "child", variant: "", fate: BY_OWNER, old: SCANNED },
  { case: "child", variant: "--with-parent", fate: WITH_CALLER, old: SCANNED },
  // Of the worker: the kernel kills its children for it (PR_SET_PDEATHSIG). No result will ever be written.
  { case: "worker", variant: "", fate: BY_OWNER, old: SCANNED },
  { case: "worker", variant: "--with-parent", fate: WITH_CALLER, old: SCANNED, everywhere: true },
  // SIGTERM becomes an exception in the task, upon which subprocess.run() kills corral with SIGKILL.
  { case: "revoke", variant: "SIGTERM", fate: BY_GUARD, old: KILLED_AND_SCANNED, everywhere: true },
  { case: "revoke", variant: "SIGKILL, --with-parent", fate: WITH_CALLER, old: SCANNED },
  { case: "timeout", variant: "--timeout", fate: TIMED_OUT, old: KILLED_AND_SCANNED, everywhere: true },
  { case: "timeout", variant: "soft time limit, corral told", fate: TOLD, old: KILLED_AND_SCANNED },
  {
    case: "cancelled",
    variant: "in the application's database",
    fate: BY_OWNER,
    old: SCANNED,
    everywhere: true,
  },
  { case: "cancelled", variant: "in Celery's results", fate: BY_OWNER, old: SCANNED },
  { case: "lives", variant: "", fate: LIVES, old: NEVER },
  { case: "lives", variant: "--with-parent", fate: LIVES, old: NEVER, everywhere: true },
];

interface Facts {
  way: "corral" | "PID file";
  case: string;
  variant: string;
  alive: number[];
  heldBytes: number[];
  state?: string;
  reason?: string | null;
  actor?: string | null;
}

interface Found {
  jobs: Facts[];
  sweeps: { code: number; lines: string[]; stderr: string }[];
  /** MemAvailable before the owners went and after the sweeps. */
  availableBytes: [number, number];
  left: string[];
}

async function replay(cases: readonly Case[], ways: readonly string[]): Promise<Found> {
  for (const name of PROGRAMS) {
    await put(name, await Deno.readTextFile(join(import.meta.dirname!, name)));
  }
  await put(
    "job_state.py",
    await Deno.readTextFile(join(import.meta.dirname!, "..", "..", "kit", "guest", "job_state.py")),
  );
  await put("celery_status.py", statusScript());
  const copies =
    "for way in old new; do mkdir -p $way; cp segment.py $way; cp segment.py $way/helper.py; done";
  const input = {
    cases: cases.map(({ case: name, variant }) => ({
      case: name,
      variant,
      options: variant.includes("--with-parent") ? ["--with-parent"] : [],
    })),
    ways,
    holdBytes: 16_000_000 / machine.slowness,
    timeoutS: 3,
    waitS: 30 * machine.slowness,
    pollS: 0.1 * machine.slowness,
  };
  const result = await machine.exec(["/bin/sh", "-e", "-c", `${copies}; exec python3 stage.py`], {
    cwd: DIRECTORY,
    env: { RESULTS: `unix://${DIRECTORY}/redis.sock`, CORRAL_STATE_DIR: `${DIRECTORY}/state` },
    stdin: JSON.stringify(input),
    timeoutMs: 180_000,
  });
  if (result.code !== 0) throw new Error(`${result.stdout}${result.stderr}${await logs()}`);
  return JSON.parse(result.stdout);
}

function put(name: string, text: string): Promise<void> {
  return machine.putFile(`${DIRECTORY}/${name}`, text);
}

async function logs(): Promise<string> {
  return (await machine.sh(`tail -n 20 ${DIRECTORY}/*.log; corral --state-dir ${DIRECTORY}/state ps`)).stdout;
}

/** As the manual gives it. */
function statusScript(): string {
  return runnableBlocks(PAGES["corral-celery.7"]!).find(({ script }) => script.includes("celery-task-meta-"))!
    .script;
}

function table(facts: readonly Facts[]): string {
  const rows = facts.map(({ way, case: name, variant, alive, reason, actor }) =>
    [way, name, variant, ...alive, reason ?? "", actor ?? ""].join(" | ")
  );
  return ["way | case | variant | start | owner gone | sweep 1 | sweep 2 | reason | by", ...rows].join("\n");
}

function nameOf(job: { case: string; variant: string }): string {
  return `${job.case} ${job.variant}`;
}

/** Of the jobs that should end: processes, and bytes that they hold. */
function sumOf(facts: readonly Facts[], key: "alive" | "heldBytes", moment: number): number {
  return facts.filter((job) => job.case !== "lives").reduce((sum, job) => sum + job[key][moment]!, 0);
}

const isNative = machine.slowness === 1;
const cases = isNative ? CASES : CASES.filter(({ everywhere }) => everywhere);

machineTest(machine, "The story with Celery: nothing of the jobs survives two sweeps", async () => {
  const found = await replay(cases, isNative ? ["corral", "PID file"] : ["corral"]);
  console.log(table(found.jobs));
  const corral = found.jobs.filter(({ way }) => way === "corral");
  const facts = corral.map((job) => [nameOf(job), job.alive, job.state, job.reason, job.actor]);
  const expected = cases.map((
    { fate: { alive, reason, actor }, ...job },
  ) => [nameOf(job), alive, reason === null ? "running" : "ended", reason, actor]);
  assert.deepEqual(facts.toSorted(), expected.toSorted());
  assertSweepsTell(found, cases);
  assert.deepEqual(found.left, []);
  if (isNative) assertOldWay(found, corral);
  else assertMemoryIsBack(found, corral);
}, machine.name === "vm-bookworm" ? { skip: "one emulated machine is enough: vm-trixie shows it" } : {});

/** One line for each job that a sweep ended, and none for the others; what it finds of other tests' stores is theirs. */
function assertSweepsTell({ sweeps }: Found, cases: readonly Case[]): void {
  // What the guards have ended is not there any more; the owner has to say it twice.
  const expected = [null, BY_OWNER].map((wanted) => ({
    code: 0,
    lines: cases.filter(({ fate }) => fate === wanted).map(({ fate }) => `ended: ${fate.reason}`),
    stderr: "",
  }));
  const told = sweeps.map(({ lines, ...sweep }) => ({
    ...sweep,
    lines: lines.flatMap((line) => /ended: [\w-]+/.exec(line)?.[0] ?? []),
  }));
  assert.deepEqual(told, expected);
}

/** What the old way leaves of the same jobs, and that the manual says so. */
function assertOldWay({ jobs }: Found, corral: readonly Facts[]): void {
  const old = jobs.filter(({ way }) => way === "PID file");
  assert.deepEqual(
    old.map((job) => [nameOf(job), job.alive]).toSorted(),
    CASES.map(({ old, ...job }) => [nameOf(job), old]).toSorted(),
  );
  for (const [words, facts] of [["`corral run`, `corral sweep`", corral], [OLD_WAY, old]] as const) {
    const counts = [0, 1, 2, 3].map((moment) => sumOf(facts, "alive", moment));
    const row = `| ${[words, ...counts].join(" | ")} |`;
    assert.ok(PAGES["corral-migrating.7"]!.includes(row), `corral-migrating(7) should have: ${row}`);
  }
  const part = sumOf(old, "heldBytes", 3) / sumOf(old, "heldBytes", 0);
  assert.ok(Math.abs(part - 1 / 3) < 0.05, `${part} of the memory is held by what the old way leaves`);
}

/** The machine is the story's alone: what the jobs held is there again. */
function assertMemoryIsBack({ availableBytes: [before, after] }: Found, jobs: readonly Facts[]): void {
  const heldBytes = sumOf(jobs, "heldBytes", 0);
  assert.ok(heldBytes > 0);
  assert.ok(after - before > heldBytes / 2, `${after - before} of ${heldBytes} bytes are back`);
}
