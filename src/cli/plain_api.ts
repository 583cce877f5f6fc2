/**
 * The JSON API: each path is a command with `--json`, its parameters are the long options of that command, and its answer is what the
 * command prints. The command itself reads the parameters and prints the answer, so that the two cannot differ.
 */
import { CommanderError } from "@commander-js/extra-typings";
import { AmbiguousError, NotFoundError, renderError, UsageError } from "../base/errors.ts";
import { toJson } from "../base/json.ts";
import { hintOf } from "../base/near.ts";
import { quoted } from "../base/text.ts";
import type { Answer } from "../serve/source.ts";
import { poolVerb } from "./commands/pool.ts";
import { psVerb } from "./commands/ps.ts";
import { queueVerb } from "./commands/queue.ts";
import { reportVerb } from "./commands/report.ts";
import { showVerb } from "./commands/show.ts";
import { versionVerb } from "./commands/version.ts";
import type { Context } from "./context.ts";
import { quieten } from "./quieten.ts";
import type { CommandStreams, Invoke } from "./verb.ts";

const JSON_TYPE = "application/json; charset=utf-8";
/** Of one answer: a report of everything is for `corral report`. */
const MOST_CHARACTERS = 64 << 20;

/** What of a command line commander gives us to know. */
interface Verb {
  readonly options: readonly {
    readonly long?: string | undefined;
    readonly required: boolean;
    readonly description: string;
  }[];
  description(): string;
  parseAsync(words: string[], from: { from: "user" }): Promise<unknown>;
}

interface Path {
  readonly make: (invoke: Invoke, streams: CommandStreams) => unknown;
  /** What may stand behind the path; null: nothing. */
  readonly argument: string | null;
  readonly isArgumentNeeded?: true;
  readonly parameters: readonly string[];
}

const NO_PROGRAM = () => Promise.reject(new Error("no description is needed"));

/** Parameters are named here: an option that writes a file, or waits, is none. */
const PATHS: Readonly<Record<string, Path>> = {
  ps: {
    make: psVerb,
    argument: null,
    parameters: ["all", "name", "ref", "user", "mine", "state", "tag", "sort"],
  },
  show: { make: showVerb, argument: "JOB", isArgumentNeeded: true, parameters: [] },
  report: {
    make: reportVerb,
    argument: null,
    parameters: [
      ...["since", "until", "all", "last", "failed", "name", "ref", "user", "mine", "reason", "tag"],
      ...["by", "truncate", "advise", "sort", "limit", "schema"],
    ],
  },
  queue: { make: queueVerb, argument: null, parameters: ["pool"] },
  pool: { make: poolVerb, argument: "POOL", parameters: [] },
  version: {
    make: (invoke, streams) => versionVerb(invoke, NO_PROGRAM, streams),
    argument: null,
    parameters: [],
  },
};

/** `path` is what stands behind /api/. Never throws. */
export async function answerApi(context: Context, path: string, query: URLSearchParams): Promise<Answer> {
  try {
    if (path === "") return json(200, index());
    const { name, argument } = pathParts(path);
    return await answerOf(context, { name, argument, query });
  } catch (error) {
    return refusal(error);
  }
}

/** The error in one line of JSON. */
export function refusal(error: unknown): Answer {
  const [line = ""] = renderError(error).split("\n");
  return json(statusOf(error), { error: line.replace(/^corral: /, "") });
}

/** No such path. */
class NoPathError extends UsageError {}

function statusOf(error: unknown): number {
  if (error instanceof NoPathError || error instanceof NotFoundError) return 404;
  if (error instanceof AmbiguousError) return 409;
  return error instanceof UsageError || error instanceof CommanderError ? 400 : 500;
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: JSON_TYPE, body: `${toJson(value)}\n` };
}

function pathParts(path: string): { name: string; argument: string | null } {
  const [, name = "", rest] = /^([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  const known = Object.hasOwn(PATHS, name) ? PATHS[name]! : null;
  const argument = rest === undefined || rest === "" ? null : decoded(rest);
  const isRight = known !== null && (argument === null ? !known.isArgumentNeeded : known.argument !== null);
  if (!isRight) {
    throw new NoPathError(`no such path: ${quoted(path)}`, { remedy: "GET /api/ lists the paths" });
  }
  return { name, argument };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`${quoted(text)} is no path: a % stands alone`);
  }
}

