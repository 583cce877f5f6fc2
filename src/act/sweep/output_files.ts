/**
 * The output files beside the store, counted and removed. Where their file system may stop answering, a process of its own does it: corral
 * itself would hang in the system call.
 */
import { ANSWER_CAP_MS, runScript, type ScriptResult } from "../../linux/apart.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import type { Diagnostics } from "../../base/diagnostics.ts";
import { StoreError } from "../../base/errors.ts";
import { isJobId } from "../../value/id.ts";
import { outputFileOf } from "../../store/output_file.ts";

type Say = Diagnostics["say"];

/** How the files are reached; tests give another way. */
export interface Reach {
  isLocal(path: string): boolean;
  run: typeof runScript;
}

const REACH: Reach = { isLocal: isOnLocalFileSystem, run: runScript };

/** Names of files, and `name/` of directories: one reading of the directory, however many ids there are. */
const LIST = '[ ! -e "$1" ] || ls -1AU --indicator-style=slash -- "$1"';

/** Removes those of "$@" that are there, and prints how many it has removed. */
const REMOVE = `
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
for file; do
  shift
  if is_there "$file"; then set -- "$@" "$file"; fi
done
[ $# -eq 0 ] || rm -f -- "$@"
removed=$#
for file; do
  if is_there "$file"; then removed=$((removed - 1)); fi
done
echo "$removed"`;

/** The output files of one store. */
export class OutputFiles {
  readonly #reach: Reach;

  /** @param stateDir the directory of the store */
  constructor(readonly stateDir: string, reach: Partial<Reach> = {}) {
    this.#reach = { ...REACH, ...reach };
  }

  get isLocal(): boolean {
    return this.#reach.isLocal(`${this.stateDir}/output`);
  }

  /** How many of these jobs have one. Throws StoreError when the file system does not answer. */
  async count(ids: readonly string[]): Promise<number> {
    // A row that another program wrote must not name a file elsewhere.
    const own = ids.filter(isJobId);
    if (own.length === 0) return 0;
    if (this.isLocal) return own.filter((id) => isFile(this.#file(id))).length;
    const { stdout } = await this.#apart(LIST, [`${this.stateDir}/output`]);
    const names = new Set(stdout.split("\n"));
    return own.filter((id) => names.has(`${id}.log`)).length;
  }

  /**
   * Removes those of these jobs; how many. A file that stays is a warning. Throws StoreError when the file system does not answer: the
   * records must stay then, because the files are found by them.
   */
  async remove(ids: readonly string[], warn: Say): Promise<number> {
    const files = ids.filter(isJobId).map((id) => this.#file(id));
    if (files.length === 0) return 0;
    if (this.isLocal) return files.filter((file) => removeFile(file, warn)).length;
    const { stdout, stderr } = await this.#apart(REMOVE, files);
    if (stderr !== "") warnOf(firstLine(stderr), warn);
    return Number(stdout);
  }

  #file(id: string): string {
    return outputFileOf(this.stateDir, id);
  }

  async #apart(script: string, args: readonly string[]): Promise<ScriptResult> {
    const result = await this.#reach.run(script, { args, capMs: ANSWER_CAP_MS });
    const path = `${this.stateDir}/output`;
    if (result === null) {
      throw new StoreError("does not answer", { path, remedy: "try again when its file system does" });
    }
    // No process could be started, or the directory cannot be read: what is there is not known.
    if (result.code !== 0) {
      throw new StoreError("cannot be looked into", { path, cause: new Error(firstLine(result.stderr)) });
    }
    return result;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}

function removeFile(path: string, warn: Say): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) warnOf((error as Error).message, warn);
    return false;
  }
}

function warnOf(why: string, warn: Say): void {
  warn(`warning: cannot remove a job's output: ${why}`);
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}
