/** Jobs by what people know of them, and the options of `ps` and `kill` that go with it. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { Caller, succeeded, unlikeCallers } from "./caller.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

async function ids(caller: Caller, ...args: string[]): Promise<string[]> {
  const { stdout } = succeeded(await caller.corral(["ps", "--quiet", ...args]));
  return stdout.split("\n").filter((line) => line !== "");
}

for (const caller of unlikeCallers(machine, "job-words")) {
  machineTest(
    machine,
    `a job is known by its name, ref, id, and as the last one (${caller.name})`,
    async () => {
      const first = await caller.start(["--name", "first", "--ref", "task/1"], ["sleep", "1000"]);
      const second = await caller.start(["--name", "second", "--ref", first], ["sleep", "1000"]);
      try {
        const shown = async (job: string) => (await caller.show(job)).id;
        assert.equal(await shown("first"), first);
        assert.equal(await shown("task/1"), first);
        assert.equal(await shown(first), first);
        assert.equal(await shown(`ref:${first}`), second);
        assert.equal(await shown("last"), second);
        assert.deepEqual(await ids(caller, "first", "last"), [first, second]);
        const { stdout } = succeeded(await caller.corral(["kill", "second"]));
        assert.equal(stdout, `${second} ended: killed\n`);
        assert.equal((await caller.show("second")).reason, "killed");
      } finally {
        await caller.end(first, second);
      }
    },
    NATIVE,
  );

  machineTest(machine, `a name that several live jobs bear ends none of them (${caller.name})`, async () => {
    const twins = [
      await caller.start(["--name", "twin"], ["sleep", "1000"]),
      await caller.start(["--name", "twin"], ["sleep", "1000"]),
    ];
    try {
      const { code, stdout, stderr } = await caller.corral(["kill", "--now", "twin"]);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(
        stderr,
        /^corral: "twin" matches 2 jobs \(give the id of one\)\n {2}ID .*\n( {2}\w{6} +twin .*\n){2}$/,
      );
      assert.deepEqual(await ids(caller), twins);
      succeeded(await caller.corral(["kill", "--now", "name:twin"]));
      assert.deepEqual(await ids(caller), []);
      // Of several that have ended, the newest.
      assert.equal((await caller.show("twin")).id, twins[1]);
    } finally {
      await caller.end(...twins);
    }
  }, NATIVE);

  machineTest(
    machine,
    `corral ps lists ended jobs when asked, in the order and columns asked for (${caller.name})`,
    async () => {
      const { job: { id: over } } = await caller.run(["--name", "over", "--quiet"], ["sh", "-c", "exit 3"]);
      const live = await caller.start(["--name", "lives"], ["sleep", "1000"]);
      try {
        assert.deepEqual(await ids(caller), [live]);
        assert.deepEqual((await ids(caller, "-a")).slice(0, 2), [live, over]);
        assert.deepEqual(await ids(caller, "over"), [over]);
        assert.deepEqual(await ids(caller, "--state", "running"), [live]);
        assert.deepEqual(await ids(caller, "--state", "exited", "--name", "over"), [over]);
        assert.deepEqual(await ids(caller, "--state", "frozen"), []);
        succeeded(await caller.corral(["freeze", live]));
        assert.deepEqual(await ids(caller, "--state", "frozen"), [live]);
        const table =
          succeeded(await caller.corral(["ps", "-a", "--name", "over", "--columns", "state,id"])).stdout;
        assert.equal(table, `STATE   ID\nexited  ${over}\n`);
        const oldest = await ids(caller, "-a", "--sort", "-age");
        assert.ok(oldest.indexOf(over) < oldest.indexOf(live));
      } finally {
        await caller.end(live);
      }
    },
    NATIVE,
  );

  machineTest(
    machine,
    `corral kill --signal reaches every process of the job once, and ends nothing (${caller.name})`,
    async () => {
      const mark = `/tmp/corral-test-signal-${caller.user}-${caller.backend}`;
      const count = `trap 'echo got >>${mark}' USR1; : >>${mark}.ready; while :; do sleep 0.05; done`;
      const id = await caller.start(["--name", "listens"], [
        "sh",
        "-c",
        `setsid sh -c "${count.replaceAll('"', '\\"')}" & ${count}`,
      ]);
      try {
        await machine.sh(
          `until test "$(ls ${mark}.ready 2>/dev/null)"; do sleep 0.05; done; until test "$(pgrep -fc '[t]rap .echo got >>${mark}')" -ge 2; do sleep 0.05; done`,
        );
        const { stdout } = succeeded(await caller.corral(["kill", "-s", "USR1", "listens"]));
        assert.match(stdout, new RegExp(`^${id} USR1 sent to \\d+ processes\\n$`));
        await machine.sh(`until test "$(wc -l <${mark})" -ge 2; do sleep 0.05; done`);
        assert.equal((await machine.sh(`wc -l <${mark}`)).stdout.trim(), "2");
        assert.deepEqual(await ids(caller, id), [id]);
        const { events } = await caller.show(id);
        assert.equal(events.find(({ kind }) => kind === "signal")?.detail["signal"], "USR1");
      } finally {
        await caller.end(id);
        await machine.sh(`rm -f ${mark} ${mark}.ready`);
      }
    },
    NATIVE,
  );
}
