/** `corral kill`: whom it chooses, how it ends them, and that two who end the same job end it once. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { allCallers, Caller, succeeded, unlikeCallers, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
/** Choosing is the same for everybody, and in an emulator. */
const NOT_IN_VM = { skip: machine.tier === "vm" };
const SLEEP = ["sleep", "1000"];
const STUBBORN = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1000; done"];

/** A caller with an empty store, and jobs in it by name. */
async function withJobs(
  purpose: string,
  options: Record<string, string[]>,
  body: (caller: Caller, jobs: Record<string, string>) => Promise<void>,
): Promise<void> {
  const caller = new Caller(machine, "root", "cgroupfs", purpose);
  const started = Object.entries(options).map(async ([name, words]) =>
    [name, await caller.start(["--grace", "100ms", ...words], SLEEP)] as const
  );
  const jobs = Object.fromEntries(await Promise.all(started));
  try {
    await body(caller, jobs);
  } finally {
    await caller.corral(["kill", "--all", "--yes", "--now"]);
    assert.deepEqual(await leftOf(machine, Object.values(jobs)), []);
  }
}

async function liveJobs(caller: Caller): Promise<string[]> {
  const listed = JSON.parse(succeeded(await caller.corral(["ps", "--json"])).stdout) as { id: string }[];
  return listed.map(({ id }) => id).sort();
}

machineTest(machine, "corral kill chooses by id, prefix, name and ref, and spares the rest", async () => {
  const names = { a: ["--name", "one"], b: ["--name", "two"], c: ["--name", "two"], d: ["--ref", "db/7"] };
  await withJobs("choose", { ...names, e: ["--ref", "db/8"], f: [], g: [] }, async (caller, jobs) => {
    const { a, b, c, d, e, f, g } = jobs as Record<"a" | "b" | "c" | "d" | "e" | "f" | "g", string>;
    const endsOnly = async (words: string[], ...ended: string[]) => {
      const before = await liveJobs(caller);
      const { stdout } = succeeded(await caller.corral(["kill", ...words]));
      assert.deepEqual(stdout.split("\n").sort(), ["", ...ended.map((job) => `${job} ended: killed`)].sort());
      assert.deepEqual(await liveJobs(caller), before.filter((job) => !ended.includes(job)));
    };
    await endsOnly(["name:one"], a);
    await endsOnly(["--name", "two"], b, c);
    await endsOnly(["ref:db/7"], d);
    await endsOnly(["--ref", "db/8"], e);
    await endsOnly([f.slice(0, 5)], f);
    await endsOnly(["--user", "root"], g);
  });
}, NOT_IN_VM);

machineTest(machine, "corral kill refuses a prefix that several jobs share", async () => {
  // Thirty-one ids begin with thirty letters at most.
  const many = Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`job${index}`, [] as string[]]));
  await withJobs("prefix", many, async (caller, jobs) => {
    const firsts = Object.values(jobs).map((id) => id[0]!);
    const prefix = firsts.find((letter, index) => firsts.indexOf(letter) !== index)!;
    const { code, stdout, stderr } = await caller.corral(["kill", prefix]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^corral: "." matches \d+ jobs \(give the id of one\)\n {2}ID +NAME +REF .*\n( {2}\w{6} +sleep .*\n)+$/,
    );
    assert.equal((await liveJobs(caller)).length, 31);
  });
}, NOT_IN_VM);

machineTest(machine, "corral kill --all asks first, --dry-run only shows, --yes ends all", async () => {
  await withJobs("all", { a: ["--name", "first"], b: ["--name", "second"] }, async (caller, { a, b }) => {
    const unasked = await caller.corral(["kill", "--all"]);
    assert.deepEqual([unasked.code, unasked.stdout], [2, ""]);
    assert.match(unasked.stderr, /^corral: End all 2 live jobs\? Say --yes: .*\n$/);
    const { stdout } = succeeded(await caller.corral(["kill", "--all", "--dry-run"]));
    assert.match(stdout, /^ID +NAME +USER +PROCS\n(\w{6} +(first|second) +root +1\n){2}$/);
    assert.deepEqual(await liveJobs(caller), [a!, b!].sort());
    const all = succeeded(await caller.corral(["kill", "--all", "--yes", "--json"]));
    const results = JSON.parse(all.stdout) as { id: string; reason: string; survivors: number }[];
    assert.deepEqual(results.map(({ id }) => id).sort(), [a!, b!].sort());
    assert.ok(results.every(({ reason, survivors }) => reason === "killed" && survivors === 0));
    assert.deepEqual(await liveJobs(caller), []);
    const none = await caller.corral(["kill", "--all"]);
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, "", ""]);
  });
}, NOT_IN_VM);

