/**
 * The guard: a shell that outlives whatever kills, stops or starves its supervisor, and then has corral end the job (`corral guard-end`).
 *
 * It has a session and a cgroup of its own, the job's cgroup as its working directory, and no descriptor but a socket whose other end only
 * the supervisor holds. End of file there means that the supervisor is gone; a read that takes longer than the job may live, that it hangs.
 *
 * Should corral itself not start (process limit, binary removed), the shell writes 1 into cgroup.kill. It does so in its working
 * directory, which is the very cgroup that was made for the job, whatever has come to lie at that path since, and needs no process for it.
 * A second file of that directory is its mark for the sweep that accounts (GUARD_KILLED).
 */
import type { Caller } from "../../linux/caller.ts";
import { poll } from "../../base/poll.ts";
import { GUARD_KILLED } from "../../observe/job.ts";
import { type LoneProcess, startLoneProcess } from "../../linux/lone_process.ts";

/** From sending the cgroup to the guard being in place; a guard that takes longer does not guard. */
const READY_CAP_MS = 2_000;
/** A guard that was told to go is gone within milliseconds; on a starved machine within seconds. */
const LEAVE_CAP_MS = 5_000;
/** Beyond deadline and grace: before systemd's own deadline (BACKSTOP_MARGIN_MS), which knows no grace. */
const HANG_MARGIN_MS = 3_000;
const READY = "ready";

/**
 * $0 is its name, $1 whether it may kill by itself, the rest the command. `echo` to the socket fails when the supervisor is gone (EPIPE).
 * The EXIT trap also runs where the shell gives up because it cannot fork. corral starts elsewhere: its runtime does not start in a directory
 * that is removed under it, as the end of an outer job does. 75: the supervisor lives and is not late.
 */
const SCRIPT = `trap '' PIPE; cd /; may=$1; shift; cgroup=
while :; do
  while read -r word path; do
    case $word in
      cgroup) cd "$path" && cgroup=$path && echo ${READY} >&0;;
      done) exit 0;;
    esac
  done
  how=gone; echo late >&0 && how=hung
  [ "$may" = kill ] && [ $how = gone ] && [ -n "$cgroup" ] &&
    trap '[ -n "$cgroup" ] && { echo ${GUARD_KILLED.text} >${GUARD_KILLED.file}; echo 1 >cgroup.kill; }' EXIT
  (cd /; exec "$@" $how </dev/null >/dev/null 2>&1); code=$?
  [ $code = 0 ] && cgroup=
  [ $code = 75 ] || exit $code
done`;

/** What a guard is made with. */
export interface GuardOptions {
  id: string;
  /** The command that ends the job; `gone` or `hung` is appended. */
  endCommand: readonly string[];
  env: Record<string, string>;
  /** Kill by itself when corral does not start; false for a job that its orphanhood does not end. */
  mayKill: boolean;
}

/** The waiting guard. */
export interface Guard {
  readonly pid: number;
  /** Hands it the job's cgroup, a directory. */
  watch(directory: string): void;
  /** True once it is in that directory; waits for it, bounded. */
  isReady(): Promise<boolean>;
  /** The job may live that much longer (deadline and grace); null: without limit. */
  expectEndWithin(ms: number | null): void;
  /** Lets it go, and resolves when it has gone; after LEAVE_CAP_MS it is killed. */
  release(): Promise<void>;
}

/** Throws Error when no process can be started. */
export function makeGuard({ id, endCommand, env, mayKill }: GuardOptions): Guard {
  const words = ["/bin/sh", "-c", SCRIPT, `corral-guard-${id}`, mayKill ? "kill" : "keep", ...endCommand];
  return guardOf(startLoneProcess(words, env));
}

function guardOf(shell: LoneProcess): Guard {
  let answers = "";
  return {
    pid: shell.pid,
    watch: (directory) => void shell.send(`cgroup ${directory}`),
    isReady: () =>
      poll(() => {
        if (!answers.includes(READY)) answers += shell.received();
        return answers.includes(READY) || shell.hasExited();
      }, READY_CAP_MS).then(() => answers.includes(READY)),
    expectEndWithin: (ms) => {
      shell.limitReads(ms === null ? null : Math.ceil(Math.max(0, ms)) + HANG_MARGIN_MS);
      // Ends the read that waits under the old limit.
      shell.send("again");
    },
    release: async () => {
      const hasLeft = shell.send("done") && await poll(() => shell.hasExited(), LEAVE_CAP_MS);
      if (!hasLeft) shell.kill();
      shell.forget();
    },
  };
}

/** The guard of job `id`, which calls this same corral. */
export function guardOptions(
  context: Pick<Caller, "env" | "self">,
  id: string,
  { onOrphan }: { onOrphan: "kill" | "keep" },
): GuardOptions {
  return {
    id,
    endCommand: [context.self.path, "guard-end", id],
    env: guardEnvironment(context),
    mayKill: onOrphan === "kill",
  };
}

/** What `corral guard-end` must find as the supervisor found it, and nothing else of its environment. */
const KEPT = ["HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "CORRAL_CGROUP_ROOT", "TZ"];

/** Where the store and the configuration are, and the user's manager. */
function guardEnvironment({ env, self }: Pick<Caller, "env" | "self">): Record<string, string> {
  const kept = KEPT.flatMap((name) => env[name] === undefined ? [] : [[name, env[name]]]);
  return { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...Object.fromEntries(kept), ...self.settingsEnv };
}
