/** The receipt of a job of another user: tried by the gate (launch/user_gate.ts) and written at the end, each time as that user. */
import { quoted } from "../../base/text.ts";
import { ANSWER_CAP_MS } from "../../linux/apart.ts";
import { runAsUser, type UserIds } from "../../linux/as_user.ts";
import type { Receipt } from "./receipt.ts";

const SCRIPT = '[ ! -p "$1" ] || { echo "it is a FIFO" >&2; exit 1; }; exec cat >"$1"';

/** `path` is absolute. */
export function userReceipt(identity: UserIds, path: string, warn: (line: string) => void): Receipt {
  return {
    id: null,
    async write(text) {
      const stdin = text.endsWith("\n") ? text : `${text}\n`;
      const result = await runAsUser(identity, SCRIPT, [path], { stdin, capMs: ANSWER_CAP_MS });
      if (result?.code === 0) return;
      const why = result === null
        ? `no answer for ${ANSWER_CAP_MS / 1000} s`
        : result.stderr.replace(/^.*: /s, "");
      warn(`warning: the receipt ${quoted(path)} is incomplete: ${why}`);
    },
  };
}
