/** What a corral process itself needs of its caller's resource limits: with less, the runtime panics before corral can print a word. */
import type { CheckResult } from "./doctor.ts";

interface Need {
  what: string;
  /** The limit's name in /proc/PID/limits (getrlimit(2)). */
  limit: string;
  least: number;
  needs: string;
  /** The shell's command that gives enough. */
  remedy: string;
}

/** Measured: 24 descriptors, 50 GB of address space that is reserved and not used, 6 threads. */
const NEEDS: readonly Need[] = [
  {
    what: "descriptors",
    limit: "Max open files",
    least: 64,
    needs: "a corral needs 64",
    remedy: "ulimit -n 1024",
  },
  {
    what: "address space",
    limit: "Max address space",
    least: 64 * 2 ** 30,
    needs: "a corral reserves up to 64 GiB and uses 60 MiB",
    remedy: "ulimit -v unlimited; to limit a job's memory: corral run --memory",
  },
  {
    what: "processes",
    limit: "Max processes",
    least: 32,
    needs: "a corral needs 8 threads, counted with all else that its user runs",
    remedy: "ulimit -u 4096",
  },
];

/** One finding for each need, from /proc/self/limits. */
export function inspectRoom(procRoot: string): CheckResult[] {
  let limits: string;
  try {
    limits = Deno.readTextFileSync(`${procRoot}/self/limits`);
  } catch {
    return [{
      what: "proc",
      ok: false,
      detail: "/proc/self/limits cannot be read",
      remedy: "mount -t proc proc /proc",
    }];
  }
  return NEEDS.map(({ what, limit, least, needs, remedy }) => {
    const soft = new RegExp(`^${limit} +(\\S+)`, "m").exec(limits)?.[1] ?? "unlimited";
    const ok = soft === "unlimited" || Number(soft) >= least;
    return { what, ok, detail: `${soft}: ${needs}`, remedy: ok ? null : remedy };
  });
}
