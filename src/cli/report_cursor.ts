/** `corral report --cursor`: the ended jobs that no run with this cursor has printed. */
import { type Cursor, CursorFile, refuseOthers } from "../act/cursor/cursor_file.ts";
import { type Piece, printEndings } from "../act/cursor/print_endings.ts";
import { rowOutput, type RowTarget } from "../act/cursor/row_output.ts";
import { EXIT, PathError, UsageError } from "../base/errors.ts";
import { fromHere } from "../base/path.ts";
import { openRead } from "../linux/fifo.ts";
import { writeAll } from "../linux/write.ts";
import { endingsSince, isStoreName, type Positions } from "../store/endings.ts";
import { noJobs, type UsersRows } from "../store/gathered_store.ts";
import type { JobStore } from "../store/jobs.ts";
import type { ReportFilter } from "../store/query.ts";
import { FROM_STORE } from "../store/shared_rows.ts";
import { jsonLine } from "../view/report/jsonl.ts";
import { ReportSource } from "../view/report/source.ts";
import type { ReportRequest } from "../view/report/request.ts";
import type { Context } from "./context.ts";
import { seesEverybody, type SightOptions, uidsOf, withUsers } from "./in_sight.ts";
import type { ReportOptions } from "./report_request.ts";

/** Numbers of endings at a time: their rows are in memory. */
const STEP = 200;
/** Answers of one user in one run; a user who always has more waits for the next. */
const ROUNDS = 20;

/** Options of the command line that matter here. */
export interface CursorOptions extends ReportOptions {
  cursor?: string;
  output?: string;
}

/** Throws UsageError for what would leave jobs out for good, or has no meaning for single rows. */
export function refuseWithCursor(options: CursorOptions, format: string): void {
  const { by, advise, sort, limit, last, truncate, from, columns } = options;
  if (format !== "jsonl") {
    throw new UsageError("--cursor is for lines of JSON", { remedy: "add --format jsonl" });
  }
  const others = { by, advise, sort, limit, last, truncate, from, columns };
  const other = Object.entries(others).find(([, value]) => value !== undefined);
  if (other !== undefined) throw new UsageError(`--${other[0]} does not go with --cursor`);
}

/** Exit 1 when a user's jobs are not all there, 75 while another run has the cursor. */
export async function reportSinceCursor(
  context: Context,
  { filter, format }: ReportRequest,
  options: CursorOptions & SightOptions & { cursor: string },
): Promise<number> {
  refuseWithCursor(options, format);
  using file = CursorFile.open(fromHere(context.cwd, options.cursor));
  if (file === null) {
    context.say("another corral report has the cursor");
    return EXIT.SWEEP_RUNNING;
  }
  const cursor = file.read();
  using target = targetOf(context, options.output);
  using output = rowOutput(target, cursor.pending);
  const users = { isWhole: true };
  const pieces = piecesOf(context, { cursor, filter, options, users });
  await printEndings(pieces, file, { cursor, output });
  return users.isWhole ? EXIT.DONE : EXIT.NEGATIVE;
}

function targetOf({ cwd, stdout, procs }: Context, output: string | undefined): RowTarget & Disposable {
  if (output === undefined) {
    return {
      write: (bytes) => stdout.pass(bytes),
      path: `${procs.root}/self/fd/1`,
      [Symbol.dispose]: () => {},
    };
  }
  const path = fromHere(cwd, output);
  refuseOthers("the output", path);
  const file = openedOutput(path);
  return { write: (bytes) => writeAll(file, bytes), path, [Symbol.dispose]: () => file.close() };
}

function openedOutput(path: string): Deno.FsFile {
  try {
    return openRead(path, () => Deno.openSync(path, { append: true, create: true }));
  } catch (cause) {
    throw new PathError("cannot write", { path, cause });
  }
}

interface Asked {
  cursor: Cursor;
  filter: ReportFilter;
  options: SightOptions;
  users: { isWhole: boolean };
}

async function* piecesOf(context: Context, asked: Asked): AsyncGenerator<Piece> {
  for (const store of [context.openStore("report"), context.openFormerStore("report")]) {
    if (store !== null) yield* ownPieces(store, asked);
  }
  if (!asked.options.mine && seesEverybody(context)) yield* usersPieces(context, asked);
}

function* ownPieces(store: JobStore, { cursor, filter }: Asked): Generator<Piece> {
  const { store: name, after, last } = endingsSince(store.endings(), cursor.own, store.path);
  for (let from = after; from < last; from += STEP) {
    const upTo = Math.min(from + STEP, last);
    yield {
      lines: linesOf(store, { ...filter, endings: { after: from, upTo } }),
      own: { [name]: upTo },
      users: {},
    };
  }
}

function linesOf(store: JobStore, filter: ReportFilter): string[] {
  const jobs = new ReportSource(store, filter).jobs({ by: null, limit: null });
  return [...jobs].map(jsonLine);
}

async function* usersPieces(
  context: Context,
  { cursor, filter, options, users }: Asked,
): AsyncGenerator<Piece> {
  const seen: Record<string, Positions> = { ...cursor.users };
  let uids = options.user === undefined ? null : await uidsOf(context, options.user);
  for (let round = 0; round < ROUNDS && uids?.length !== 0; round++) {
    const moved: Record<string, Positions> = {};
    const { store, isWhole } = await withUsers(context, noJobs("report"), {
      jobs: { which: "ended", seen: {} },
      jobsOf: (uid) => ({ which: "ended", seen: seen[uid] ?? {} }),
      onRows: (user) => {
        if (user.rows.length > 0) moved[user.uid] = movedTo(user);
      },
      uids,
    });
    users.isWhole &&= isWhole;
    const all = { after: -1, upTo: Number.MAX_SAFE_INTEGER };
    yield { lines: linesOf(store, { ...filter, endings: all }), own: {}, users: moved };
    for (const [uid, positions] of Object.entries(moved)) seen[uid] = { ...seen[uid], ...positions };
    uids = Object.keys(moved).map(Number);
  }
}

/** How far the rows of one user's answer go, by the stores that the user's process names. */
function movedTo({ rows }: UsersRows): Positions {
  const last: Record<string, number> = {};
  for (const row of rows) {
    const [store, number] = [String(row[FROM_STORE]), Number(row["ended_seq"])];
    if (isStoreName(store) && number >= 0) last[store] = Math.max(last[store] ?? 0, number);
  }
  return last;
}
