/** corral beside Debian's Slurm: what a job of Slurm launches and leaves is ended with it, and nothing else. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { runnableBlocks } from "../../kit/readme/blocks.ts";
import { DOCUMENTS } from "../../kit/readme/documents.ts";
import { EPILOG_LOG, recorded, running, startSlurm, submit, until, untilOver } from "./site.ts";

const machine = await machineUnderTest();
/** Only a machine with all controllers lets Slurm track by cgroup: the others have version 1 beside it. */
const TRACK = machine.tier === "vm" ? "cgroup" : "linuxproc";
/** Slurm 24.11 has not started a requeued job within 30 s, although its StartTime was set to now; 22.05 does so at once. */
const REQUEUE_SECONDS = 150;
let limited = "";
const blocks = DOCUMENTS.flatMap(({ name, text }) => runnableBlocks(text).map((block) => ({ name, block })))
  .filter(({ block }) => block.place === "slurm");

machineTest(
  machine,
  `Slurm with proctrack/${TRACK}: it comes up, and a job of one minute begins`,
  async () => {
    await startSlurm(machine, TRACK);
    limited = await submit(machine, "setsid sleep 6001 &\ncorral run --name limited sleep 6002", "--time 1");
  },
);

machineTest(machine, "a job in a Slurm job records its number and step, and has its exit code", async () => {
  const job = await submit(machine, "corral run --name coded sh -c 'exit 7'");
  await untilOver(machine, job);
  const [coded, ...others] = await recorded(machine, job);
  assert.deepEqual([coded?.name, coded?.exitCode, coded?.slurmRestarts, others.length], ["coded", 7, 0, 0]);
  const shown = await machine.sh("corral show name:coded --full", { user: "alice" });
  assert.match(shown.stdout, new RegExp(`slurm job +${job}, step batch`));
});

machineTest(
  machine,
  "slurm-epilog ends jobs and left processes, and no other job, salloc or srun of the user",
  async () => {
    const other = await submit(machine, "setsid sleep 6101 &\ncorral run --name other sleep 6102");
    const typed = await machine.spawn([
      "salloc",
      "--quiet",
      "sh",
      "-c",
      "setsid sleep 6103 & srun sleep 6104",
    ], {
      user: "alice",
      login: true,
    });
    await until(machine, "pgrep -fx '/usr/bin/sleep 6104' && pgrep -fx 'sleep 6102'");
    const job = await submit(
      machine,
      [
        "corral run --detach --name left sleep 6105",
        "setsid sleep 6106 &",
        "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.2; done' corral-deaf &",
        "sleep 0.5",
      ].join("\n"),
    );
    await untilOver(machine, job);
    for (const words of ["sleep 6105", "sleep 6106", ".*corral-deaf"]) {
      assert.equal(await running(machine, words), "", words);
    }
    const [left] = await recorded(machine, job);
    assert.deepEqual([left?.name, left?.reason], ["left", "orphaned"]);
    for (const words of ["sleep 6101", "sleep 6102", "sleep 6103", "/usr/bin/sleep 6104"]) {
      assert.notEqual(await running(machine, words), "", `${words} lives on`);
    }
    await machine.exec(["scancel", "--user", "alice", "--state", "RUNNING", "--name", "interactive"]);
    await typed.wait();
    await machine.exec(["scancel", other]);
    await untilOver(machine, other);
    await machine.sh("pkill -x -u alice -f 'sleep 6103'");
  },
);

machineTest(
  machine,
  "scancel ends the job of corral and all of it, recorded as no failure of its own",
  async () => {
    const job = await submit(machine, "corral run --name cancelled sh -c 'setsid sleep 6201 & sleep 6202'");
    await until(machine, "pgrep -fx 'sleep 6201'");
    await machine.exec(["scancel", job]);
    await untilOver(machine, job);
    assert.equal(await running(machine, "sleep 620[12]"), "");
    const [cancelled] = await recorded(machine, job);
    assert.match(String(cancelled?.reason), /^(killed|orphaned|signaled)$/);
  },
);

