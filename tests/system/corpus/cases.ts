/**
 * The escape corpus as data: every way out of a job that nasty.c knows, how it ends under `corral run`, and what
 * the machine must offer for it.
 */
import type { EndReason } from "../../../src/job/job.ts";

/** Stands in argv for the compiled nasty.c, which each machine has elsewhere. */
export const NASTY = "nasty";

export interface EscapeCase {
  /** Unique. */
  name: string;
  /** With NASTY where the program belongs. */
  argv: string[];
  /** Whether it prints the line "ready" once its state is set up. Every case of ours does. */
  ready: boolean;
  /** Who ends the job: its time-out, its leader by leaving, or a signal to the supervisor after "ready". */
  endsBy: "timeout" | "leader" | Interrupt;
  expected: { exitCode: number; reason: EndReason };
  needs?: {
    /** Controllers of cgroup2 that the machine must have. */
    controllers?: string[];
    /** The job may write to its own cgroup; where it may not, nasty says "skip: not delegated". */
    delegated?: boolean;
    /** The rules of sudo in the image: alice may become bob, and root through setpriv. */
    sudo?: boolean;
  };
  onlyAs?: "root" | "user";
  /** Options of `corral run` besides the time-out and the grace. */
  corralOptions?: string[];
  /** Keeps a CPU or much memory busy for as long as it lives: few of these may run side by side. */
  heavy?: boolean;
  /** On a slow machine it runs as root on systemd and as a user on cgroupfs only: half the combinations. */
  sampled?: boolean;
  /** Time it takes at most until "ready", at native speed and in company; default SETUP_MS. */
  setupMs?: number;
}

/** Default of `setupMs`. */
export const SETUP_MS = 300;

/** Signals that end the job when its supervisor gets them. */
export type Interrupt = "SIGINT" | "SIGTERM" | "SIGHUP";

const TIMED_OUT = { endsBy: "timeout", expected: { exitCode: 124, reason: "timeout" } } as const;

/** A case that only its time-out ends. `command` is split at blanks. */
function untilTimeout(name: string, command: string, rest: Partial<EscapeCase> = {}): EscapeCase {
  return { name, argv: [NASTY, ...command.split(" ")], ready: true, ...TIMED_OUT, ...rest };
}

/** A case whose leader leaves at once: the job ends with its leader, the rest after the grace. */
function untilExit(name: string, options: string, exitCode: number): EscapeCase {
  const argv = [NASTY, "daemons", ...options.split(" ")];
  return { name, argv, ready: true, endsBy: "leader", expected: { exitCode, reason: "exited" } };
}

/** As untilExit, with a leader that dies of a signal of its own. */
function untilDeath(name: string, signal: number): EscapeCase {
  const argv = [NASTY, "daemons", "3", "--die", String(signal)];
  const expected = { exitCode: 128 + signal, reason: "signaled" } as const;
  return { name, argv, ready: true, endsBy: "leader", expected, sampled: true };
}

function untilInterrupt(signal: Interrupt, exitCode: number): EscapeCase {
  return {
    name: `${signal} to the supervisor of a tree that ignores SIGTERM`,
    argv: [NASTY, "tree", "40", "--ignore-term"],
    ready: true,
    endsBy: signal,
    expected: { exitCode, reason: "killed" },
    sampled: true,
  };
}

const DELEGATED = { needs: { delegated: true } };
const HEAVY = { heavy: true };
const SAMPLED = { sampled: true };
/** A thousand processes. */
const CROWD = { heavy: true, setupMs: 1200 };

/** sudo drops the environment, and with it the job's marker, unless told otherwise. */
const AS_BOB = ["sudo", "-n", "-u", "bob", "--preserve-env=CORRAL_JOB_ID,NASTY_SANDBOX"];
/** setpriv is not ALL, so here sudo refuses to preserve anything. */
const AS_ROOT =
  'exec sudo -n /usr/bin/setpriv --reuid 0 env CORRAL_JOB_ID="$CORRAL_JOB_ID" NASTY_SANDBOX=1 "$@"';
const VIA_SUDO = { onlyAs: "user", needs: { sudo: true }, setupMs: 800 } as const;

