/**
 * The bins of the node's course in a file of the server's own: a line of JSON each, appended; made anew when it has grown to twice its bound.
 * A file that makes no sense costs the course, and nothing else.
 */
import { errorText } from "../base/errors.ts";
import type { KeptBin, Pair } from "./course_bins.ts";

/** Eight days of five minutes. */
export const MOST_BINS = 2_304;
const FILE = "course.jsonl";
const VERSION = 1;
/** Beyond it the file is none of ours. */
const MOST_BYTES = 16 << 20;
const KIB = 1024;

type Values = [number | null, number | null];
type Line =
  | { corralCourse: number }
  | { n: string; name: string; user: string }
  | { t: number; j: Record<string, Values>; r: Values; o: Values; p: (number | null)[] };

/** What was kept. */
export interface KeptCourse {
  bins: KeptBin[];
  names: Map<string, { name: string; user: string }>;
}

/** One directory's. Null: nothing is kept. */
export class CourseFile {
  #lines = 0;
  #named = new Set<string>();
  #hasFailed = false;

  /** @param say takes what went wrong, once */
  constructor(readonly directory: string | null, readonly say: (line: string) => void) {}

  /** What the file has; nothing where it makes no sense, which is said. */
  load(): KeptCourse {
    const kept: KeptCourse = { bins: [], names: new Map() };
    if (this.directory === null) return kept;
    let wrong = 0;
    for (const text of this.#read().split("\n")) {
      if (text === "") continue;
      this.#lines++;
      if (!take(text, kept)) wrong++;
    }
    if (wrong > 0) {
      this.say(`warning: the node's course: ${wrong} lines of ${this.#path} make no sense, and are left out`);
    }
    kept.bins = kept.bins.slice(-MOST_BINS);
    this.#named = new Set(kept.names.keys());
    if (wrong > 0) this.#rewrite(kept);
    return kept;
  }

  /** Appends a bin, and the names that are new in it. */
  append(bin: KeptBin, all: KeptCourse): void {
    if (this.directory === null) return;
    if (this.#lines > 2 * MOST_BINS) return this.#rewrite(all);
    const names = [...bin.jobs.keys()].filter((id) => !this.#named.has(id)).flatMap((id) =>
      nameLine(id, all)
    );
    this.#try(() => {
      const isNew = this.#lines === 0;
      const lines: Line[] = [...(isNew ? [{ corralCourse: VERSION }] : []), ...names, lineOf(bin)];
      Deno.writeTextFileSync(this.#path, textOf(lines), { append: true, mode: 0o600 });
      this.#lines += lines.length;
      for (const id of bin.jobs.keys()) this.#named.add(id);
    });
  }

  get #path(): string {
    return `${this.directory}/${FILE}`;
  }

  #read(): string {
    try {
      const { isFile, size } = Deno.lstatSync(this.#path);
      if (!isFile || size > MOST_BYTES) throw new Error("it is not a file of the course");
      return Deno.readTextFileSync(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      this.say(`warning: the node's course begins anew: ${this.#path}: ${errorText(error)}`);
      this.#try(() => Deno.removeSync(this.#path));
      return "";
    }
  }

  /** Only the bins that are kept, and the names in them; in one step. */
  #rewrite(all: KeptCourse): void {
    this.#try(() => {
      const used = new Set(all.bins.flatMap(({ jobs }) => [...jobs.keys()]));
      const names = [...used].flatMap((id) => nameLine(id, all));
      const lines: Line[] = [{ corralCourse: VERSION }, ...names, ...all.bins.map(lineOf)];
      const made = `${this.#path}.new`;
      Deno.writeTextFileSync(made, textOf(lines), { mode: 0o600 });
      Deno.renameSync(made, this.#path);
      this.#lines = lines.length;
      this.#named = used;
    });
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!this.#hasFailed) {
        this.say(`warning: the node's course is not kept: ${this.#path}: ${errorText(error)}`);
      }
      this.#hasFailed = true;
    }
  }
}

function textOf(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function nameLine(id: string, { names }: KeptCourse): Line[] {
  const known = names.get(id);
  return known === undefined ? [] : [{ n: id, ...known }];
}

function lineOf({ timeMs, jobs, other, outside, pressure }: KeptBin): Line {
  return {
    t: Math.round(timeMs / 1000),
    j: Object.fromEntries([...jobs].map(([id, pair]) => [id, packed(pair)])),
    r: packed(other),
    o: packed(outside),
    p: [pressure.cpu, pressure.memory, pressure.io],
  };
}

function packed([bytes, cores]: Pair): Values {
  return [
    bytes === null ? null : Math.round(bytes / KIB),
    cores === null ? null : Math.round(cores * 100) / 100,
  ];
}

/** False for a line that makes no sense. */
function take(text: string, kept: KeptCourse): boolean {
  try {
    const line = JSON.parse(text);
    if (line.corralCourse !== undefined) return line.corralCourse === VERSION;
    if (typeof line.n === "string" && typeof line.name === "string" && typeof line.user === "string") {
      kept.names.set(line.n, { name: line.name, user: line.user });
      return true;
    }
    const bin = binOf(line);
    // In their order: a clock that was set back begins the course anew from there.
    while (kept.bins.length > 0 && kept.bins.at(-1)!.timeMs >= bin.timeMs) kept.bins.pop();
    kept.bins.push(bin);
    return true;
  } catch {
    return false;
  }
}

function binOf(line: Record<string, unknown>): KeptBin {
  const [cpu, memory, io] = numbers(line["p"], 3);
  if (!Number.isSafeInteger(line["t"]) || typeof line["j"] !== "object" || line["j"] === null) {
    throw new Error();
  }
  return {
    timeMs: Number(line["t"]) * 1000,
    jobs: new Map(Object.entries(line["j"]).map(([id, pair]) => [id, unpacked(pair)])),
    other: unpacked(line["r"]),
    outside: unpacked(line["o"]),
    pressure: { cpu: cpu!, memory: memory!, io: io! },
  };
}

function unpacked(pair: unknown): Pair {
  const [kib, cores] = numbers(pair, 2);
  return [kib == null ? null : kib * KIB, cores ?? null];
}

function numbers(values: unknown, count: number): (number | null)[] {
  const isWell = Array.isArray(values) && values.length === count &&
    values.every((value) => value === null || Number.isFinite(value));
  if (!isWell) throw new Error();
  return values;
}
