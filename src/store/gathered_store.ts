/**
 * The jobs of several users as one store in memory, for root's verbs that only look: each job says in whose store it is (Job.storeUid). Whatever a user's process answered is checked here, and
 * what the answer says of its own owner is replaced by what root knows.
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { LocalDatabase } from "./database.ts";
import { JobStore } from "./jobs.ts";
import { openNothing } from "./open.ts";
import type { RowQuery } from "./pages.ts";
import { jobFromRow, type JobRow, OWNER_COLUMN } from "./rows.ts";
import type { SharedRows } from "./shared_rows.ts";

/** The answer of one user's process. */
export interface UsersRows {
  uid: number;
  name: string;
  rows: SharedRows["rows"];
  /** The user's process gave no answer in time. */
  isSilent?: true;
}

/** Checks beyond the types of the columns. */
export interface GatherOptions {
  /** Which of root's own jobs; the users' processes have chosen already. */
  own: Omit<RowQuery, "select">;
  /** Milliseconds since the epoch: what is later, or before there were cgroups, is no time of a job. */
  nowMs: number;
  /** True when the cgroup is one that the user may change: a record that names another one shows nothing of it. */
  isUsersCgroup: (path: string, uid: number) => boolean;
  /** Receives the name of a user whose row could not be taken. */
  onDamage: (user: string) => void;
}

/** A store without a job, to gather the users' alone with. */
export function noJobs(actor: string): JobStore {
  return JobStore.of(new LocalDatabase(openNothing(), "", ""), ":memory:", actor);
}

/** Throws StoreError when root's own store cannot be read. */
export function gather(own: JobStore, users: readonly UsersRows[], options: GatherOptions): JobStore {
  const db = openNothing();
  const known = sharedTable(db);
  const insert = inserting(db, known);
  const nothing = Object.fromEntries([...known].map((name) => [name, null]));
  db.exec("BEGIN");
  const columns = own.columns().filter((name) => known.has(name));
  const select = columns.map((name) => `"${name}"`);
  let damaged = 0;
  const take = (name: string, act: () => void) => {
    try {
      act();
    } catch {
      damaged++;
      options.onDamage(name);
    }
  };
  for (const values of own.rows<SQLInputValue[]>({ select, ...options.own })) {
    take("root", () => insert(Object.fromEntries(columns.map((name, index) => [name, values[index]!])), 0));
  }
  for (const { uid, name, rows } of users) {
    const damagedBefore = damaged;
    for (const row of rows) {
      // The rest of a store that is made of damage is not looked at.
      if (damaged - damagedBefore > MOST_DAMAGED) break;
      take(name, () => {
        const taken = trusted(row, { uid, name }, options);
        // What cannot be read as a job would make a whole report fail.
        jobFromRow({ ...nothing, ...taken } as JobRow, own.path);
        insert(taken, uid);
      });
    }
  }
  db.exec("COMMIT");
  return JobStore.of(new LocalDatabase(db, "", ""), own.path, own.actor);
}

/** Makes `jobs` a table in which an id may stand for each owner; the names of its columns. The types of STRICT stay. */
function sharedTable(db: DatabaseSync): Set<string> {
  db.exec("PRAGMA foreign_keys = OFF");
  const { table, indexes } = tableParts(db);
  const made = table.replace("id TEXT PRIMARY KEY", `id TEXT NOT NULL, ${OWNER_COLUMN} INTEGER NOT NULL`);
  db.exec(
    `DROP TABLE jobs; ${
      [made, ...indexes, `CREATE UNIQUE INDEX jobs_id ON jobs (id, ${OWNER_COLUMN})`].join("; ")
    }`,
  );
  return new Set(db.prepare("PRAGMA table_info(jobs)").all().map(({ name }) => String(name)));
}

/** The SQL that made `jobs`, and its indexes. */
export function tableParts(db: DatabaseSync): { table: string; indexes: string[] } {
  const made = db.prepare("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'jobs' AND sql IS NOT NULL")
    .all();
  const sqlOf = (type: string) => made.filter((one) => one["type"] === type).map(({ sql }) => String(sql));
  return { table: sqlOf("table")[0]!, indexes: sqlOf("index") };
}

/** One prepared statement for each set of columns: users may run other versions of corral. */
function inserting(db: DatabaseSync, known: ReadonlySet<string>) {
  const statements = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  return (row: Readonly<Record<string, SQLInputValue>>, owner: number): void => {
    const columns = Object.keys(row).filter((name) => known.has(name) && name !== OWNER_COLUMN);
    const key = columns.join(",");
    if (!statements.has(key)) {
      const names = [...columns, OWNER_COLUMN];
      const sql = `INSERT INTO jobs (${names.map((name) => `"${name}"`)}) VALUES (${names.map(() => "?")})
        ON CONFLICT (id, ${OWNER_COLUMN}) DO NOTHING`;
      statements.set(key, db.prepare(sql));
    }
    statements.get(key)!.run(...columns.map((name) => row[name]!), owner);
  };
}

const TIMES = ["created_at_ms", "started_at_ms", "ending_at_ms", "ended_at_ms"];
const FIRST_MS = Date.UTC(2000, 0);
const DAY_MS = 86_400_000;
const MOST_DAMAGED = 100;

/** Throws an Error for a time before there were cgroups, or later than clocks of two nodes differ. */
export function checkTimes(row: Readonly<Record<string, SQLInputValue>>, nowMs: number): void {
  for (const column of TIMES) {
    const ms = row[column] ?? null;
    if (ms !== null && !(Number(ms) >= FIRST_MS && Number(ms) <= nowMs + DAY_MS)) {
      throw new Error(`${column} cannot be ${ms}`);
    }
  }
}

/** No inode of a directory. */
const NO_INODE = 0;

function trusted(
  row: Readonly<Record<string, SQLInputValue>>,
  { uid, name }: Pick<UsersRows, "uid" | "name">,
  { isUsersCgroup, nowMs }: Pick<GatherOptions, "isUsersCgroup" | "nowMs">,
): Record<string, SQLInputValue> {
  checkTimes(row, nowMs);
  const path = row["cgroup_path"];
  const isOwn = typeof path === "string" && row["state"] !== "ended" && isUsersCgroup(path, uid);
  return { ...row, uid, user: name, ...(isOwn || path === null ? {} : { cgroup_inode: NO_INODE }) };
}
