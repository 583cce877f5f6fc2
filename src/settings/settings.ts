/** The table of all keys of the configuration file. Reader, manual and tests derive from its rows, so a new setting is one new row. */
import { parserFor, UsageError } from "../base/errors.ts";
import { isPoolName, type Pool, POOL_NAME_FORMS } from "../job/pool.ts";
import { parseCpus } from "../value/cpus.ts";
import { parseDurationMs } from "../value/duration.ts";
import { parseMemoryBytes } from "../value/size.ts";

/** Statuses by which the owner reports a job as over, in lower case. The configuration may add more. */
export const FINISHED_STATUSES: readonly string[] = [
  ...["completed", "failed", "cancelled", "timeout", "out_of_memory", "node_fail", "boot_fail", "deadline"],
  ...["preempted", "revoked"],
];

/** The type that the validator demands of a value; the file is refused otherwise. */
export type FileType =
  | { readonly kind: "text"; readonly mayBeEmpty: boolean }
  | { readonly kind: "choice"; readonly words: readonly string[] }
  | { readonly kind: "flag" }
  | { readonly kind: "words" }
  | { readonly kind: "count"; readonly min: number }
  | { readonly kind: "number" }
  /** A table of tables, each with keys of these types. */
  | { readonly kind: "tables"; readonly keys: Readonly<Record<string, FileType>> };

/** Converts the value of the file, or its default, into the setting. `source` names file and key in errors. */
interface Kind<T> {
  readonly type: FileType;
  readonly typeWords: string;
  readonly read: (given: FileValue | null, source: string) => T;
}

/** A value as smol-toml returns it, checked against its FileType. */
export type FileValue = string | boolean | number | readonly string[] | FileTables;

/** Tables of one kind, by their names. */
export type FileTables = { readonly [name: string]: { readonly [key: string]: string | number | undefined } };

/** One key of the configuration file. */
export interface Setting<T = unknown> extends Kind<T> {
  readonly key: string;
  /** The default as the file would have it; null when there is none. */
  readonly default: FileValue | null;
  /** Words for the manual where `default` alone does not describe the behaviour without the key. */
  readonly defaultWords?: string;
  readonly help: string;
  /** True when only sweeps read it. */
  readonly isForSweeps?: true;
}

const text: FileType = { kind: "text", mayBeEmpty: true };

function choice<const W extends string>(...words: W[]): Kind<W> {
  const quoted = words.map((word) => `"${word}"`);
  return {
    type: { kind: "choice", words },
    typeWords: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    read: (given) => given as W,
  };
}

function parsed<T>(typeWords: string, parse: (text: string) => T): Kind<T> {
  return { type: text, typeWords, read: (given, source) => parserFor(source, parse)(given as string) };
}

const flag: Kind<boolean> = {
  type: { kind: "flag" },
  typeWords: "true or false",
  read: (given) => given as boolean,
};

const directory: Kind<string | null> = {
  type: text,
  typeWords: "a directory",
  read: (given, source) => {
    const text = given as string | null;
    // A directory of that very name is never meant.
    if (text !== null && /^~|%[a-zA-Z]/.test(text)) {
      throw new UsageError(`${source}: neither ~ nor %u is expanded`, {
        remedy: "give a plain path; user-state-dir has a directory for each user",
      });
    }
    return text;
  },
};

const shellCommand: Kind<string | null> = {
  type: { kind: "text", mayBeEmpty: false },
  typeWords: "a command line of the shell",
  read: (given) => given as string | null,
};

const finishedStatuses: Kind<readonly string[]> = {
  type: { kind: "words" },
  typeWords: "a list of words without blanks",
  read: (given) => [
    ...FINISHED_STATUSES,
    ...(given as readonly string[]).map((word) => word.toLowerCase()),
  ],
};

function count(min: number): Kind<number> {
  return {
    type: { kind: "count", min },
    typeWords: `a whole number, at least ${min}`,
    read: (given) => given as number,
  };
}

const number: FileType = { kind: "number" };

/** The keys of `[pools.NAME]`. */
const POOL_KEYS = {
  "jobs": { kind: "count", min: 0 },
  "memory": text,
  "cpus": number,
  "default-memory": text,
} as const satisfies Record<string, FileType>;

const pools: Kind<ReadonlyMap<string, Pool>> = {
  type: { kind: "tables", keys: POOL_KEYS },
  typeWords: "tables `[pools.NAME]` with the keys `jobs`, `memory`, `cpus` and `default-memory`",
  read: (given, source) =>
    new Map(
      Object.entries(given as FileTables | null ?? {}).map((
        [name, keys],
      ) => [name, poolFrom(name, keys, source)]),
    ),
};

function poolFrom(name: string, keys: FileTables[string], source: string): Pool {
  const where = `${source}.${name}`;
  if (!isPoolName(name)) {
    throw new UsageError(`${source}: no pool can have the name ${JSON.stringify(name)}`, {
      remedy: `give ${POOL_NAME_FORMS}`,
    });
  }
  const bytes = (key: "memory" | "default-memory") =>
    keys[key] === undefined ? null : parserFor(`${where}.${key}`, parseMemoryBytes)(keys[key] as string);
  const memoryBytes = bytes("memory");
  const defaultMemoryBytes = bytes("default-memory");
  if (memoryBytes !== null && defaultMemoryBytes !== null && defaultMemoryBytes > memoryBytes) {
    throw new UsageError(`${where}: default-memory is more than the memory of the whole pool`);
  }
  const cpus = keys["cpus"] === undefined
    ? null
    : parserFor(`${where}.cpus`, parseCpus)(String(keys["cpus"]));
  return { name, jobs: (keys["jobs"] as number | undefined) ?? null, memoryBytes, cpus, defaultMemoryBytes };
}

