import assert from "node:assert/strict";
import type { Process } from "../../../src/linux/processes.ts";
import { isStillStray, selectStrays, type StrayCriteria } from "../../../src/observe/strays_select.ts";
import { processOf } from "../../kit/fakes/process.ts";

const CRITERIA: StrayCriteria = {
  match: /run_fastsurfer/,
  refPattern: null,
  olderThanMs: null,
  uid: null,
  tree: false,
};
const JOB_SCOPE = "/corral.slice/corral-7k2m9q.slice/corral-7k2m9q.scope";

function select(list: Process[], criteria: Partial<StrayCriteria> = {}, ...spared: number[]) {
  return selectStrays(list, { ...CRITERIA, ...criteria }, new Set(spared));
}

function pidsOf(list: Process[], criteria: Partial<StrayCriteria> = {}, ...spared: number[]): number[] {
  return select(list, criteria, ...spared).map(({ process }) => process.pid);
}

Deno.test("selectStrays() takes what matches and is in no job", () => {
  const list = [
    processOf(10),
    processOf(11, { words: ["python3", "other.py"] }),
    processOf(12, { cgroupPath: JOB_SCOPE }),
    processOf(13, { cgroupPath: "/corral/7k2m9q/nested" }),
    processOf(14, { cgroupPath: "/corral.slice/corral-7k2m9q-supervisor.scope" }),
    processOf(15, { cgroupPath: null }),
    processOf(16),
  ];
  assert.deepEqual(pidsOf(list), [10, 15, 16]);
  assert.deepEqual(pidsOf(list, {}, 10), [15, 16]);
});

Deno.test("selectStrays() takes neither pid 1, nor kernel threads, nor what has or shows no command line", () => {
  const list = [
    processOf(1),
    processOf(2, { kernelThread: true }),
    processOf(3, { words: [] }),
    processOf(4, { words: null }),
  ];
  assert.deepEqual(pidsOf(list), []);
  assert.deepEqual(pidsOf(list, { match: /./ }), []);
});

Deno.test("selectStrays() matches the words joined by blanks, wherever, and with case", () => {
  const list = [processOf(10, { words: ["a", "", "b c\nd"] })];
  const matches = (match: RegExp) => pidsOf(list, { match }).length === 1;
  for (const match of [/^a {2}b/, /b c/, /c\nd$/, /^a/]) assert.ok(matches(match), String(match));
  for (const match of [/^b/, /A/, /ab/, /a\0/]) assert.ok(!matches(match), String(match));
});

Deno.test("selectStrays() filters by age and effective user", () => {
  const list = [
    processOf(10, { ageMs: 59_999 }),
    processOf(11, { ageMs: 60_000 }),
    processOf(12, { uid: 0, ageMs: 60_001 }),
  ];
  assert.deepEqual(pidsOf(list, { olderThanMs: 60_000 }), [11, 12]);
  assert.deepEqual(pidsOf(list, { uid: 1000 }), [10, 11]);
  assert.deepEqual(pidsOf(list, { uid: 0, olderThanMs: 60_000 }), [12]);
});

Deno.test("selectStrays() reads the ref: the first group, or all that was found, or none", () => {
  const ref = (refPattern: RegExp | null, words?: string[]) =>
    select([processOf(10, words ? { words } : {})], { refPattern, match: /./ })[0]?.ref;
  assert.equal(ref(/--sid (\S+)/), "subject01");
  assert.equal(ref(/subject\d+/), "subject01");
  assert.equal(ref(/--(?:sid|id) (\S+)|nothing/), "subject01");
  assert.equal(ref(/--task (\S+)/), null);
  assert.equal(ref(null), null);
  assert.equal(ref(/--sid(=.*)?/), "--sid");
  assert.equal(ref(/--sid(x*)/), null);
  assert.equal(ref(/--sid (.*)/s, ["x", "--sid", "\x1b[2J\n9"]), "\x1b[2J\n9");
});

