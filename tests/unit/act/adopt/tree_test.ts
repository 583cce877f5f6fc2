import assert from "node:assert/strict";
import { type Kin, Tree } from "../../../../src/act/adopt/tree.ts";
import { hasEnded } from "../../../../src/linux/proc.ts";

const ROOT = 100;
const SHELL = 50;

/** A process of the shell's session that runs, unless told otherwise. */
const kin = (pid: number, changes: Partial<Kin> = {}): Kin => ({
  pid,
  ppid: SHELL,
  session: SHELL,
  startTicks: 1_000 + pid,
  state: "S",
  threads: 1,
  ...changes,
});

const shell = kin(SHELL, { ppid: 1 });
const root = kin(ROOT);
const zombie = { state: "Z" };

function pidsOf(tree: Tree<Kin>, ...list: Kin[]): number[] {
  return tree.update(list).map(({ pid }) => pid);
}

Deno.test("Tree.update() finds children and theirs, in whatever order they are listed, parents first", () => {
  const grandchild = kin(90, { ppid: 120 });
  const list = [grandchild, kin(120, { ppid: ROOT }), root, kin(121, { ppid: ROOT })];
  assert.deepEqual(pidsOf(new Tree([root]), ...list), [ROOT, 120, 121, 90]);
});

Deno.test("Tree.update() takes neither parent nor siblings, nor others of the same session", () => {
  const list = [kin(1, { ppid: 0 }), shell, root, kin(101), kin(102, { ppid: 1 })];
  assert.deepEqual(pidsOf(new Tree([root]), ...list), [ROOT]);
});

Deno.test("Tree.update() finds orphans by the session that a member has begun", () => {
  const leader = kin(ROOT, { session: ROOT });
  const orphan = kin(130, { ppid: 1, session: ROOT });
  const child = kin(140, { ppid: ROOT, session: 140 });
  const orphanOfChild = kin(150, { ppid: 1, session: 140 });
  const ofOrphan = kin(160, { ppid: 130, session: 160 });
  const list = [leader, orphan, child, orphanOfChild, ofOrphan];
  assert.deepEqual(pidsOf(new Tree([leader]), ...list).sort(), [ROOT, 130, 140, 150, 160]);
});

Deno.test("Tree.update() remembers a session whose leader has gone since, and no other", () => {
  const tree = new Tree([root]);
  const leader = kin(140, { ppid: ROOT, session: 140 });
  pidsOf(tree, root, leader);
  const orphans = [kin(150, { ppid: 1, session: 140 }), kin(151, { ppid: 1, session: 141 })];
  assert.deepEqual(pidsOf(tree, root, ...orphans), [ROOT, 150]);
});

Deno.test("Tree.update() remembers members that have lost their parent since", () => {
  const tree = new Tree([root]);
  pidsOf(tree, root, kin(120, { ppid: ROOT }));
  assert.deepEqual(pidsOf(tree, kin(120, { ppid: 1 })), [120]);
});

Deno.test("Tree.update() is not taken in by a pid that was given to another process", () => {
  const tree = new Tree([root]);
  const other = kin(ROOT, { startTicks: 99_999, session: ROOT });
  assert.deepEqual(pidsOf(tree, other, kin(120, { ppid: ROOT }), kin(130, { ppid: 1, session: ROOT })), []);
});

Deno.test("Tree.update() leaves out what is over, and finds what that has left", () => {
  const leader = kin(ROOT, { session: ROOT, ...zombie });
  const left = kin(130, { ppid: 1, session: ROOT });
  assert.deepEqual(pidsOf(new Tree([leader]), leader, left), [130]);
});

Deno.test("Tree.include() adds members of whom nobody is a parent", () => {
  const tree = new Tree([root]);
  const born = kin(170, { ppid: 1 });
  tree.include([born]);
  assert.deepEqual(pidsOf(tree, root, born, kin(171, { ppid: 170 })).sort(), [ROOT, 170, 171]);
});

Deno.test("hasEnded() is not true of a process that has only lost its main thread", () => {
  assert.ok(hasEnded(kin(1, zombie)));
  assert.ok(hasEnded(kin(1, { state: "X" })));
  assert.ok(!hasEnded(kin(1, { ...zombie, threads: 2 })));
  assert.ok(!hasEnded(kin(1, { state: "T" })));
});
