/** Settings: global options before environment before configuration file before defaults. */
import { fromHere } from "../base/path.ts";
import { UsageError } from "../base/errors.ts";
import {
  type FileSettings,
  type FileType,
  type FileValue,
  SETTING_BY_NAME,
  SETTINGS,
  type Settings,
} from "./settings.ts";

/** Read when it exists and no other file is named. */
export const DEFAULT_CONFIG = "/etc/corral/config.toml";

/** What the file holds, by its keys. */
type Config = Readonly<Record<string, FileValue | undefined>>;

/** What the settings depend on besides the file. */
export interface Surroundings {
  uid: number;
  /** Where the store of a user is when no directory was named; `usersDir` is the configuration's. Throws StoreError. */
  userStateDir: (known: { inHome: string | null; usersDir: string | null }) => string;
  /** Name of the store's file in its directory. */
  storeFile: (stateDir: string) => string;
  env: Record<string, string>;
  cwd: string;
  options: { stateDir?: string; config?: string };
}

/** Reads the configuration file, when there is one. Throws UsageError naming file, line and key. */
export async function readSettings(around: Surroundings): Promise<Settings> {
  const named = around.options.config ?? around.env["CORRAL_CONFIG"];
  const file = named ?? DEFAULT_CONFIG;
  const config = await parseConfig(file, readFile(file, named !== undefined));
  const fromFile = settingsOf(config, file);
  const stateDir = around.options.stateDir ?? around.env["CORRAL_STATE_DIR"] ?? fromFile.stateDir ??
    defaultStateDir(around, fromFile.userStateDir);
  if (stateDir === "" || stateDir.includes("\0")) throw new UsageError("--state-dir: give a directory");
  const absolute = fromHere(around.cwd, stateDir);
  return { ...fromFile, stateDir: absolute, storeFile: around.storeFile(absolute) };
}

function settingsOf(config: Config, file: string): FileSettings {
  const all = Object.entries(SETTING_BY_NAME).map(([name, { key, default: without, read }]) =>
    [name, read(config[key] ?? without, `${file}: ${key}`)] as const
  );
  return Object.fromEntries(all) as FileSettings;
}

function readFile(file: string, asked: boolean): string | null {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    if (!asked && cause instanceof Deno.errors.NotFound) return null;
    throw new UsageError(`cannot read the configuration ${file}: ${(cause as Error).message}`);
  }
}

/** The libraries for it are loaded only where there is a file. */
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
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new UsageError(`${file}: ${v.getDotPath(issue) ?? "?"}: ${issue.message}`, {
    remedy: `known keys: ${SETTINGS.map(({ key }) => key).join(", ")}`,
  });
}

type Valibot = typeof import("valibot");

function checkOf(v: Valibot, type: FileType) {
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
  }
}

function defaultStateDir(around: Surroundings, usersDir: string | null): string {
  return around.uid === 0
    ? "/var/lib/corral"
    : around.userStateDir({ inHome: stateDirInHome(around.env), usersDir });
}

/** As the XDG base directory specification has it; null without a home. */
function stateDirInHome(env: Record<string, string>): string | null {
  const base = env["XDG_STATE_HOME"];
  if (base?.startsWith("/")) return `${base}/corral`;
  const home = env["HOME"];
  return home?.startsWith("/") ? `${home}/.local/state/corral` : null;
}
