/** The receipt file: tried out before the job starts, so that a wrong path is known in time, and written at its end. */
import { CorralError, EXIT } from "../../base/errors.ts";
import { fromHere } from "../../base/path.ts";
import { quoted } from "../../base/text.ts";
import type { ReceiptPlace } from "../../job/receipt_place.ts";
import { prepareReceipt, writeReceiptFile } from "../end/receipt_file.ts";

/** A receipt that can be written; it is written once. */
export interface Receipt {
  /** A disk that is full by then is reported; it must not take the job's exit code away. */
  write(text: string): void | Promise<void>;
  /** Recorded for the guard and the sweep. */
  place: ReceiptPlace;
}

/** Null without a path. Removes what an earlier run left there. Throws CorralError (exit 125) when the file cannot be written. */
export function openReceipt(
  path: string | null,
  cwd: string,
  warn: (line: string) => void,
): Receipt | null {
  if (path === null) return null;
  const place = prepared(path, cwd);
  return {
    place,
    write: (text) => {
      try {
        writeReceiptFile(place, text, { late: false });
      } catch (error) {
        warn(`warning: the receipt ${quoted(path)} is incomplete: ${(error as Error).message}`);
      }
    },
  };
}

function prepared(path: string, cwd: string) {
  try {
    return prepareReceipt(fromHere(cwd, path));
  } catch (cause) {
    throw new CorralError(`--receipt: cannot write ${JSON.stringify(path)}: ${(cause as Error).message}`, {
      exitCode: EXIT.CORRAL_FAILED,
      cause,
    });
  }
}
