/** Reads the settings. Global options take precedence over the environment, that over the configuration file, that over the defaults. */
import { fromHere } from "../base/path.ts";
import { UsageError } from "../base/errors.ts";
import { hintOf } from "../base/near.ts";
import { quoted } from "../base/text.ts";
import { readSmallFile } from "../base/small_file.ts";
import { isAnythingAt, ownersOf, refuseChangeable } from "../base/trust.ts";
import {
  type FileSettings,
  type FileType,
  type FileValue,
  SETTING_BY_NAME,
  SETTINGS,
  type Settings,
} from "./settings.ts";

/** The configuration file that is read, where it exists, when the caller names no other. */
export const DEFAULT_CONFIG = "/etc/corral/config.toml";

/** The file's values by key. */
type Config = Readonly<Record<string, FileValue | undefined>>;

/** Everything besides the file that the settings depend on. */
export interface Surroundings {
  uid: number;
  /** Where the store of a user is when no directory was named; `usersDir` is the configuration's. Throws StoreError. */
  userStateDir: (known: { inHome: string | null; usersDir: string | null }) => string;
  /** False for a path that does not answer in time; without, every path does. */
  answers?: (path: string) => Promise<boolean>;
  /** Name of the store's file in its directory. */
  storeFile: (stateDir: string) => string;
  env: Record<string, string>;
  cwd: string;
  options: { stateDir?: string; config?: string };
  /** The user's home by the name services, for an environment without HOME (cron, env -i); null when they know none. */
  homeOfUser?: () => Promise<string | null>;
}

/** Reads the configuration file, when there is one. Throws UsageError naming file, line and key, TrustError. */
export async function readSettings(around: Surroundings): Promise<Settings> {
  const namedFile = around.options.config ?? around.env["CORRAL_CONFIG"];
  const file = namedFile ?? DEFAULT_CONFIG;
  if (await around.answers?.(fromHere(around.cwd, file)) === false) {
    throw new UsageError(`cannot read the configuration ${file}: its file system does not answer`, {
      remedy: "name another: --config",
    });
  }
  const text = readFile(file, { cwd: around.cwd, named: namedFile !== undefined, asRoot: around.uid === 0 });
  const config = await parseConfig(file, text);
  const fromFile = settingsOf(config, file);
  const byCaller = around.options.stateDir ?? around.env["CORRAL_STATE_DIR"];
  const named = byCaller ?? fromFile.stateDir;
  const { stateDir, formerStateDir } = named === null || named === undefined
    ? await defaultStateDir(around, fromFile.userStateDir)
    : { stateDir: named, formerStateDir: null };
  if (stateDir === "" || stateDir.includes("\0")) throw new UsageError("--state-dir: give a directory");
  const absolute = fromHere(around.cwd, stateDir);
  const configFile = namedFile === undefined ? null : fromHere(around.cwd, namedFile);
  return {
    ...fromFile,
    stateDir: absolute,
    isStateDirNamed: byCaller !== undefined,
    formerStateDir,
    configFile,
    storeFile: around.storeFile(absolute),
  };
}

function settingsOf(config: Config, file: string): FileSettings {
  const all = Object.entries(SETTING_BY_NAME).map(([name, { key, default: without, read }]) =>
    [name, read(config[key] ?? without, `${file}: ${key}`)] as const
  );
  return Object.fromEntries(all) as FileSettings;
}

interface Reading {
  cwd: string;
  /** True when the caller named the file: a missing one is then an error. */
  named: boolean;
  asRoot: boolean;
}

function readFile(file: string, { cwd, named, asRoot }: Reading): string | null {
  const path = fromHere(cwd, file);
  // The file can name a command that root runs, and the directory of the store.
  if (asRoot && isAnythingAt(path)) refuseOthersConfig(path);
  try {
    return readSmallFile(path);
  } catch (cause) {
    if (!named && cause instanceof Deno.errors.NotFound) return null;
    throw new UsageError(`cannot read the configuration ${file}: ${(cause as Error).message}`);
  }
}

