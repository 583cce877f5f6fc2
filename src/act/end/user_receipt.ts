/**
 * The receipt of a job of another user, removed and written by a process of that user: root follows no path that the user may have laid. The
 * caller's own on a file system that may not answer goes the same way.
 */
import { ANSWER_CAP_MS, type ScriptResult } from "../../linux/apart.ts";
import { runAsUser, type UserIds } from "../../linux/as_user.ts";

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
cd -- "\${1%/*}/" 2>/dev/null || refuse 'permission denied, or no such directory'
[ -z "$3" ] || [ "$(stat -c %d:%i .)" = "$3" ] || refuse 'its directory is not the one that the job was started with'
set -- "./\${1##*/}" "$2"
if [ -n "$2" ] && { [ -s "$1" ] || [ -L "$1" ]; }; then exit 0; fi
if [ -e "$1" ] && [ ! -f "$1" ]; then exec cat >"$1"; fi
aside=\${1%/*}/.corral-receipt-$$
if (set -C; : >"$aside") 2>/dev/null; then
  if cat >"$aside" && mv -fT -- "$aside" "$1"; then exit 0; fi
  rm -f -- "$aside"
  exit 1
fi
exec cat >"$1"`;

/**
 * try_receipt FILE: removes a receipt of an earlier run and tries out that one can be written; leaves nothing of its own. `why` gives the
 * words of the shell's own error. Descriptor 3 is the caller's and is kept from other programs.
 */
export const TRY_RECEIPT = `
try_receipt() {
  if [ -e "$1" ] && [ ! -f "$1" ]; then why=$({ : >>"$1"; } 2>&1 3>&-); return; fi
  aside=\${1%/*}/.corral-receipt-$$
  if (set -C; : >"$aside") 2>/dev/null 3>&-; then rm -f -- "$aside" "$1" 2>/dev/null 3>&- && return; fi
  why=$({ : >"$1"; } 2>&1 3>&-)
}`;

/** Prints as well which directory it is in. */
const PREPARE = `${TRY_RECEIPT}
refuse() { echo "$1" >&2; exit 1; }
[ ! -d "$1" ] || refuse 'it is a directory'
[ ! -p "$1" ] || refuse 'it is a fifo, which may never have a reader'
cd -- "\${1%/*}/" 2>/dev/null || refuse 'permission denied, or no such directory'
set -- "./\${1##*/}"
stat -c %d:%i .
try_receipt "$1" || refuse "\${why##*: }"`;

/**
 * Removes the receipt of an earlier run, and tries out that one can be written. Resolves to the directory that it will be in, or to what went
 * wrong.
 */
export async function prepareReceiptAsUser(
  user: UserIds,
  path: string,
): Promise<{ directory: string } | { why: string }> {
  const result = await runAsUser(user, PREPARE, [path], { stdin: "", capMs: ANSWER_CAP_MS });
  const why = whyNot(result);
  return why === null ? { directory: result!.stdout.trim() } : { why };
}

/** Removes the receipt of an earlier run at an absolute path, if there is one and the user may. */
export async function removeEarlierAsUser(user: UserIds, path: string): Promise<void> {
  await runAsUser(user, REMOVE, [path], { stdin: "", capMs: ANSWER_CAP_MS });
}

/** Writes it at an absolute path; `late`: as in writeReceiptFile(). Resolves to what went wrong, or null. */
export async function writeReceiptAsUser(
  user: UserIds,
  path: string,
  { text, late, directory = "" }: { text: string; late: boolean; directory?: string | undefined },
): Promise<string | null> {
  const stdin = text.endsWith("\n") ? text : `${text}\n`;
  const capMs = ANSWER_CAP_MS;
  return whyNot(await runAsUser(user, WRITE, [path, late ? "late" : "", directory], { stdin, capMs }));
}

/** The shell's own words follow the path. */
function whyNot(result: ScriptResult | null): string | null {
  if (result === null) return `no answer for ${ANSWER_CAP_MS / 1000} s`;
  return result.code === 0 ? null : result.stderr.replace(/^.*: /s, "");
}
