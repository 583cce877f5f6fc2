/** What the node's own tools show of corral's jobs: systemctl their units, journalctl their ends. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { Caller, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
const callers = unlikeCallers(machine, "journal");
const HOSTILE_NAME = "evil\nMESSAGE=forged\x1b[31m";

/** The entries of a job, as root reads them. */
async function entriesOf(job: string): Promise<Record<string, string>[]> {
  const argv = ["journalctl", "--no-pager", "-o", "json", "-t", "corral", `CORRAL_JOB_ID=${job}`];
  const { stdout } = succeeded(await machine.exec(argv));
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

async function theEntryOf(job: string): Promise<Record<string, string>> {
  await until(
    new Caller(machine, "root", "systemd", "journal"),
    `the journal has the end of ${job}`,
    `journalctl -t corral CORRAL_JOB_ID=${job} -o cat | grep -q ended`,
  );
  const entries = await entriesOf(job);
  assert.equal(entries.length, 1, JSON.stringify(entries));
  return entries[0]!;
}

/** Control characters make journalctl print an array of bytes. */
const textOf = (value: unknown) =>
  Array.isArray(value) ? new TextDecoder().decode(new Uint8Array(value)) : String(value);

for (const caller of callers) {
  machineTest(machine, `the end of a job of ${caller.name} is one entry of the journal`, async () => {
    const uid = caller.user === "root" ? "0" : "1000";
    const { job } = await caller.run(["--name", HOSTILE_NAME, "--ref", "task-17"], ["sh", "-c", "exit 3"]);
    const entry = await theEntryOf(job.id);
    assert.match(entry["MESSAGE"]!, new RegExp(`^job ${job.id} ended: exited after .* \\(exit 3, `));
    assert.equal(textOf(entry["CORRAL_NAME"]), HOSTILE_NAME);
    const { CORRAL_REASON, CORRAL_EXIT_CODE, CORRAL_REF, CORRAL_USER, PRIORITY, _UID } = entry;
    assert.deepEqual(
      { CORRAL_REASON, CORRAL_EXIT_CODE, CORRAL_REF, CORRAL_USER, PRIORITY, _UID },
      {
        ...{ CORRAL_REASON: "exited", CORRAL_EXIT_CODE: "3", CORRAL_REF: "task-17" },
        ...{ CORRAL_USER: caller.user, PRIORITY: "4", _UID: uid },
      },
    );
  });

  machineTest(machine, `a job of ${caller.name} that kill ends is one entry too`, async () => {
    const job = await caller.start([], ["sleep", "1000"]);
    succeeded(await caller.corral(["kill", "--now", job]));
    const { CORRAL_REASON, PRIORITY } = await theEntryOf(job);
    assert.deepEqual([CORRAL_REASON, PRIORITY], ["killed", "5"]);
  });

  machineTest(machine, `a job of ${caller.name} whose supervisor is killed is one entry too`, async () => {
    const job = await caller.start(["--grace", "0"], ["sleep", "1000"]);
    const { supervisorPid } = await caller.show(job);
    succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
    const { CORRAL_REASON } = await theEntryOf(job);
    assert.equal(CORRAL_REASON, "orphaned");
  });
}

machineTest(machine, "`journal = false` keeps the journal as it is", async () => {
  const [caller] = callers;
  const config = "/tmp/corral-test-journal.toml";
  succeeded(await machine.exec(["sh", "-c", `echo 'journal = false' >${config} && chmod 644 ${config}`]));
  const { job } = await caller!.run([], ["true"], { env: { CORRAL_CONFIG: config } });
  // Entries of one process come in their order.
  await caller!.run(["--ref", `after-${job.id}`], ["true"]);
  await until(
    caller!,
    "a later end is there",
    `journalctl CORRAL_REF=after-${job.id} -o cat | grep -q ended`,
  );
  assert.deepEqual(await entriesOf(job.id), []);
});

for (const user of ["root", "alice"] as const) {
  machineTest(machine, `the units of ${user} say which job they are, in printable words`, async () => {
    const caller = new Caller(machine, user, "systemd", "journal-units");
    const job = await caller.start(["--name", HOSTILE_NAME, "--ref", "task-17"], ["sleep", "1000"]);
    try {
      const flags = user === "root" ? [] : ["--user"];
      const units = [`corral-${job}.slice`, `corral-${job}.scope`, `corral-guard-${job}.scope`];
      const asked = ["systemctl", ...flags, "show", "-p", "Description", "--value", ...units];
      const described = `corral job ${job}: evil\\nMESSAGE=forged\\x1b[31m (task-17)`;
      const { stdout } = succeeded(await caller.exec(asked));
      assert.deepEqual(stdout.trim().split(/\n+/), [described, described, `corral guard of job ${job}`]);
      // Read again from the files that systemd made of them.
      succeeded(await caller.exec(["systemctl", ...flags, "daemon-reload"]));
      assert.equal(succeeded(await caller.exec(asked)).stdout, stdout);
    } finally {
      await caller.end(job);
    }
  });
}
