/**
 * `corral sweep --quiet` where it is meant to run: under Debian's cron, which mails what is printed, and as a service of systemd, whose
 * output goes to the journal. The crontab is installed when this file is loaded, and fires twice while the other tests run.
 */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { Caller, succeeded } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const CRONTAB = "/etc/cron.d/corral-test-sweep";
/** Cron pipes to it what a line has printed, and does not call it for a line that printed nothing. */
const MAILER = "/usr/sbin/sendmail";
const inCron = new Caller(machine, "root", "systemd", "sweep-cron");
const inJournal = new Caller(machine, "root", "systemd", "sweep-journal");
/** Told of the jobs of other tests, whose stores are others. */
const OF_OTHER_TESTS = /is of no job in this store/;
/** Two full minutes, and what a sweep takes. */
const FIRED_TWICE_MS = 150_000;

/** A line as README gives it, which counts its calls and takes itself out of the crontab after the second. */
const LINE = `${machine.corral} sweep --quiet; echo $? >>${inCron.stateDir}/codes; ` +
  `test $(wc -l <${inCron.stateDir}/codes) -lt 2 || rm ${CRONTAB}`;

/** Ids of a job whose supervisor was killed. */
async function orphan(caller: Caller, ref: string): Promise<string> {
  const id = await caller.start(["--grace", "0", "--ref", ref], ["sleep", "1000"]);
  await caller.orphan(id);
  return id;
}

/** The cron of Debian 13 wraps long lines (quoted-printable, RFC 2045, 6.7). */
function decoded(mail: string): string {
  if (!/^Content-Transfer-Encoding: *quoted-printable/im.test(mail)) return mail;
  return mail.replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

let cronOrphan: string | null = null;
if (machine.slowness === 1) {
  cronOrphan = await orphan(inCron, "of cron");
  await machine.putFile(MAILER, `#!/bin/sh\ncat >>${inCron.stateDir}/mail\n`, 0o755);
  const crontab = `CORRAL_STATE_DIR=${inCron.stateDir}\n* * * * * root ${LINE}\n`;
  await machine.putFile(`${inCron.stateDir}/crontab`, crontab);
  succeeded(await machine.sh(`cp ${inCron.stateDir}/crontab ${CRONTAB}`));
}

machineTest(
  machine,
  "corral sweep --quiet as a service tells the journal how severe each line is",
  async () => {
    const foreign = await inCron.start(["--ref", "of another store"], ["sleep", "1000"]);
    const id = await orphan(inJournal, "of a service");
    const unit = "corral-test-sweep.service";
    const env = ["--setenv", `CORRAL_STATE_DIR=${inJournal.stateDir}`];
    const service = ["systemd-run", "--quiet", "--wait", `--unit=${unit}`, ...env];
    succeeded(await machine.exec([...service, machine.corral, "sweep", "--quiet"]));
    const json = await machine.sh(`journalctl --sync; journalctl --output=json --unit=${unit}`);
    const lines = json.stdout.trim().split("\n").map((line) => JSON.parse(line))
      .filter(({ SYSLOG_IDENTIFIER }) => SYSLOG_IDENTIFIER === "corral")
      // The entry of the end itself, which any recorder writes (journal_test.ts).
      .filter(({ CORRAL_JOB_ID }) => CORRAL_JOB_ID === undefined)
      .filter(({ MESSAGE }) => MESSAGE.includes(id) || MESSAGE.includes(foreign))
      .map(({ PRIORITY, MESSAGE }) => [PRIORITY, MESSAGE]);
    assert.deepEqual(lines, [
      ["5", `${id} ended: orphaned (sleep, ref of a service)`],
      [
        "4",
        `/corral.slice/corral-${foreign}.slice is of no job in this store: another --state-dir's, or its record is lost; not touched`,
      ],
    ]);
    await inCron.end(foreign);
    assert.deepEqual(await leftOf(machine, [id, foreign]), []);
  },
  nativeOnly(machine),
);

machineTest(machine, "corral sweep --quiet in a crontab mails one line for what it ended, once", async () => {
  const fired = `until test -e ${inCron.stateDir}/codes && ! test -e ${CRONTAB}; do sleep 0.2; done`;
  succeeded(await machine.sh(fired, { timeoutMs: FIRED_TWICE_MS }));
  assert.equal(await machine.readFile(`${inCron.stateDir}/codes`), "0\n0\n");
  const mail = await machine.readFile(`${inCron.stateDir}/mail`);
  const bodies = decoded(mail).split("\n").filter((line) => line !== "" && !/^[\w-]+: /.test(line));
  assert.deepEqual(bodies.filter((line) => !OF_OTHER_TESTS.test(line)), [
    `${cronOrphan} ended: orphaned (sleep, ref of cron)`,
  ]);
  assert.equal(new Set(bodies).size, bodies.length, "no line comes twice");
  assert.equal((await inCron.show(cronOrphan!)).reason, "orphaned");
  assert.deepEqual(await leftOf(machine, [cronOrphan!]), []);
}, nativeOnly(machine));
