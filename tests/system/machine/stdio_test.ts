/** A job's standard streams are its caller's own, and so is everything else that a process inherits. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly, onceOnly } from "../../kit/machine/for_test.ts";
import { Caller, succeeded } from "./caller.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const root = new Caller(machine, "root", "systemd", "stdio");
const alice = new Caller(machine, "alice", "systemd", "stdio");

/** Of random bytes, repeated up to the size that goes through the pipe. */
const BLOCK_MIB = 16;
const PIPE_MIB = 1024;
/** A job between two pipes may take this much longer than cat(1) alone, besides the start of corral. */
const SLOWER_AT_MOST = 2;
const START_S = 2;
/** Of SIGUSR1 in a mask of /proc/PID/status. */
const USR1_BIT = 1 << 9;

machineTest(machine, `${PIPE_MIB} MB go through a job unharmed and at the speed of a pipe`, async () => {
  const script = `set -e -o pipefail
    block=/tmp/corral-test-block
    head -c ${BLOCK_MIB}M /dev/urandom >$block
    feed() { for _ in $(seq ${PIPE_MIB / BLOCK_MIB}); do cat $block; done; }
    corral() { "$0" run --quiet cat; }
    now() { cut -d ' ' -f 1 /proc/uptime; }
    now; feed | cat | cmp - <(feed); now
    now; feed | corral | cmp - <(feed); now
    rm $block`;
  const argv = ["/bin/bash", "-c", script, machine.corral];
  const { stdout } = succeeded(await root.exec(argv, { timeoutMs: 120_000 }));
  const times = stdout.trim().split("\n").map(Number);
  const [plainFrom, plainTo, jobFrom, jobTo] = times as [number, number, number, number];
  const [plainS, jobS] = [plainTo - plainFrom, jobTo - jobFrom];
  console.log(
    `${PIPE_MIB} MB: ${plainS.toFixed(2)} s through cat, ${jobS.toFixed(2)} s through corral run cat`,
  );
  assert.ok(jobS <= plainS * SLOWER_AT_MOST + START_S, `${jobS} s, ${plainS} s without corral`);
}, onceOnly(machine));

/** What inherit.py found. */
interface Inherited {
  /** By descriptor: device, inode, link target, flags. */
  fds: Record<string, [number, number, string, string]>;
  env: Record<string, string>;
  leader: [group: boolean, session: boolean];
  ids: [uids: number[], gids: number[], groups: number[]];
  /** Inodes of descriptors 0 to 2 as the caller has them. */
  given: Record<string, number>;
  code: number;
  stderr: string;
  /** Masks of /proc/PID/status. */
  ignored: number;
  blocked: number;
}

/** The same program by itself, as a job and as a detached job. */
async function inherited(caller: Caller): Promise<[Inherited, Inherited, Inherited]> {
  const run = [machine.corral, "--state-dir", `/tmp/corral-test-inherit-${caller.user}`, "run", "--quiet"];
  return await runGuestProgram(machine, "system/machine/inherit.py", [[], run, [...run, "--detach"]], {
    user: caller.user,
  });
}

for (const caller of [root, alice]) {
  machineTest(machine, `a job of ${caller.user} inherits all that its caller gives`, async () => {
    const [plain, job, detached] = await inherited(caller);
    assert.deepEqual([job.code, job.stderr, detached.code, detached.stderr], [0, "", 0, ""]);
    for (
      const [how, { fds, given, env, leader, ids, ...rest }] of Object.entries({ job, detached })
    ) {
      assert.deepEqual(Object.keys(fds), ["0", "1", "2"], `${how}: no other descriptor is open`);
      if (how === "job") {
        const inodes = Object.entries(fds).map(([fd, [, inode]]) => [fd, inode]);
        assert.deepEqual(Object.fromEntries(inodes), given, "the descriptors are the caller's own");
        assert.deepEqual(flagsOf(job), flagsOf(plain), "nobody made them non-blocking");
      }
      const { CORRAL_JOB_ID, ...theirs } = env;
      assert.match(CORRAL_JOB_ID ?? "", /^[a-z0-9]{6}$/);
      assert.deepEqual(theirs, plain.env, how);
      assert.deepEqual(leader, [true, true], how);
      assert.deepEqual(ids, plain.ids, how);
      // Of ignored signals the job keeps HUP, INT and QUIT, and no signal is blocked: it must be able to obey the first signal.
      const ignored = plain.ignored & ~USR1_BIT;
      assert.deepEqual(rest, { ...restOf(plain), ignored, blocked: 0 }, how);
    }
  }, nativeOnly(machine));
}

function flagsOf({ fds }: Inherited): string[] {
  return Object.values(fds).map(([, , , flags]) => flags);
}

/** What must be the same but for signals: directory, umask, niceness, CPU affinity, limits, ignored and blocked signals, OOM score. */
function restOf(found: Inherited): Omit<Inherited, "fds" | "given" | "env" | "leader" | "ids"> {
  const { fds: _, given: _given, env: _env, leader: _leader, ids: _ids, ...rest } = found;
  return rest;
}

machineTest(machine, "stdout and stderr stay apart, and a reader that leaves is no error", async () => {
  const script = `"$0" run --quiet -- sh -c 'echo out; echo err >&2' 2>/dev/null
    "$0" run --quiet -- sh -c 'echo out >&2; echo err' 2>&1 >/dev/null
    "$0" run --quiet -- yes | head -n 1
    "$0" run -- true >&- 2>&- <&-; echo "closed: $?"
    "$0" ps | true; "$0" show --help | head -n 0`;
  const { stdout, stderr } = await root.exec(["/bin/bash", "-c", script, machine.corral]);
  assert.deepEqual([stdout, stderr], ["out\nout\ny\nclosed: 0\n", ""]);
}, nativeOnly(machine));