for (const caller of machine.tier === "vm" ? [] : unlikeCallers(machine, "kill")) {
  machineTest(
    machine,
    `corral kill waits for the grace of a job of ${caller.name}, --now does not`,
    async () => {
      const start = () => caller.start(["--grace", "1500ms"], STUBBORN);
      const [patient, hasty] = await Promise.all([start(), start()]);
      const stepsOf = async (job: string, ...words: string[]) => {
        succeeded(await caller.corral(["kill", ...words, job]));
        const { reason, events } = await caller.show(job);
        assert.equal(reason, "killed");
        const at = (kind: string) => Date.parse(events.find((event) => event.kind === kind)?.at ?? "");
        return { kinds: events.map(({ kind }) => kind), graceMs: at("kill") - at("signal") };
      };
      const { kinds, graceMs } = await stepsOf(patient);
      // The supervisor may have recorded the end before the other one has noted its last steps.
      assert.deepEqual(kinds.slice(0, 6), ["starting", "running", "ending", "freeze", "signal", "grace"]);
      assert.deepEqual(kinds.slice(6).sort(), ["empty", "ended", "kill"]);
      assert.ok(graceMs >= 1500, `KILL ${graceMs} ms after TERM`);
      const now = await stepsOf(hasty, "--now");
      assert.deepEqual(now.kinds.slice(0, 3), ["starting", "running", "ending"]);
      assert.deepEqual(now.kinds.slice(3).sort(), ["empty", "ended", "kill"]);
      assert.deepEqual(await leftOf(machine, [patient, hasty]), []);
    },
  );

  machineTest(
    machine,
    `a job of ${caller.name} that three end at once has one reason and one end`,
    async () => {
      const job = await caller.start(["--timeout", "1200ms", "--grace", "500ms"], STUBBORN);
      await until(
        caller,
        "its time is nearly up",
        `[ $(ps -o etimes= -p ${(await caller.show(job)).pid}) -ge 1 ]`,
      );
      const kills = await Promise.all([caller.corral(["kill", job]), caller.corral(["kill", job])]);
      const { reason, events, survivors } = await caller.ended(job);
      assert.ok(reason === "killed" || reason === "timeout", String(reason));
      for (const kind of ["ending", "ended"]) {
        assert.equal(events.filter((event) => event.kind === kind).length, 1, kind);
      }
      for (const { code, stdout, stderr } of kills) {
        // One that comes when all is over says so.
        if (code === 0) assert.equal(stdout, `${job} ended: ${reason}\n`);
        else assert.equal(stderr, `corral: job ${job}: not ended: it has ended already\n`);
      }
      assert.deepEqual(survivors, []);
      assert.deepEqual(await leftOf(machine, [job]), []);
    },
  );
}

async function endsOrphan(caller: Caller): Promise<string> {
  const job = await caller.start(["--grace", "100ms"], STUBBORN);
  await caller.orphan(job);
  const { stdout } = succeeded(await caller.corral(["kill", job]));
  assert.equal(stdout, `${job} ended: killed\n`);
  const { state, usage } = await caller.show(job);
  assert.equal(state, "ended");
  assert.ok(usage.cpuUsageUsec! > 0);
  return job;
}

machineTest(machine, "corral kill ends jobs whose supervisor is dead", async () => {
  const jobs = await Promise.all(allCallers(machine, "kill").map(endsOrphan));
  assert.deepEqual(await leftOf(machine, jobs), []);
}, NOT_IN_VM);
