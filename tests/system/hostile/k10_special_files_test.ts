/** K10: a FIFO, a device or a sparse giant where corral looks for a small file holds no command up. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { hostileTest, launch, ownPath, ROOT, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const BOUND = { timeoutMs: 15_000 };

/** Commands that make the file "$1". */
const SPECIAL: Record<string, string> = {
  "a FIFO": 'mkfifo "$1"',
  "a device without an end": 'ln -s /dev/zero "$1"',
  "a file of 100 GB": 'truncate -s 100G "$1"',
};

for (const [what, make] of Object.entries(SPECIAL)) {
  hostileTest(machine, `K10: ${what} for a configuration is refused at once`, UNLIKE, async (caller) => {
    const config = ownPath(caller, "config");
    succeeded(await stage.script(caller, make, [config]));
    for (const words of [["--config", config, "ps"], ["--config", config, "run", "true"]]) {
      const { code, stderr } = await caller.corral(words, BOUND);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^corral: cannot read the configuration \S+: it is [^\n]+\n$/);
    }
  }, NATIVE);
}

/** Each with what is a FIFO without a reader or writer. */
const REPORTS: Record<string, (fifo: string, other: string) => string[]> = {
  "its output": (fifo) => ["--format", "csv", "--output", fifo],
  "its cursor": (fifo) => ["--format", "jsonl", "--cursor", fifo],
  "the lock of its cursor": (fifo) => ["--format", "jsonl", "--cursor", fifo.replace(/\.lock$/, "")],
  "its output beside a cursor": (fifo, other) => ["--format", "jsonl", "--cursor", other, "--output", fifo],
};

for (const [what, words] of Object.entries(REPORTS)) {
  hostileTest(machine, `K10: a report returns though ${what} is a FIFO`, UNLIKE, async (caller) => {
    succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"])));
    const fifo = ownPath(caller, "fifo.lock");
    succeeded(await stage.script(caller, 'mkfifo "$1"', [fifo]));
    const report = ["report", ...words(fifo, `${caller.stateDir}/other`)];
    const { code, stderr } = await caller.corral(report, BOUND);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^corral: [^\n]*fifo[^\n]*\n$/i);
  }, NATIVE);
}

hostileTest(
  machine,
  "K10: a sweep returns though its lock is a FIFO, and says so",
  UNLIKE,
  async (caller) => {
    succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"])));
    succeeded(
      await stage.script(caller, 'for db in "$1"/*.db; do mkfifo "$db.sweep"; done', [caller.stateDir]),
    );
    const { code, stderr } = await caller.corral(["sweep"], BOUND);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^corral: [^\n]*cannot lock: it is a fifo[^\n]*\n$/);
  },
  NATIVE,
);

hostileTest(
  machine,
  "K2: a job runs though no line of corral's own can be written",
  UNLIKE,
  async (caller) => {
    for (const to of ["2>/dev/full", ">/dev/full 2>&1", "2>/dev/null </dev/full"]) {
      const run = await stage.script(caller, `"$@" ${to}`, launch(caller, [], ["sh", "-c", "exit 7"]), BOUND);
      assert.equal(run.code, 7, to);
    }
  },
  NATIVE,
);

hostileTest(machine, "K2: a listing on a full device is told in one line", ROOT, async (caller) => {
  for (const verb of ["ps", "sweep", "report", "man", "--version"]) {
    const { code, stderr } = await stage.script(caller, '"$@" >/dev/full', [machine.corral, verb], BOUND);
    if (verb === "sweep") continue;
    assert.equal(code, 1, verb);
    assert.match(stderr, /^corral: [^\n]*No space left on device[^\n]*\(free some space\)\n$/, verb);
    assert.doesNotMatch(stderr, /unexpected/);
  }
}, NATIVE);