const KINSHIP: EscapeCase[] = [
  untilTimeout("setsid", "setsid"),
  untilTimeout("subreaper with daemons", "subreaper", SAMPLED),
  untilTimeout("clone with CLONE_PARENT", "clone-parent", SAMPLED),
  untilTimeout("pid namespace", "namespaces", SAMPLED),
  untilTimeout("parent that does not reap", "zombie-parent 50"),
  untilTimeout("tree of 1000 across sessions", "tree 1000", CROWD),
  untilTimeout("tree of 1000 that ignores SIGTERM", "tree 1000 --ignore-term", CROWD),
  untilExit("double fork", "1 --exit 0", 0),
  untilExit("leader that fails at once and leaves daemons", "20 --exit 7", 7),
  untilExit("leader that leaves daemons which ignore SIGTERM", "20 --exit 255 --ignore-term", 255),
  untilDeath("leader that dies of SIGKILL and leaves daemons", 9),
  untilDeath("leader that dies of SIGABRT and leaves daemons", 6),
];

const FORKING: EscapeCase[] = [
  untilTimeout("fork bomb", "fork-bomb --ceiling 500", HEAVY),
  untilTimeout("fork bomb under --pids", "fork-bomb --ceiling 5000", {
    heavy: true,
    needs: { controllers: ["pids"] },
    corralOptions: ["--pids", "150"],
  }),
  untilTimeout("threads that keep forking", "thread-fork --ignore-term", HEAVY),
  untilTimeout("forks on SIGTERM", "term-forks", SAMPLED),
  untilTimeout("execs continuously", "exec-loop --ignore-term", HEAVY),
  untilTimeout("fills memory while dying", "memory-while-dying --mib 512", HEAVY),
  untilTimeout("fills memory while dying under --memory", "memory-while-dying --mib 512", {
    heavy: true,
    needs: { controllers: ["memory"] },
    corralOptions: ["--memory", "64M"],
  }),
];

const HOLDING: EscapeCase[] = [
  untilTimeout("ignores every signal", "ignore-term"),
  untilTimeout("stops itself", "stop-self"),
  untilTimeout("ptraced", "ptraced"),
  untilTimeout("vfork that never execs", "vfork"),
  untilTimeout("main thread gone", "dead-main-thread", SAMPLED),
  untilTimeout("main thread gone, and SIGTERM ignored", "dead-main-thread --ignore-term", SAMPLED),
  untilTimeout("hostile process names", "names", SAMPLED),
  untilTimeout("closes all descriptors", "close-fds", SAMPLED),
  untilInterrupt("SIGINT", 130),
  untilInterrupt("SIGTERM", 143),
  untilInterrupt("SIGHUP", 129),
];

const OTHER_UID: EscapeCase[] = [
  untilTimeout("children of another uid", "other-uid --uid 65534", { onlyAs: "root" }),
  {
    name: "leader of another uid",
    argv: [...AS_BOB, NASTY, "tree", "10"],
    ready: true,
    ...TIMED_OUT,
    ...VIA_SUDO,
  },
  {
    name: "leader of another uid that ignores SIGTERM",
    argv: [...AS_BOB, NASTY, "tree", "10", "--ignore-term"],
    ready: true,
    ...TIMED_OUT,
    ...VIA_SUDO,
  },
  {
    name: "leader that became root",
    argv: ["/bin/sh", "-c", AS_ROOT, "sh", NASTY, "tree", "10", "--ignore-term"],
    ready: true,
    ...TIMED_OUT,
    ...VIA_SUDO,
  },
];

const CGROUPS: EscapeCase[] = [
  untilTimeout("nested cgroups", "nested-cgroups --ignore-term", DELEGATED),
  untilTimeout("nested cgroup frozen by the job", "nested-frozen", { ...DELEGATED, ...SAMPLED }),
  untilTimeout("job that froze itself", "frozen-self", { ...DELEGATED, ...SAMPLED }),
  untilTimeout("chmod 000 on its control files", "chmod-000", DELEGATED),
];

/** Every case, in the order in which they run. */
export const ESCAPE_CASES: readonly EscapeCase[] = [
  ...KINSHIP,
  ...FORKING,
  ...HOLDING,
  ...OTHER_UID,
  ...CGROUPS,
];
