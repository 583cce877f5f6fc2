/** K7: words of an owner that are not understood do not vanish, and those of squeue and sacct are understood as they are. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { type Caller, succeeded } from "../machine/caller.ts";
import { hostileTest, ownPath, ROOT } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** Answers for the ref of the first element that mean that the job is over. */
const FINISHED: [ref: string, answer: string][] = [
  ["j0", "j0 CANCELLED by 1000"],
  ["j0", "j0 CANCELLED+"],
  ["j0", "j0 CANCELED"],
  ["j0", "j0 TIMEOUT"],
  ["j0", "j0 OUT_OF_MEMORY"],
  ["j0", "j0 OUT_OF_ME+"],
  ["j0", "j0 NODE_FAIL"],
  ["j0", "j0 DEADLINE"],
  ["j0", "j0 PREEMPTED"],
  ["j0", "j0 BOOT_FAIL"],
  ["j0", "j0 REVOKED"],
  ["j0", "j0|CANCELLED"],
  ["j0", "j0|COMPLETED|0:0|"],
  ["j0", "j0,cancelled"],
  ["j0", "j0\tCOMPLETED"],
  ["j0", "  j0   COMPLETED  "],
  ["j0", "j0 COMPLETED\r"],
  ["j0", "j0 CD"],
  ["4711", "JobID State\n------ ------\n4711 CANCELLED by 1000\n4711.batch CANCELLED"],
  ["4711", "4711|COMPLETED|0:0\n4711.batch|COMPLETED|0:0\n4711.extern|COMPLETED|0:0"],
  ["4711_3", "4711_3 FAILED"],
  ["my job", "my job CANCELLED by 1000"],
  ["a|b", "a|b|CANCELLED"],
];

/** Answers after which the job must live. */
const NOT_FINISHED: [ref: string, answer: string][] = [
  ["j0", "j0 RUNNING"],
  ["j0", "j0 COMPLETING"],
  ["j0", "j0 REQUEUED"],
  ["j0", "j0 not completed"],
  ["j0", "j00 COMPLETED"],
  ["j0", "j0_1 COMPLETED"],
  ["j0", "xj0 COMPLETED"],
  ["j0", "j0 RUNNING completed 3 of 5"],
  ["j0", "j0 COMPLETED\nj0 RUNNING"],
  ["4711", "4711 RUNNING\n4711.batch COMPLETED"],
  ["4711", "4711.batch COMPLETED\n4711.0 FAILED"],
];

async function sweptWith(
  caller: Caller,
  ref: string,
  answer: string,
): Promise<{ state: string; reason: string | null; stdout: string; stderr: string }> {
  const file = ownPath(caller, "answers");
  await machine.putFile(file, `${answer}\n`);
  const id = await caller.start(["--ref", ref], ["sleep", "1000"]);
  const { stdout, stderr } = succeeded(
    await caller.corral(["sweep", "--strikes", "1", "--status-command", `cat '${file}'`]),
  );
  const { state, reason } = await caller.show(id);
  if (state !== "ended") await caller.end(id);
  return { state, reason, stdout, stderr };
}

for (const [ref, answer] of FINISHED) {
  hostileTest(
    machine,
    `K7: the owner's answer ${JSON.stringify(answer)} for ${ref} ends the job`,
    ROOT,
    async (caller) => {
      const { state, reason, stdout, stderr } = await sweptWith(caller, ref, answer);
      assert.deepEqual([state, reason], ["ended", "finished-by-owner"], stdout + stderr);
    },
    NATIVE,
  );
}

for (const [ref, answer] of NOT_FINISHED) {
  hostileTest(
    machine,
    `K7: the owner's answer ${JSON.stringify(answer)} for ${ref} ends nothing`,
    ROOT,
    async (caller) => {
      const { state } = await sweptWith(caller, ref, answer);
      assert.equal(state, "running");
    },
    NATIVE,
  );
}

hostileTest(machine, "K7: an answer that is not understood is told once", ROOT, async (caller) => {
  const id = await caller.start(["--ref", "j0"], ["sleep", "1000"]);
  const sweep = () =>
    caller.corral(["sweep", "--quiet", "--strikes", "1", "--status-command", "echo j0 FROBNICATED"]);
  const [first, second] = [succeeded(await sweep()), succeeded(await sweep())];
  await caller.end(id);
  assert.match(first.stdout + first.stderr, /FROBNICATED/);
  assert.doesNotMatch(second.stdout + second.stderr, /FROBNICATED/);
}, NATIVE);

hostileTest(
  machine,
  "K7: an answer without a ref that was asked for is told, with the terminal's escapes escaped",
  ROOT,
  async (caller) => {
    const id = await caller.start(["--ref", "j0"], ["sleep", "1000"]);
    const command = "printf 'slurm_load_jobs error: \\033[31mInvalid job id\\n'";
    const { stdout, stderr } = succeeded(
      await caller.corral(["sweep", "--strikes", "1", "--status-command", command]),
    );
    await caller.end(id);
    assert.match(stdout + stderr, /slurm_load_jobs error/);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stdout + stderr, /\x1b/);
  },
  NATIVE,
);

/** Leave a daemon behind that holds the streams of the command, as ssh's ControlPersist does. */
const DAEMONS: Record<string, string> = {
  "its stderr": "echo j0 completed; sleep 1000 >/dev/null </dev/null & exit 0",
  "its stdout": "echo j0 completed; sleep 1000 2>/dev/null </dev/null & exit 0",
  "both": "echo j0 completed; setsid sleep 1000 </dev/null & exit 0",
};

for (const [what, command] of Object.entries(DAEMONS)) {
  hostileTest(
    machine,
    `K7: a status command that exits 0 and leaves a daemon with ${what} has answered`,
    ROOT,
    async (caller) => {
      const id = await caller.start(["--ref", "j0"], ["sleep", "1000"]);
      const startMs = performance.now();
      const { stderr } = await caller.corral(["sweep", "--strikes", "1", "--status-command", command]);
      const tookMs = performance.now() - startMs;
      const { state, reason } = await caller.show(id);
      if (state !== "ended") await caller.end(id);
      await machine.sh("pkill -KILL -f '^sleep 1000'");
      assert.deepEqual([state, reason], ["ended", "finished-by-owner"], stderr);
      assert.ok(tookMs < 8_000, `${Math.round(tookMs)} ms`);
    },
    NATIVE,
  );
}

machineTest(machine, "K7: the manual publishes metrics only when they were written", async () => {
  const page = new URL("../../../src/view/manual/pages/corral-metrics.7.md", import.meta.url);
  const blocks = (await Deno.readTextFile(page)).split("```").filter((_, index) => index % 2 === 1);
  const moves = blocks.flatMap((block) => block.split("\n")).filter((line) => /\bmv\b.*\.prom/.test(line));
  assert.ok(moves.length > 0);
  for (const line of moves) assert.match(line, /&&\s*mv|set -e/);
}, NATIVE);