interface Request {
  name: string;
  argument: string | null;
  query: URLSearchParams;
}

async function answerOf(context: Context, { name, argument, query }: Request): Promise<Answer> {
  const printed = new Printed();
  const said: string[] = [];
  const streams = {
    out: (text: string) => void printed.write(text),
    err: (text: string) => void said.push(text),
  };
  const words: string[] = [];
  const invoke: Invoke = async (_verb, act) => {
    await act(capturing(context, { printed, args: [name, ...words] }), null);
  };
  const terminal = { ...streams, widthColumns: null };
  const verb = PATHS[name]!.make(invoke, terminal) as Verb;
  quieten(verb as Parameters<typeof quieten>[0], terminal);
  words.push("--json", ...wordsOf(verb, PATHS[name]!, query), ...(argument === null ? [] : ["--", argument]));
  try {
    await verb.parseAsync(words, { from: "user" });
  } catch (error) {
    // What commander refuses it has said in corral's words.
    if (error instanceof CommanderError && said.length > 0) {
      throw new UsageError(said.join("").split("\n")[0]!.replace(/^corral: /, ""));
    }
    throw error;
  }
  return { status: 200, contentType: JSON_TYPE, body: printed.text() };
}

/** `since=1d` is `--since=1d`; `all` and `all=true` are `--all`. */
function wordsOf(verb: Verb, { parameters }: Path, query: URLSearchParams): string[] {
  return [...query].map(([key, value]) => {
    const option = verb.options.find(({ long }) => long === `--${key}`);
    if (option === undefined || !parameters.includes(key)) {
      throw new UsageError(`unknown parameter ${quoted(key)}${hintOf(key, parameters)}`, {
        remedy: `there are ${parameters.join(", ") || "none"}`,
      });
    }
    if (option.required) return `--${key}=${value}`;
    if (value === "" || value === "true") return `--${key}`;
    throw new UsageError(`${key} takes no value but true, and not ${quoted(value)}`);
  });
}

/** The context of the server, for one command that prints. */
function capturing(context: Context, { printed, args }: { printed: Printed; args: string[] }): Context {
  return {
    ...context,
    stdin: { readSync: () => null },
    stdout: {
      write: (text) => printed.write(text),
      pass: (bytes) => printed.write(new TextDecoder().decode(bytes)),
      offer: () => {},
      ...{ isTerminal: false, isJournal: false, widthColumns: null },
    },
    progress: { isSeen: false, tell: () => {}, clear: () => {} },
    ...{ colour: false, interactive: false, confirm: () => false },
    // A user's process is asked in the same words.
    self: { ...context.self, args },
  };
}

class Printed {
  readonly #pieces: string[] = [];
  #characters = 0;

  write(text: string): boolean {
    this.#characters += text.length;
    if (this.#characters > MOST_CHARACTERS) return false;
    this.#pieces.push(text);
    return true;
  }

  /** Throws UsageError when it was too much. */
  text(): string {
    if (this.#characters <= MOST_CHARACTERS) return this.#pieces.join("");
    throw new UsageError("the answer is too large", { remedy: "narrow it, such as with since or limit" });
  }
}

function index() {
  const nothing: CommandStreams = { out: () => {}, err: () => {}, widthColumns: null };
  const paths = Object.entries(PATHS).map(([name, { make, argument, isArgumentNeeded, parameters }]) => {
    const verb = make(() => Promise.resolve(), nothing) as Verb;
    const behind = argument === null ? "" : isArgumentNeeded ? `/${argument}` : `[/${argument}]`;
    return {
      path: `/api/${name}${behind}`,
      description: verb.description(),
      parameters: Object.fromEntries(
        parameters.map((key) => [
          key,
          verb.options.find(({ long }) => long === `--${key}`)!.description,
        ]),
      ),
    };
  });
  return { paths };
}