machineTest(
  machine,
  "the warning that --signal=USR1 asks for reaches the command through corral run",
  async () => {
    const script = "trap 'echo warned; exit 9' USR1; echo waits; while :; do sleep 0.1; done";
    const job = await submit(machine, `exec corral run --name warned bash -c "${script}"`);
    await until(machine, `grep -q waits /home/alice/${job}.out`);
    await machine.exec(["scancel", "--signal", "USR1", "--full", job]);
    await untilOver(machine, job);
    assert.match(await machine.readFile(`/home/alice/${job}.out`), /^warned$/m);
    assert.equal((await recorded(machine, job))[0]?.exitCode, 9);
  },
);

machineTest(
  machine,
  "Slurm starts a job anew whose slurmstepd was killed: nothing of its first run lives on",
  async () => {
    const job = await submit(machine, "corral run --name requeued sleep 6301", "--requeue");
    await until(machine, "pgrep -fx 'sleep 6301'");
    const first = await running(machine, "sleep 6301");
    await machine.sh(`pkill -KILL -f '^slurmstepd: \\[${job}\\.batch\\]'`);
    await until(machine, `! kill -0 ${first.split(" ")[0]}`);
    assert.equal((await recorded(machine, job))[0]?.reason, "orphaned");
    // slurmctld itself takes minutes to notice.
    await machine.exec(["scontrol", "requeue", job]);
    await until(machine, `squeue --noheader --jobs ${job} --format %T | grep -q PENDING`);
    await machine.exec(["scontrol", "update", `JobId=${job}`, "StartTime=now"]);
    await until(machine, "pgrep -fx 'sleep 6301'", REQUEUE_SECONDS);
    const runs = (await recorded(machine, job)).map(({ slurmRestarts }) => slurmRestarts);
    assert.deepEqual(runs.toSorted(), [0, 1]);
    await machine.exec(["scancel", job]);
    await untilOver(machine, job);
    assert.equal(await running(machine, "sleep 6301"), "");
  },
);

machineTest(
  machine,
  "corral-health without arguments is silent on a well node, and drains one with what cannot be killed",
  async () => {
    const { exec, sh } = machine;
    const well = await exec(["/usr/local/bin/corral-health"]);
    assert.deepEqual([well.code, well.stdout, well.stderr], [0, "", ""]);
    const id = (await exec([machine.corral, "run", "--quiet", "--detach", "sleep", "6401"])).stdout.trim();
    const survivors = '[{"pid":5,"name":"cat","state":"D","wchan":"x","because":"it waits"}]';
    const update =
      `UPDATE jobs SET state='ended', reason='unkillable', ended_at_ms=created_at_ms, survivors='${survivors}'`;
    await exec([
      "python3",
      "-c",
      `import sqlite3; c=sqlite3.connect("/var/lib/corral/corral.db"); c.execute("""${update} WHERE id='${id}'"""); c.commit()`,
    ]);
    const ill = await exec(["/usr/local/bin/corral-health"]);
    assert.equal(ill.code, 1, ill.stderr);
    const node = await sh("scontrol --oneliner show node");
    assert.match(node.stdout, new RegExp(`State=\\S*DRAIN.*Reason=corral: .*${id}`));
    await exec([machine.corral, "kill", id]);
    await sh("scontrol update NodeName=$(hostname -s) State=RESUME");
  },
);

for (const { name, block } of blocks) {
  machineTest(machine, `${name} line ${block.line}: ${block.script.split("\n")[0]}`, async ({ exec }) => {
    const { user, script, exitCodes, says } = block;
    const result = await exec(["/bin/sh", "-e", "-c", script], { user });
    const words = result.stdout + result.stderr;
    assert.ok(exitCodes.includes(result.code), `exit code ${result.code}: ${words}`);
    if (says !== null) assert.match(words, says);
  });
}

machineTest(
  machine,
  "the time limit of a Slurm job ends the job of corral and what the step left",
  async () => {
    await untilOver(machine, limited, 150);
    assert.equal(await running(machine, "sleep 600[12]"), "");
    const state = await machine.exec(["scontrol", "show", "job", limited]);
    assert.match(state.stdout, /JobState=TIMEOUT/);
    assert.equal((await recorded(machine, limited)).length, 1);
    assert.notEqual((await recorded(machine, limited))[0]?.reason, "lost");
  },
);

machineTest(machine, "no Epilog drained the node", async () => {
  const log = await machine.readFile(EPILOG_LOG);
  assert.doesNotMatch(log, /unexpected|nothing is done/);
  assert.doesNotMatch((await machine.sh("sinfo --noheader --format %T")).stdout, /drain|down/);
});
