/** The receipt file: tried out before the job starts, so that a wrong path is known in time, and written at its end. */
import { CorralError, EXIT } from "../../base/errors.ts";
import { fromHere } from "../../base/path.ts";
import type { UserIds } from "../../linux/as_user.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import { quoted } from "../../base/text.ts";
import type { Receipt } from "./receipt_to_write.ts";
import { prepareReceipt, writeReceiptFile } from "../end/receipt_file.ts";
import { prepareReceiptAsUser } from "../end/user_receipt.ts";
import { userReceipt } from "./user_receipt.ts";

/** Null without a path. Removes what an earlier run left there. Throws CorralError (exit 125) when the file cannot be written. */
export async function openReceipt(
  path: string | null,
  cwd: string,
  warn: (line: string) => void,
): Promise<Receipt | null> {
  if (path === null) return null;
  const absolute = fromHere(cwd, path);
  return isOnLocalFileSystem(absolute)
    ? localReceipt(absolute, path, warn)
    : await distantReceipt(absolute, path, warn);
}

function localReceipt(absolute: string, path: string, warn: (line: string) => void): Receipt {
  const place = prepared(absolute, path);
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

function prepared(absolute: string, path: string) {
  try {
    return prepareReceipt(absolute);
  } catch (cause) {
    throw cannotWrite(path, (cause as Error).message, cause);
  }
}

function cannotWrite(path: string, why: string, cause?: unknown): CorralError {
  return new CorralError(`--receipt: cannot write ${JSON.stringify(path)}: ${why}`, {
    exitCode: EXIT.CORRAL_FAILED,
    cause,
  });
}

/** One on a file system that may not answer: tried and written by processes of their own. A file that is open would keep corral itself. */
async function distantReceipt(
  absolute: string,
  path: string,
  warn: (line: string) => void,
): Promise<Receipt> {
  const self: UserIds = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  const prepared = await prepareReceiptAsUser(self, absolute);
  if ("why" in prepared) throw cannotWrite(path, prepared.why);
  return userReceipt(self, absolute, warn, prepared.directory);
}