const TREE = [
  processOf(10),
  processOf(11, { ppid: 10, words: ["sh", "-c", "x"], ageMs: 5 }),
  processOf(12, { ppid: 11, words: null, uid: 0 }),
  processOf(13, { ppid: 11, words: ["sleep"], cgroupPath: JOB_SCOPE }),
  processOf(14, { ppid: 13, words: ["sleep"] }),
  processOf(15, { ppid: 1, words: ["sleep"] }),
];

Deno.test("selectStrays() with tree takes what the matches started, whatever it is", () => {
  const found = select(TREE, { tree: true, olderThanMs: 1_000 });
  assert.deepEqual(found.map(({ process, matched }) => [process.pid, matched]), [
    [10, true],
    [11, false],
    [12, false],
  ]);
  assert.deepEqual(pidsOf(TREE, { tree: false }), [10]);
});

Deno.test("selectStrays() with tree goes neither into a job nor through one, nor past what is spared", () => {
  assert.deepEqual(pidsOf(TREE, { tree: true }), [10, 11, 12]);
  assert.deepEqual(pidsOf(TREE, { tree: true }, 11), [10]);
  assert.deepEqual(pidsOf(TREE, { tree: true }, 10), []);
});

Deno.test("selectStrays() with tree and user takes nothing of another user, but goes through it", () => {
  const list = [
    processOf(10),
    processOf(11, { ppid: 10, uid: 0, words: ["sudo"] }),
    processOf(12, { ppid: 11, words: ["x"] }),
  ];
  assert.deepEqual(pidsOf(list, { tree: true, uid: 1000 }), [10, 12]);
});

Deno.test("selectStrays() with tree gives what has no ref the one of the nearest match above", () => {
  const list = [
    processOf(10),
    processOf(11, { ppid: 10, words: ["sh", "--sid", "no match, but a ref"] }),
    processOf(12, { ppid: 10, words: ["sh"] }),
    processOf(13, { ppid: 12, words: ["run_fastsurfer", "--sid", "subject02"] }),
    processOf(14, { ppid: 13, words: ["sh"] }),
  ];
  const found = select(list, { tree: true, refPattern: /--sid (\S+)/ });
  assert.deepEqual(found.map(({ ref }) => ref), ["subject01", "no", "subject01", "subject02", "subject02"]);
});

Deno.test("isStillStray() holds as long as nothing that counts has changed", () => {
  const criteria = { ...CRITERIA, refPattern: /--sid (\S+)/ };
  const [stray] = selectStrays([processOf(10)], criteria, new Set());
  const still = (changes: Partial<Process>, other: Partial<StrayCriteria> = {}) =>
    isStillStray(stray!, processOf(10, changes), { ...criteria, ...other });
  assert.equal(still({}), true);
  assert.equal(still({ state: "T", ageMs: 200_000, cpuUsageUsec: 9, ppid: 7, cgroupPath: "/other" }), true);
  assert.equal(still({ startTicks: 900_101 }), false);
  assert.equal(still({ bootId: "another" }), false);
  assert.equal(still({ cgroupPath: JOB_SCOPE }), false);
  assert.equal(still({ words: ["bash"] }), false);
  assert.equal(still({ words: ["run_fastsurfer", "--sid", "subject02"] }), false);
  assert.equal(still({ uid: 0 }, { uid: 1000 }), false);
});

Deno.test("isStillStray() of what has no command line any more: on its way out, in an exec, or silent", () => {
  const [stray] = select([processOf(10)]);
  const still = (changes: Partial<Process>) => isStillStray(stray!, processOf(10, changes), CRITERIA);
  assert.equal(still({ words: [], exiting: true }), true);
  assert.equal(still({ words: [], exiting: false }), false);
  assert.equal(still({ words: null }), "unknown");
  assert.equal(still({ words: [], exiting: true, cgroupPath: JOB_SCOPE }), false);
});

Deno.test("isStillStray() of what a match started wants the same command line", () => {
  const list = [processOf(10), processOf(11, { ppid: 10, words: ["sh", "-c", "x"] })];
  const [, below] = select(list, { tree: true });
  const still = (words: string[]) => isStillStray(below!, processOf(11, { words }), CRITERIA);
  assert.deepEqual([still(["sh", "-c", "x"]), still(["sh", "-c", "y"])], [true, false]);
});