const grace = parsed("a DURATION", (given) => parseDurationMs(given, { zeroAllowed: true }));
const duration = parsed("a DURATION", (given) => parseDurationMs(given));
const retention = parsed(
  'a DURATION or "none"',
  (given) => given === "none" ? null : parseDurationMs(given),
);

function setting<T>(kind: Kind<T>, row: Omit<Setting<T>, keyof Kind<T>>): Setting<T> {
  return { ...kind, ...row };
}

/** The rows by the name that the program has for the setting. */
export const SETTING_BY_NAME = {
  stateDir: setting(directory, {
    key: "state-dir",
    default: null,
    defaultWords:
      "/var/lib/corral for root; else a directory of `user-state-dir`, or $XDG_STATE_HOME/corral or ~/.local/state/corral, or, where that is not on a local disk, /var/tmp/corral-UID",
    help: "Where the store is. `--state-dir` and `CORRAL_STATE_DIR` go before it.",
  }),
  userStateDir: setting(directory, {
    key: "user-state-dir",
    default: null,
    defaultWords: "/var/lib/corral/users",
    help:
      "Where root has made a directory (mode 1777) for the stores of all users: each is UID/ in it, the user's alone. Without it, see `state-dir`.",
  }),
  backend: setting(choice("auto", "systemd", "cgroupfs"), {
    key: "backend",
    default: "auto",
    help: "What makes the cgroup of a job. `--backend` goes before it.",
  }),
  graceMs: setting(grace, {
    key: "grace",
    default: "2s",
    help: "The time from the first signal to KILL. `--grace` goes before it.",
  }),
  bestEffort: setting(flag, {
    key: "best-effort",
    default: false,
    help:
      "Whether jobs run although a limit cannot be enforced here, or outside of the job that corral is in, with a warning in place of an error. `--best-effort` does so for one job.",
  }),
  onOrphan: setting(choice("kill", "keep"), {
    key: "on-orphan",
    default: "kill",
    help:
      "What a sweep does with a live job whose supervisor is gone. A job that is kept still ends at its deadline.",
    isForSweeps: true,
  }),
  idleAction: setting(choice("report", "kill"), {
    key: "idle-action",
    default: "report",
    help:
      "What becomes of a job that was idle for all of its `--idle-after`. `--idle-action` says so for one job.",
  }),
  heartbeatStartMs: setting(duration, {
    key: "heartbeat-start",
    default: "10m",
    help:
      "How long the first heartbeat of a job with `--heartbeat` may take, or `--heartbeat` itself where that is longer. `--heartbeat-start` says so for one job.",
  }),
  healthIntervalMs: setting(duration, {
    key: "health-interval",
    default: "1m",
    help: "How often a `--health-command` is asked. `--health-interval` says so for one job.",
  }),
  journal: setting(flag, {
    key: "journal",
    default: true,
    help:
      "Whether the journal of the node gets a line at each end of a job, with the fields CORRAL_JOB_ID, CORRAL_REASON, CORRAL_EXIT_CODE, CORRAL_NAME, CORRAL_REF and CORRAL_USER: `journalctl -t corral`.",
  }),
  escapees: setting(choice("report", "kill"), {
    key: "escapees",
    default: "report",
    help:
      "What a sweep does with processes that left the cgroup of their job. They are ended only when the job is over.",
    isForSweeps: true,
  }),
  statusCommand: setting(shellCommand, {
    key: "status-command",
    default: null,
    help: "Asks the owner of the jobs which of them are finished: see corral-sweep(1).",
    isForSweeps: true,
  }),
  finishedStatuses: setting(finishedStatuses, {
    key: "finished-statuses",
    default: [],
    help: `Words of the status command that mean finished, in any case, besides ${
      FINISHED_STATUSES.map((word) => `\`${word}\``).join(", ")
    }.`,
    isForSweeps: true,
  }),
  // A single wrong answer of the owner must not end a job.
  strikes: setting(count(1), {
    key: "strikes",
    default: 2,
    help: "How many sweeps in a row must get the answer that a job is finished before one ends it.",
    isForSweeps: true,
  }),
  retentionMs: setting(retention, {
    key: "retention",
    default: "90d",
    help:
      'How long the record of an ended job is kept. Sweeps drop older ones, some at a time. `"none"` keeps all.',
    isForSweeps: true,
  }),
  pools: setting(pools, {
    key: "pools",
    default: null,
    help:
      "The pools of `corral run --pool`: `jobs` at once (0: nothing more is started), `memory` and `cpus` of all together, `default-memory` of a job that has no limit of its own.",
  }),
};

/** The settings as file and defaults give them. */
export type FileSettings = {
  [Name in keyof typeof SETTING_BY_NAME]: ReturnType<(typeof SETTING_BY_NAME)[Name]["read"]>;
};

/** The configuration file and the global options, merged. `retentionMs`: null keeps records for ever. */
export interface Settings extends FileSettings {
  stateDir: string;
  storeFile: string;
  /** The caller named the directory: it is that store alone which is meant. */
  isStateDirNamed: boolean;
  /** Where the user's store was before it was in `stateDir`; null for a directory that was named, and where it was never elsewhere. */
  formerStateDir: string | null;
  /** The configuration that was named, as an absolute path; null: the default one, or none. */
  configFile: string | null;
}

/** The rows, in the order of the manual. */
export const SETTINGS: readonly Setting[] = Object.values(SETTING_BY_NAME);

/** The behaviour without the key, in the words of the file. */
export function defaultWords({ default: value, defaultWords }: Setting): string {
  return defaultWords ?? (value === null ? "none" : JSON.stringify(value));
}
