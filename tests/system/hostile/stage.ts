/**
 * Tests of inputs on which corral 0.1.0 breaks its promise. Each has a store of its own, and fails also for what it leaves on the machine:
 * this tier has a machine of its own, on which no job outlives its test.
 */
import assert from "node:assert/strict";
import { machineTest, type MachineTestOptions } from "../../kit/machine/for_test.ts";
import type { ExecOptions, ExecResult, Machine } from "../../kit/machine/machine.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import type { BackendName } from "../../../src/job/job.ts";
import { Caller, IN_OWN_CGROUP, type JobJson, type LiveJson, succeeded, until } from "../machine/caller.ts";

/** A user and a backend. */
export type As = readonly [user: "root" | "alice", backend: BackendName];

export const ROOT: readonly As[] = [["root", "systemd"]];
export const ALICE: readonly As[] = [["alice", "systemd"]];
export const BOTH_BACKENDS: readonly As[] = [["root", "systemd"], ["root", "cgroupfs"]];
/** Two that have nothing in common. */
export const UNLIKE: readonly As[] = [["root", "systemd"], ["alice", "cgroupfs"]];
export const EVERYONE: readonly As[] = [
  ["root", "systemd"],
  ["alice", "systemd"],
  ["root", "cgroupfs"],
  ["alice", "cgroupfs"],
];

/** What a test of this tier gets: corral as one user, and files of its own. */
export type HostileBody = (caller: Caller) => Promise<void>;

/** Prints the id of the newest job of all stores in a directory. */
const NEWEST = `import glob, sqlite3, sys
found = [row for path in glob.glob(sys.argv[1] + "/*.db") for row in
         sqlite3.connect(path, timeout=10).execute("SELECT created_at_ms, rowid, id FROM jobs")]
print(max(found)[2])`;

/** A caller for whom "last" names the newest job of the store, whether corral itself knows the word or not. */
class CallerOfLast extends Caller {
  override async show(job: string): Promise<LiveJson> {
    return await super.show(await this.#idOf(job));
  }

  override async ended(job: string): Promise<JobJson> {
    return await super.ended(await this.#idOf(job));
  }

  override async end(...jobs: string[]): Promise<void> {
    for (const job of jobs) await super.end(await this.#idOf(job));
  }

  async #idOf(job: string): Promise<string> {
    if (job !== "last") return job;
    const argv = ["python3", "-c", NEWEST, this.stateDir];
    return succeeded(await this.machine.exec(argv)).stdout.trim();
  }
}

let stores = 0;

/** Registers the test once for each of `as`. */
export function hostileTest(
  machine: Machine,
  name: string,
  as: readonly As[],
  body: HostileBody,
  options: MachineTestOptions = {},
): void {
  for (const [user, backend] of as) {
    const whole = as.length === 1 ? name : `${name} (${user} on ${backend})`;
    machineTest(machine, whole, async () => {
      const caller = new CallerOfLast(machine, user, backend, `hostile-${++stores}`);
      let cleared: string[] = [];
      try {
        await body(caller);
        assert.deepEqual(await leftBehind(machine), [], "left behind");
      } finally {
        cleared = await clear(machine);
      }
      assert.deepEqual(cleared, [], "cannot be cleared away");
    }, options);
  }
}

/** What there still is of any job, a moment later: processes, cgroups, units, and corral itself. */
export function leftBehind(machine: Machine): Promise<string[]> {
  return runGuestProgram(machine, "system/hostile/stage.py", ["left", machine.slowness]);
}

/** Ends by force whatever there is of jobs and corral on the machine, so that a failed test spoils no other; gives what withstands. */
function clear(machine: Machine): Promise<string[]> {
  return runGuestProgram<string[]>(machine, "system/hostile/stage.py", ["clear", machine.slowness]);
}

/** The words of a launch; a user without a cgroup of their own gets one. */
export function launch(caller: Caller, options: readonly string[], argv: readonly string[]): string[] {
  const run = [caller.machine.corral, "run", "--backend", caller.backend, ...options, "--", ...argv];
  return caller.user === "alice" && caller.backend === "cgroupfs" ? [...IN_OWN_CGROUP, ...run] : run;
}

/** A job that ignores TERM and has a second session; it makes the file `mark` when it runs. */
export function stubborn(mark: string): string[] {
  const script = "trap '' TERM; setsid sleep 1000 & : >\"$0\"; while :; do sleep 1000; done";
  return ["/bin/sh", "-c", script, mark];
}

/** A path for a file of this test, writable by its user. */
export function ownPath(caller: Caller, name: string): string {
  return `${caller.stateDir}-${name}`;
}

/** Waits until the file exists. */
export async function exists(caller: Caller, path: string): Promise<void> {
  await until(caller, `${path} exists`, `test -e '${path}'`);
}

/** For what is to happen at once; generous, as the machine may be busy. */
const AT_ONCE_MS = 10_000;

/** Waits until no job of a store that meets the condition is live. It looks at the file: to ask corral that often would cost a core. */
const AWAIT_END = `import glob, sqlite3, sys, time
query = f"SELECT count(*) FROM jobs WHERE (state <> 'ended' OR survivors <> '[]') AND {sys.argv[2]}"
def live(path):
    try:
        return sqlite3.connect(path, timeout=10).execute(query).fetchone()[0]
    except sqlite3.OperationalError:
        return 1
while any(map(live, glob.glob(sys.argv[1] + "/*.db"))):
    time.sleep(0.05)`;

async function recordedEnd(caller: Caller, condition: string): Promise<void> {
  const argv = ["python3", "-c", AWAIT_END, caller.stateDir, condition];
  try {
    succeeded(await caller.machine.exec(argv, { timeoutMs: AT_ONCE_MS }));
  } catch (error) {
    throw new Error("Waited in vain for the end of the job in its record", { cause: error });
  }
}

/** Waits until the job's record has an end, and gives it. It runs no sweep. */
export async function endedAs(caller: Caller, job: string, reason: string): Promise<JobJson> {
  const { id } = await caller.show(job);
  await recordedEnd(caller, `id = '${id}'`);
  const ended = await caller.show(id);
  assert.equal(ended.reason, reason);
  assert.deepEqual(ended.survivors, []);
  return ended;
}

/** A shell script with the caller's environment; its further arguments are "$1" and on. */
export function script(
  caller: Caller,
  text: string,
  args: readonly string[] = [],
  options: ExecOptions = {},
): Promise<ExecResult> {
  return caller.exec(["/bin/bash", "-c", text, "bash", ...args], options);
}

/** The same as root. */
export async function asRoot(
  machine: Machine,
  text: string,
  args: readonly string[] = [],
  options: ExecOptions = {},
): Promise<string> {
  return succeeded(await machine.exec(["/bin/bash", "-c", text, "bash", ...args], options)).stdout;
}

/** Within this many milliseconds, given how slow the machine is, whatever is enforced has been enforced. */
export function boundMs(machine: Machine, nativeMs: number): number {
  return nativeMs * machine.slowness;
}

/** Waits until no job of the caller's store is live. */
export async function noLiveJob(caller: Caller): Promise<void> {
  await recordedEnd(caller, "1");
}
