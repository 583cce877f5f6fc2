/** Each ended job once: from the stores through the output to the cursor, a piece at a time. */
import { isDeepStrictEqual } from "node:util";
import type { Positions } from "../../store/endings.ts";
import type { Cursor, CursorFile } from "./cursor_file.ts";
import type { RowOutput } from "./row_output.ts";

/** Rows, and the positions that hold when they are written. */
export interface Piece {
  lines: string[];
  /** Of the caller's own stores, and by uid of the users'. */
  own: Positions;
  users: Readonly<Record<string, Positions>>;
}

/** Of one user; a present store and a former one, and those of before a store was made anew. */
const STORES_OF_A_USER = 4;

/** Prints the pieces; false when the reader went away. Throws PathError, and what the pieces throw: what was written by then is in the cursor. */
export async function printEndings(
  pieces: AsyncIterable<Piece>,
  file: Pick<CursorFile, "write">,
  { cursor, output }: { cursor: Cursor; output: RowOutput },
): Promise<boolean> {
  let now: Cursor = { ...cursor, pending: output.pending };
  let isPendingWritten = false;
  for await (const piece of pieces) {
    const hasLines = piece.lines.length > 0;
    // Before the first row: after a kill it tells where to look for what was written.
    if (hasLines && !isPendingWritten && output.pending !== null) file.write(now);
    isPendingWritten ||= hasLines;
    if (hasLines && !output.write(piece.lines)) return false;
    now = advanced(now, piece);
    if (hasLines) file.write(now);
  }
  const after = { ...now, pending: null };
  if (!isDeepStrictEqual(after, cursor)) file.write(after);
  return true;
}

function advanced(cursor: Cursor, { own, users }: Piece): Cursor {
  const moved = Object.entries(users).map(([uid, positions]) =>
    [uid, latest(cursor.users[uid] ?? {}, positions)] as const
  );
  return {
    ...cursor,
    own: latest(cursor.own, own),
    users: { ...cursor.users, ...Object.fromEntries(moved) },
  };
}

function latest(known: Positions, moved: Positions): Positions {
  const others = Object.entries(known).filter(([store]) => !Object.hasOwn(moved, store));
  return Object.fromEntries([...others, ...Object.entries(moved)].slice(-STORES_OF_A_USER));
}
