/** Settings: global options before environment before configuration file before defaults. */
import { fromHere } from "../base/path.ts";
import { parserFor, UsageError } from "../base/errors.ts";
import { parseDurationMs } from "../value/duration.ts";
import { FINISHED_STATUSES } from "../observe/owner_answers.ts";
import type { BackendName } from "../job/job.ts";
import type { Settings } from "./settings.ts";

/** Read when it exists and no other file is named. */
export const DEFAULT_CONFIG = "/etc/corral/config.toml";
const DEFAULT_GRACE_MS = 2_000;
/** One wrong answer of the owner's must not end a job. */
const DEFAULT_STRIKES = 2;

/** The keys of the file. The libraries for it are loaded only where there is a file. */
interface Config {
  "state-dir"?: string | undefined;
  "backend"?: BackendName | "auto" | undefined;
  "grace"?: string | undefined;
  "best-effort"?: boolean | undefined;
  "on-orphan"?: Settings["onOrphan"] | undefined;
  "escapees"?: Settings["escapees"] | undefined;
  "status-command"?: string | undefined;
  "finished-statuses"?: string[] | undefined;
  "strikes"?: number | undefined;
  "retention"?: string | undefined;
}

/** 90 days. */
const DEFAULT_RETENTION_MS = 90 * 86_400_000;

/** What the settings depend on besides the file. */
export interface Surroundings {
  uid: number;
  hostName: string;
  env: Record<string, string>;
  cwd: string;
  options: { stateDir?: string; config?: string };
}

/** Reads the configuration file, when there is one. Throws UsageError naming file, line and key. */
export async function readSettings(around: Surroundings): Promise<Settings> {
  const named = around.options.config ?? around.env["CORRAL_CONFIG"];
  const file = named ?? DEFAULT_CONFIG;
  const config = await parseConfig(file, readFile(file, named !== undefined));
  const stateDir = around.options.stateDir ?? around.env["CORRAL_STATE_DIR"] ?? config["state-dir"] ??
    defaultStateDir(around);
  if (stateDir === "" || stateDir.includes("\0")) throw new UsageError("--state-dir: give a directory");
  return {
    stateDir: fromHere(around.cwd, stateDir),
    // Homes are shared between nodes: one file per node. Root's directory is the node's own.
    storeFile: around.uid === 0 ? "corral.db" : `${around.hostName}.db`,
    backend: config.backend ?? "auto",
    graceMs: config.grace === undefined
      ? DEFAULT_GRACE_MS
      : parserFor(`${file}: grace`, (text) => parseDurationMs(text, { zeroAllowed: true }))(config.grace),
    bestEffort: config["best-effort"] ?? false,
    onOrphan: config["on-orphan"] ?? "kill",
    escapees: config.escapees ?? "report",
    statusCommand: config["status-command"] ?? null,
    finishedStatuses: [
      ...FINISHED_STATUSES,
      ...(config["finished-statuses"] ?? []).map((word) => word.toLowerCase()),
    ],
    strikes: config.strikes ?? DEFAULT_STRIKES,
    retentionMs: config.retention === undefined
      ? DEFAULT_RETENTION_MS
      : parserFor(`${file}: retention`, parseRetentionMs)(config.retention),
  };
}

function parseRetentionMs(text: string): number | null {
  return text === "none" ? null : parseDurationMs(text);
}

function readFile(file: string, asked: boolean): string | null {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    if (!asked && cause instanceof Deno.errors.NotFound) return null;
    throw new UsageError(`cannot read the configuration ${file}: ${(cause as Error).message}`);
  }
}

async function parseConfig(file: string, text: string | null): Promise<Config> {
  if (text === null) return {};
  const [{ parse }, v] = await Promise.all([import("smol-toml"), import("valibot")]);
  const schema = v.strictObject({
    "state-dir": v.optional(v.string()),
    "backend": v.optional(v.picklist(["auto", "systemd", "cgroupfs"])),
    "grace": v.optional(v.string()),
    "best-effort": v.optional(v.boolean()),
    "on-orphan": v.optional(v.picklist(["kill", "keep"])),
    "escapees": v.optional(v.picklist(["report", "kill"])),
    "status-command": v.optional(v.pipe(v.string(), v.nonEmpty())),
    "finished-statuses": v.optional(v.array(v.pipe(v.string(), v.regex(/^\S+$/)))),
    "retention": v.optional(v.string()),
    "strikes": v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  });
  let table: unknown;
  try {
    table = parse(text);
  } catch (error) {
    const { line, column, message } = error as { line?: number; column?: number; message: string };
    throw new UsageError(`${file}:${line ?? "?"}:${column ?? "?"}: ${message.split("\n")[0]}`);
  }
  const result = v.safeParse(schema, table);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new UsageError(`${file}: ${v.getDotPath(issue) ?? "?"}: ${issue.message}`, {
    mend: `known keys: ${Object.keys(schema.entries).join(", ")}`,
  });
}

function defaultStateDir({ uid, env }: Surroundings): string {
  if (uid === 0) return "/var/lib/corral";
  const base = env["XDG_STATE_HOME"];
  if (base?.startsWith("/")) return `${base}/corral`;
  const home = env["HOME"];
  if (!home?.startsWith("/")) {
    throw new UsageError("no place for the store: HOME is not set", { mend: "give --state-dir" });
  }
  return `${home}/.local/state/corral`;
}