/** Throws TrustError for a file that another user can change. */
function refuseOthersConfig(file: string): void {
  const remedy = "put it where only root can write, or name another: --config";
  refuseChangeable({ what: "the configuration", path: file, remedy, mayBeInSticky: true }, ownersOf(file));
}

/** Loads the parser and the validator only where there is a file: both cost start-up time. */
async function parseConfig(file: string, text: string | null): Promise<Config> {
  if (text === null) return {};
  const [{ parse }, v] = await Promise.all([import("smol-toml"), import("valibot")]);
  const checks = SETTINGS.map(({ key, type }) => [key, v.optional(checkOf(v, type))] as const);
  let table: unknown;
  try {
    table = parse(text);
  } catch (error) {
    const { line, column, message } = error as { line?: number; column?: number; message: string };
    throw new UsageError(`${file}:${line ?? "?"}:${column ?? "?"}: ${message.split("\n")[0]}`);
  }
  const result = v.safeParse(v.strictObject(Object.fromEntries(checks)), table);
  if (result.success) return result.output as Config;
  const issue = result.issues[0];
  if (issue.type === "strict_object" && issue.expected === "never") {
    throw unknownKey(file, issue.path?.map(({ key }) => String(key)) ?? []);
  }
  throw new UsageError(`${file}: ${v.getDotPath(issue) ?? "?"}: ${issue.message}`, {
    remedy: "see: corral help config",
  });
}

function unknownKey(file: string, path: readonly string[]): UsageError {
  const known = keysBeside(path);
  return new UsageError(`${file}: unknown key ${quoted(path.join("."))}${hintOf(path.at(-1) ?? "", known)}`, {
    remedy: `known keys: ${known.join(", ")}`,
  });
}

/** The keys that stand where an unknown one was found: of the file, or of one of its tables (`[pools.NAME]`). */
function keysBeside([first, ...below]: readonly string[]): readonly string[] {
  const type = SETTINGS.find(({ key }) => key === first)?.type;
  return below.length > 0 && type?.kind === "tables"
    ? Object.keys(type.keys)
    : SETTINGS.map(({ key }) => key);
}

type Valibot = typeof import("valibot");

function checkOf(v: Valibot, type: FileType): import("valibot").GenericSchema {
  switch (type.kind) {
    case "text":
      return type.mayBeEmpty ? v.string() : v.pipe(v.string(), v.nonEmpty());
    case "choice":
      return v.picklist(type.words);
    case "flag":
      return v.boolean();
    case "words":
      return v.array(v.pipe(v.string(), v.regex(/^\S+$/)));
    case "count":
      return v.pipe(v.number(), v.integer(), v.minValue(type.min));
    case "number":
      return v.number();
    case "tables": {
      const keys = Object.entries(type.keys).map(([key, of]) => [key, v.optional(checkOf(v, of))] as const);
      const isTable = (value: unknown) =>
        typeof value === "object" && value !== null && !(value instanceof Date);
      return v.pipe(
        v.custom<object>(isTable, "Expected a table"),
        v.record(v.string(), v.strictObject(Object.fromEntries(keys))),
      );
    }
  }
}

/** The home's own directory is the former one where it is not the one in use: before there were others, the store was there. */
async function defaultStateDir(
  around: Surroundings,
  usersDir: string | null,
): Promise<Pick<Settings, "stateDir" | "formerStateDir">> {
  // Root follows no path of a user's.
  if (around.uid === 0) return { stateDir: "/var/lib/corral", formerStateDir: null };
  const inHome = await stateDirInHome(around);
  const stateDir = around.userStateDir({ inHome, usersDir });
  return { stateDir, formerStateDir: stateDir === inHome ? null : inHome };
}

/** As the XDG base directory specification has it; null without a home. */
async function stateDirInHome({ env, homeOfUser }: Surroundings): Promise<string | null> {
  const base = env["XDG_STATE_HOME"];
  if (isAbsolute(base)) return `${base}/corral`;
  const home = isAbsolute(env["HOME"]) ? env["HOME"] : await homeOfUser?.();
  return isAbsolute(home) ? `${home}/.local/state/corral` : null;
}

function isAbsolute(path: string | null | undefined): path is string {
  return path?.startsWith("/") ?? false;
}
