import assert from "node:assert/strict";
import { isOrphaned, sessionsOf } from "../../../src/observe/strays_orphaned.ts";
import { selectStrays } from "../../../src/observe/strays_select.ts";
import type { Process } from "../../../src/linux/processes.ts";
import { processOf } from "../../kit/fakes/process.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const USER_MANAGER = processOf(50, {
  cgroupPath: "/user.slice/user-1000.slice/user@1000.service/init.scope",
  words: ["/lib/systemd/systemd", "--user"],
});
const IN_MANAGER = "/user.slice/user-1000.slice/user@1000.service/app.slice";

const orphaned = (changes: Partial<Process>, parent: Process | null = null) =>
  isOrphaned(processOf(99, changes), parent, (name) => name === "3");

Deno.test("isOrphaned() holds for what init or a user's manager has taken in", () => {
  assert.ok(orphaned({ ppid: 1 }));
  assert.ok(orphaned({ ppid: 50, cgroupPath: `${IN_MANAGER}/run-u1.scope` }, USER_MANAGER));
  assert.ok(!orphaned({ ppid: 7 }, processOf(7)));
  assert.ok(!orphaned({ ppid: 7 }));
});

Deno.test("isOrphaned() spares what has a terminal or a login session that goes on", () => {
  const inSession = (name: string) => `/user.slice/user-1000.slice/session-${name}.scope`;
  assert.ok(!orphaned({ ppid: 1, terminal: 34_816 }));
  assert.ok(!orphaned({ ppid: 1, cgroupPath: inSession("3") }));
  assert.ok(orphaned({ ppid: 1, cgroupPath: inSession("4") }));
});

Deno.test("isOrphaned() spares the main process of a user's service, and not what it left behind", () => {
  const cgroupPath = `${IN_MANAGER}/server.service`;
  assert.ok(!orphaned({ ppid: 50, cgroupPath, session: 99 }, USER_MANAGER));
  assert.ok(orphaned({ ppid: 50, cgroupPath, session: 98 }, USER_MANAGER));
});

Deno.test("sessionsOf() takes a closing session for none, and one that is not known for one", () => {
  using dir = new TempDir();
  Deno.mkdirSync(`${dir.path}/systemd/sessions`, { recursive: true });
  Deno.writeTextFileSync(`${dir.path}/systemd/sessions/3`, "UID=1000\nSTATE=active\n");
  Deno.writeTextFileSync(`${dir.path}/systemd/sessions/c4`, "UID=1000\nSTATE=closing\n");
  const isSession = sessionsOf(dir.path);
  assert.deepEqual(["3", "c4", "5", "c4"].map(isSession), [true, false, true, false]);
});

Deno.test("selectStrays() of what is orphaned, and without what is excluded", () => {
  const list = [
    processOf(7, { ppid: 1 }),
    processOf(8, { ppid: 7 }),
    processOf(9, { ppid: 1, words: ["python3", "run_fastsurfer.py", "--keep"] }),
  ];
  const pids = (criteria: Partial<Parameters<typeof selectStrays>[1]>) =>
    selectStrays(list, {
      match: /fastsurfer/,
      refPattern: null,
      olderThanMs: null,
      uid: null,
      tree: false,
      ...criteria,
    }, new Set()).map(({ process }) => process.pid);
  assert.deepEqual(pids({}), [7, 8, 9]);
  assert.deepEqual(pids({ orphanedFrom: () => true }), [7, 9]);
  assert.deepEqual(pids({ orphanedFrom: () => true, exclude: /--keep$/ }), [7]);
  assert.deepEqual(pids({ tree: true, orphanedFrom: () => true, exclude: /--keep$/ }), [7, 8]);
});
