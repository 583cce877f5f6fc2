/** The receipt of a job of another user: tried by the gate (launch/user_gate.ts) and written at the end, each time as that user. */
import { quoted } from "../../base/text.ts";
import type { UserIds } from "../../linux/as_user.ts";
import { writeReceiptAsUser } from "../end/user_receipt.ts";
import type { Receipt } from "./receipt.ts";

/** `path` is absolute. */
export function userReceipt(
  { uid, gid }: UserIds,
  path: string,
  warn: (line: string) => void,
): Receipt {
  return {
    place: { how: "as-user", path, uid, gid },
    async write(text) {
      const why = await writeReceiptAsUser({ uid, gid }, path, { text, late: false });
      if (why !== null) warn(`warning: the receipt ${quoted(path)} is incomplete: ${why}`);
    },
  };
}
