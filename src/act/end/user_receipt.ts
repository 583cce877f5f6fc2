/** The receipt of a job of another user, removed and written by a process of that user: root follows no path that the user may have laid. */
import { runAsUser, type UserIds } from "../../linux/as_user.ts";

/** For a file system that does not answer, or a FIFO that the job has put there. */
const CAP_MS = 10_000;

/** Removes what an earlier run has left; what is no file stays. */
const REMOVE =
  'case $1 in /dev/shm/*) ;; /dev/*|/proc/*) exit ;; esac; [ ! -f "$1" ] || rm -f -- "$(readlink -f -- "$1")"';

/**
 * Written aside and renamed where the directory lets itself be changed, else in place. $2: it comes late, and what lies there stays. The
 * name of the file aside is new (noclobber). A link is replaced, not followed: the job may have put it there.
 */
const WRITE = `
refuse() { echo "$1" >&2; exit 1; }
[ ! -d "$1" ] || refuse 'it is a directory'
[ ! -p "$1" ] || refuse 'it is a FIFO'
if [ -n "$2" ] && { [ -s "$1" ] || [ -L "$1" ]; }; then exit 0; fi
if [ -e "$1" ] && [ ! -f "$1" ]; then exec cat >"$1"; fi
aside=\${1%/*}/.corral-receipt-$$
if (set -C; : >"$aside") 2>/dev/null; then
  if cat >"$aside" && mv -fT -- "$aside" "$1"; then exit 0; fi
  rm -f -- "$aside"
  exit 1
fi
exec cat >"$1"`;

/** Removes the receipt of an earlier run at an absolute path, if there is one and the user may. */
export async function removeEarlierAsUser(user: UserIds, path: string): Promise<void> {
  await runAsUser(user, REMOVE, [path], { stdin: "", capMs: CAP_MS });
}

/** Writes it at an absolute path; `late`: as in writeReceiptFile(). Resolves to what went wrong, or null. */
export async function writeReceiptAsUser(
  user: UserIds,
  path: string,
  { text, late }: { text: string; late: boolean },
): Promise<string | null> {
  const stdin = text.endsWith("\n") ? text : `${text}\n`;
  const result = await runAsUser(user, WRITE, [path, late ? "late" : ""], { stdin, capMs: CAP_MS });
  if (result?.code === 0) return null;
  return result === null ? `no answer for ${CAP_MS / 1000} s` : result.stderr.replace(/^.*: /s, "");
}
