/**
 * What the gate does for a job of another user before it waits, as that user already: it enters the directory, opens the output, tries the
 * receipt and looks the command up. So root follows no path that the user may have laid, and the user's own rights decide, also where
 * root has none (a root-squashed home). It reports on descriptor 3, in fields that end with NUL, the last of them empty.
 */
import { notRunnable } from "./not_runnable.ts";
import { CorralError, EXIT, SetupError, UsageError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import { ANSWER_CAP_MS, runScript } from "../../linux/apart.ts";
import type { Lookup } from "../../linux/command_lookup.ts";
import type { UserIds } from "../../linux/as_user.ts";
import { TRY_RECEIPT } from "../end/user_receipt.ts";

/** What is asked for in the name of another user; paths are absolute. */
export interface ForUser extends UserIds {
  name: string;
  home: string;
  /** The directory must be the one that was asked for; otherwise home and `/` will do as well. */
  isDirectoryAsked: boolean;
  /** For output without a file of its own, one of this name in the user's own state directory; null: as the caller. */
  logName: string | null;
  receipt: string | null;
}

/** What the gate found. */
export interface Arrived {
  /** The directory it is in. */
  cwd: string;
  /** The file that the output goes to; null when it is the caller's. */
  output: string | null;
}

/** How long a directory or a file may take to answer. */
export const REPORT_CAP_MS = 30_000;
/** Three paths at most. What the user's process writes besides is not kept. */
export const REPORT_CAP_CHARACTERS = 16_384;

/** For the shell; `path` is its word for the PATH of the job. After it, "$@" is what the caller of userWords() has put behind them. */
export function userScript(umask: number, path: string | null): string {
  return `${FUNCTIONS}
dir=$1 asked=$2 home=$3 out=$4 log=$5 receipt=$6 command=$7; shift 7
umask 077
[ -z "$receipt" ] || writable receipt "$receipt"
[ -z "$log" ] || own_log
if [ -n "$out" ]; then writable output "$out"; exec >>"$out" 2>&1; fi
umask ${umask.toString(8)}
if ! cd -P -- "$dir" 2>/dev/null; then
  [ -z "$asked" ] || cannot_enter "$dir"
  dir=$home; [ -n "$dir" ] && cd -P -- "$dir" 2>/dev/null || { dir=/; cd /; }
fi
look_up "$command" "${path ?? "/usr/bin:/bin"}"
printf '%s\\0' ready "$dir" "\${out:--}" '' >&3
`;
}

/** The words that userScript() takes, before the command. */
export function userWords(user: ForUser, cwd: string, output: string | null, command: string): string[] {
  const asked = user.isDirectoryAsked ? "asked" : "";
  return [cwd, asked, user.home, output ?? "", user.logName ?? "", user.receipt ?? "", command];
}

/**
 * `why` gives the words of the shell's own error. test(1) without a file of the sort would wait for a reader (FIFO). An ancestor that may
 * not be searched hides what is below it: EACCES, and not ENOENT.
 */
const FUNCTIONS = `${TRY_RECEIPT}
refuse() { printf '%s\\0' refused "$1" "$2" "$3" '' >&3; exit 125; }
hidden() {
  p=$1
  while :; do
    case $p in */*) p=\${p%/*} ;; *) p=. ;; esac
    [ -n "$p" ] || p=/
    if [ -d "$p" ]; then [ ! -x "$p" ]; return; fi
    case $p in /|.) return 1 ;; esac
  done
}
cannot_enter() {
  if [ -d "$1" ]; then refuse directory "$1" 'permission denied'; fi
  if [ -e "$1" ]; then refuse directory "$1" 'it is not a directory'; fi
  if hidden "$1"; then refuse directory "$1" 'permission denied'; fi
  refuse directory "$1" 'no such directory'
}
writable() {
  if [ -d "$2" ]; then refuse "$1" "$2" 'it is a directory'; fi
  if [ -p "$2" ]; then refuse "$1" "$2" 'it is a FIFO'; fi
  case $1 in
    receipt) receipt_writable "$2" && return ;;
    *) why=$({ : >>"$2"; } 2>&1 3>&-) && return ;;
  esac
  refuse "$1" "$2" "\${why##*: }"
}
receipt_writable() {
  file=$1
  if [ -L "$1" ] && { [ -f "$1" ] || [ ! -e "$1" ]; }; then
    why='it is a symbolic link to nothing'
    file=$(readlink -f -- "$1" 3>&-) && [ -n "$file" ] || return
  fi
  try_receipt "$file"
}
own_log() {
  out=$home/.local/state/corral/output
  if [ -z "$home" ] || ! mkdir -p -- "$out" 2>/dev/null 3>&- || [ ! -w "$out" ] || [ ! -O "$out" ]; then
    out=/var/tmp/corral-$(id -u 3>&-)
    mkdir -- "$out" 2>/dev/null 3>&-
    if [ -L "$out" ] || [ ! -d "$out" ] || [ ! -O "$out" ]; then refuse output "$out" 'it is not the user'"'"'s own directory'; fi
  fi
  out=$out/$log
}
try() {
  if [ -d "$1" ]; then why='126 is a directory'; return 1; fi
  if [ -e "$1" ]; then
    [ -x "$1" ] && return
    why='126 is not executable'; return 1
  fi
  if hidden "$1"; then why='126 permission denied'; fi
  return 1
}
interpreted() {
  [ -f "$1" ] || { why="126 is not a file"; return 1; }
  [ -r "$1" ] || return 0
  line=$(head -c 255 -- "$1" 2>/dev/null 3>&- | tr -d '\\000' 3>&- | head -n 1 3>&-)
  case $line in '#!'*) ;; *) return 0 ;; esac
  cr=$(printf '\\r')
  IFS=' 	' read -r file rest <<END
\${line#??}
END
  case $file in
    '') return 0 ;;
    *"$cr") why='127 its first line ends with CR LF'; return 1 ;;
  esac
  if [ -f "$file" ] && [ -x "$file" ]; then return 0; fi
  why="126 its interpreter $file cannot be executed"
  if [ ! -e "$file" ] && ! hidden "$file"; then why="127 its interpreter $file does not exist"; fi
  return 1
}
look_up() {
  case $1 in
    '') why='127 not found in PATH' ;;
    */*) why='127 no such file'; try "$1" && interpreted "$1" && return ;;
    *)
      why='127 not found in PATH' rest=$2:
      while [ -n "$rest" ]; do
        d=\${rest%%:*} rest=\${rest#*:}
        try "\${d:-.}/$1" && interpreted "\${d:-.}/$1" && return
      done ;;
  esac
  refuse command "$1" "$why"
}`;

/** Looks the caller's own command up by a process of its own, as the gate does for another user. Null without an answer in time. */
export async function lookUpApart(
  command: string,
  { path, cwd }: { path: string; cwd: string },
): Promise<Lookup | null> {
  const script = `exec 3>&1
${FUNCTIONS}
cd -- "$3" 2>/dev/null
look_up "$1" "$2"
printf '%s\\0' found '' >&3`;
  const result = await runScript(script, { args: [command, path, cwd], capMs: ANSWER_CAP_MS });
  if (result === null) return null;
  const [kind, , , why = ""] = result.stdout.split("\0");
  if (kind !== "refused") return { found: command };
  const [, exitCode, because] = /^(\d+) (.*)$/s.exec(why) ?? [null, EXIT.NOT_FOUND, why];
  return { exitCode: Number(exitCode), because: because! };
}

/** True when the report is whole. */
export function isWholeReport(text: string): boolean {
  return text.endsWith("\0\0");
}

/** Reads a report. Throws the refusal that it holds, as a CorralError with the exit code of `corral run`. */
export function readReport(text: string, user: ForUser): Arrived {
  const [kind, about, path, why] = text.split("\0");
  if (kind === "ready") return { cwd: about!, output: path === "-" ? null : path! };
  if (kind === "refused") throw refusal(about!, path!, why!, user);
  throw new SetupError(
    `the process for ${user.name} ended before it was ready`,
    `see: ${["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--init-groups", "id"].join(" ")}`,
  );
}

function refusal(about: string, path: string, why: string, { name }: ForUser): CorralError {
  if (about === "command") {
    return notRunnable(path, { because: why.slice(4), exitCode: Number(why.slice(0, 3)) });
  }
  if (about === "directory") return new UsageError(`--chdir: ${name} cannot enter ${quoted(path)}: ${why}`);
  const message = about === "receipt" ? "--receipt: cannot write" : "cannot write the job's output";
  return new CorralError(`${message} ${quoted(path)} as ${name}: ${why}`, {
    exitCode: EXIT.CORRAL_FAILED,
    remedy: about === "receipt" ? "give another --receipt" : "give another --output",
  });
}
