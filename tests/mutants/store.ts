/** The record: who comes first, what is written together, and that a store that fails stops nothing. */
import { editsOf } from "./mutant.ts";

export const STORE = [
  ...editsOf("src/store/transitions.ts", [
    ["a job that was ended while it started runs", "WHERE id = ? AND state = 'starting'`", "WHERE id = ?`"],
    [
      "the last reason wins",
      "WHERE id = ? AND state IN ('starting', 'running')`,\n    reason,",
      "WHERE id = ? AND state <> 'ended'`,\n    reason,",
    ],
    [
      "an end is recorded twice",
      "WHERE id = ? AND state <> 'ended'`,\n    ending.reason",
      "WHERE id = ?`,\n    ending.reason",
    ],
    [
      "an end leaves no event",
      'addEvent(on, id, { atMs: ending.endedAtMs, kind: "ended"',
      'if (false) addEvent(on, id, { atMs: ending.endedAtMs, kind: "ended"',
    ],
    ["the steps of an ending are lost", "for (const step of steps) addEvent(on, id, step);", ""],
    [
      "an ending leaves no event",
      'addEvent(on, id, { atMs: at.wallMs, kind: "ending"',
      'if (false) addEvent(on, id, { atMs: at.wallMs, kind: "ending"',
    ],
    [
      "a launch leaves no event",
      'addEvent(on, spec.id, { atMs: spec.createdAtMs, kind: "starting", detail: {} });',
      "",
    ],
    ["survivors are not recorded at the end", "JSON.stringify(ending.survivors)", '"[]"'],
    [
      "the samples of an ended job are replaced",
      "if (changed > 0 && ending.samples !== undefined)",
      "if (ending.samples !== undefined)",
    ],
    [
      "a job that is ending can be changed",
      "WHERE id = ? AND state IN ('starting', 'running')`,\n    JSON.stringify(to.limits)",
      "WHERE id = ? AND state <> 'ended'`,\n    JSON.stringify(to.limits)",
    ],
    ["a change leaves no event", "if (changed > 0) addEvent(on, id, event);", ""],
    ["the clocks of an ending are exchanged", "at.wallMs,\n    at.bootMs,", "at.bootMs,\n    at.wallMs,"],
  ], ["store/jobs_test.ts", "act/end/end_job_test.ts"]),
  ...editsOf("src/store/findings.ts", [
    ["what is found again is new", 'if (!keys.includes(key)) run("DELETE', 'run("DELETE'],
  ], ["store/jobs_test.ts"]),
  ...editsOf("src/store/job_reader.ts", [
    [
      "unkillable jobs are not live",
      "\"state <> 'ended' OR survivors <> '[]' ORDER BY created_at_ms, id\"",
      "\"state <> 'ended' ORDER BY created_at_ms, id\"",
    ],
  ], ["store"]),
  ...editsOf("src/store/jobs.ts", [
    ["an ended job is ending again", 'row === null || row.state === "ended" ? null', "row === null ? null"],
    ["the reason of an ending is one's own", 'reasonOf(row.reason, "reason");\n    });', "reason;\n    });"],
    [
      "survivors are not recorded afterwards",
      '"UPDATE jobs SET survivors = ? WHERE id = ?", JSON.stringify(survivors)',
      '"UPDATE jobs SET survivors = ? WHERE id = ?", "[]"',
    ],
    ["there is no transaction", 'run("BEGIN IMMEDIATE");', ""],
    ["a transaction is not immediate", 'run("BEGIN IMMEDIATE");', 'run("BEGIN");'],
    ["a transaction that fails stays open", 'if (this.db.isTransaction) run("ROLLBACK");', ""],
    [
      "half of what failed is kept",
      'if (this.db.isTransaction) run("ROLLBACK");',
      'if (this.db.isTransaction) run("COMMIT");',
    ],
    [
      "a strike is never taken back",
      "THEN owner_strikes + 1 ELSE 0 END",
      "THEN owner_strikes + 1 ELSE owner_strikes END",
    ],
  ], ["store"]),
  ...editsOf("src/store/find.ts", [
    ["all of a prefix's neighbours are found", "id >= ? AND id < ?", "id >= ? AND id > ?"],
    ["a name comes before a ref", '["ref", () => bearing("ref", word, read)]', '["ref", () => []]'],
    ["a live job hides behind ended ones", "...read(`${column} = ? AND ${LIVE} ${NEWEST}`, word),", ""],
  ], ["store"]),
  ...editsOf("src/store/ledger.ts", [
    [
      "a store that fails stops the enforcement",
      "onFailure(error);\n      return undefined;",
      "throw error;",
    ],
    ["what could not be written is lost", "this.#pending.push(write);", ""],
    ["what could not be written comes last", "applyOnce(this.#store, this.#pending[0]!);", "void 0;"],
    [
      "a write that failed is written again and again",
      "this.#pending.shift();",
      "if (this.#pending.length > 99) this.#pending.shift(); else break;",
    ],
    ["a failure is told each time", "if (this.#warned) return;", ""],
    ["a failure is told to nobody", "this.#say(error);", ""],
    [
      "a kill waits for the store",
      "const waitMs = processesLive || this.#pending.length > 0 ? HURRIED_WAIT_MS",
      "const waitMs = false ? HURRIED_WAIT_MS",
    ],
    [
      "another's reason is not heard",
      "store.claimEnding(id, reason, at)) ?? reason",
      "void store.claimEnding(id, reason, at)) ?? reason",
    ],
    [
      "a job without a store never runs",
      'this.#write<boolean>(["markRunning", [id, facts, limits]]) ?? true',
      'this.#write<boolean>(["markRunning", [id, facts, limits]]) ?? false',
    ],
    [
      "an end without a store was another's",
      "!this.options.isShared) ?? true",
      "!this.options.isShared) ?? false",
    ],
    [
      "a sample waits for the store",
      "return this.#attempt(0, (store) => {",
      "return this.#attempt(BUSY_TIMEOUT_MS, (store) => {",
    ],
    [
      "the deadline of the launch holds for ever",
      "return { deadlineBootMs: job.phase.run.deadlineBootMs, cpuTimeMs: job.spec.cpuTimeMs };",
      "return undefined;",
    ],
    ["nothing is written at the end", "if (this.isBehind) this.#attempt(BUSY_TIMEOUT_MS, () => {});", ""],
  ], ["store/ledger_test.ts", "act"]),
  ...editsOf("src/store/prune.ts", [
    ["the records of jobs with survivors are dropped", "AND survivors = '[]' ", ""],
    ["young records are dropped", "ended_at_ms < ?", "ended_at_ms <> ?"],
    [
      "the record of a cgroup that is there is dropped",
      "AND id NOT IN (SELECT value FROM json_each(?))",
      "AND ? <> ''",
    ],
    [
      "others are dropped than were chosen",
      "AND ${CONDITION}`;",
      "AND ended_at_ms < ? AND ? <> ''`;",
    ],
  ], ["store", "cli/commands/prune_test.ts"]),
  ...editsOf("src/store/ended_counts.ts", [
    ["what is dropped is not counted on", "SET jobs = jobs + excluded.jobs", "SET jobs = excluded.jobs"],
    [
      "dropped records are forgotten",
      "new Map(known?.byReason ?? droppedCounts(db))",
      "new Map(known?.byReason ?? [])",
    ],
    ["each look counts all again", ".all(known?.last ?? -1, last)", ".all(-1, last)"],
  ]),
  ...editsOf("src/store/open.ts", [
    ["a store of a newer corral is taken", "if (version() > MIGRATIONS.length) {", "if (false) {"],
    ["the store can be read by all", "createNew: true, mode: 0o600", "createNew: true, mode: 0o644"],
    [
      "half a migration stays",
      'db.exec("ROLLBACK");\n    throw error;',
      'db.exec("COMMIT");\n    throw error;',
    ],
    ["opening does not wait for others", "{ timeout: waitMs }", "{ timeout: 0 }"],
  ], ["store"]),
  ...editsOf("src/store/sweep_lock.ts", [
    [
      "two sweeps run at once",
      "if (file.tryLockSync(true)) return",
      "file.tryLockSync(true);\n    if (true) return",
    ],
    ["a sweep that is over keeps the lock", "file.unlockSync();\n  file.close();", "void file;"],
  ]),
  ...editsOf("src/store/rows.ts", [
    ["the boot id of a supervisor is not the job's", 'bootId: present(row.boot_id, "boot_id")', 'bootId: ""'],
    [
      "the start time of the leader is its pid",
      'startTicks: present(row.pid_start_ticks, "pid_start_ticks")',
      'startTicks: present(row.pid, "pid")',
    ],
    [
      "the deadline is the start",
      "deadlineBootMs: row.deadline_boot_ms",
      "deadlineBootMs: row.started_boot_ms",
    ],
    ["the trigger is lost", "row.trigger_reason ?? row.reason", "row.reason"],
    ["a job is never adopted", "adopted: row.adopted !== 0", "adopted: false"],
    ["a damaged row ends the program", "throw new DamagedRow(row.id, storePath, cause);", "throw cause;"],
  ], ["store"]),
  ...editsOf("src/store/samples.ts", [
    ["the peaks of an ended job change", "WHERE id = ? AND state <> 'ended'`", "WHERE id = ?`"],
    ["old samples stay", 'run("DELETE FROM samples WHERE job_id = ?", id);', ""],
  ], ["store"]),
];
