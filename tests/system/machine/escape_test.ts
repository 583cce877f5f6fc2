/**
 * The escape corpus: every case of corpus/cases.ts as root and as a user, on both backends. When `corral run` has
 * returned nothing of the job lives, nothing is left in the cgroup tree or in systemd, every bystander is untouched,
 * and the job's row tells it all.
 */
import assert from "node:assert/strict";
import type { BackendName } from "../../../src/job/job.ts";
import { ESCAPE_CASES, type EscapeCase } from "../corpus/cases.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { caseTimeoutMs, type CaseUser, type CorpusResult, runCorpus } from "../corpus/corpus_run.ts";
import { problemsOf } from "../corpus/corpus_verdict.ts";

const machine = await machineUnderTest();
/** The machine that runs the tests has no systemd to play with, and no alice. */
const USERS: readonly CaseUser[] = machine.tier === "host" ? ["root"] : ["root", "alice"];
const BACKENDS = machine.tier === "host" ? ["cgroupfs"] as const : ["systemd", "cgroupfs"] as const;

function isFor(user: CaseUser, { onlyAs }: EscapeCase): boolean {
  return onlyAs === undefined || onlyAs === (user === "root" ? "root" : "user");
}

function canRunHere({ needs }: EscapeCase): boolean {
  return (needs?.controllers ?? []).every((controller) => machine.controllers.has(controller));
}

/** The two emulated machines share the combinations: each has a backend for itself, with both users. The containers run them all. */
const SLOW_BACKENDS: Record<string, BackendName> = { bookworm: "systemd", trixie: "cgroupfs" };

function isLeftOut(user: CaseUser, backend: BackendName, { sampled }: EscapeCase): boolean {
  if (machine.slowness === 1) return false;
  const runsSampled = (user === "root") === (backend === "systemd");
  return backend !== SLOW_BACKENDS[machine.suite] || (sampled === true && !runsSampled);
}

function registerCorpus(user: CaseUser, backend: BackendName): void {
  const corpus = `escape corpus as ${user} on ${backend}`;
  const cases = ESCAPE_CASES.filter((one) => isFor(user, one));
  // All cases in one go, by whichever test comes first: side by side, and in a single round trip to the machine.
  let running: Promise<CorpusResult> | undefined;
  const here = cases.filter((one) => canRunHere(one) && !isLeftOut(user, backend, one));
  const result = () => running ??= runCorpus(machine, { user, backend, cases: here });
  for (const one of cases) {
    const leftOut = isLeftOut(user, backend, one);
    machineTest(
      machine,
      `${corpus}: ${one.name}${leftOut ? " (on slow machines not this one)" : ""}`,
      async () => {
        const record = (await result()).records.get(one.name)!;
        const conditions = {
          backend,
          controllers: machine.controllers,
          timeoutMs: caseTimeoutMs(one, machine),
        };
        assert.deepEqual(problemsOf(one, record, conditions), [], record.stderr);
      },
      { needs: one.needs?.controllers ?? [], skip: leftOut },
    );
  }
  machineTest(machine, `${corpus}: no process of any case is left`, async () => {
    assert.deepEqual((await result()).strays, []);
  });
}

for (const user of USERS) {
  for (const backend of BACKENDS) registerCorpus(user, backend);
}
