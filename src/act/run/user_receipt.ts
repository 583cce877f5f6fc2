/** The receipt of a job of another user: tried by the gate (launch/user_gate.ts) and written at the end, each time as that user. */
import { quoted } from "../../base/text.ts";
import type { UserIds } from "../../linux/as_user.ts";
import { writeReceiptAsUser } from "../end/user_receipt.ts";
import type { Receipt } from "./receipt_to_write.ts";

/** `path` is absolute; `directory`: DEVICE:INODE of the one that it must be in. */
export function userReceipt(
  { uid, gid }: UserIds,
  path: string,
  warn: (line: string) => void,
  directory?: string,
): Receipt {
  return {
    place: { how: "as-user", path, uid, gid, ...(directory === undefined ? {} : { directory }) },
    async write(text) {
      const why = await writeReceiptAsUser({ uid, gid }, path, { text, late: false, directory });
      if (why !== null) warn(`warning: the receipt ${quoted(path)} is incomplete: ${why}`);
    },
  };
}
