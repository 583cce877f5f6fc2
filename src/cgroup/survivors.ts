/** Why a process does not die: its state, where it waits in the kernel, and that in words. */
import type { Procs } from "../linux/proc.ts";
import type { Survivor } from "../job/job.ts";
import type { OwnedCgroup } from "./file.ts";

/** Kernel functions (wchan) and what a wait in them means. First match wins. */
const WAITS: [RegExp, string][] = [
  [/^(nfs|rpc)/, "waits for an NFS server: bring the server back, or `umount -f` the mount"],
  [/fuse|request_wait_answer/, "waits for a FUSE file system: abort it through /sys/fs/fuse/connections"],
  [/^(lustre|ll_|ptlrpc|osc_|mdc_)/, "waits for a Lustre server"],
  [/^(io_schedule|folio_wait|wait_on_page|blk_|jbd2|ext4|xfs)/, "waits for a disk: see dmesg for I/O errors"],
  [/^(do_coredump|coredump)/, "writes a core dump"],
  [/^(exit_|do_exit|zap_|unmap|mmput|tlb_)/, "is already dying: its memory is being freed"],
  [/(vfork|wait_for_vfork)/, "waits in vfork for its child"],
];

/** The processes still in the cgroup, each with what blocks it. Processes that leave meanwhile are left out. */
export function describeSurvivors(cgroup: OwnedCgroup, procs: Procs): Survivor[] {
  return cgroup.pids().flatMap((pid) => {
    const stat = procs.stat(pid);
    if (stat === null) return [];
    const raw = procs.readIfAllowed(pid, "wchan")?.trim() ?? "";
    const wchan = raw === "" || raw === "0" ? null : raw;
    return [{ pid, name: stat.name, state: stat.state, wchan, because: explainWait(stat.state, wchan) }];
  });
}

/** In words: state is the letter of /proc/PID/stat, wchan a kernel function or null. */
export function explainWait(state: string, wchan: string | null): string {
  const known = WAITS.find(([pattern]) => wchan !== null && pattern.test(wchan));
  if (known) return known[1];
  if (state === "D") return `waits uninterruptibly in the kernel (${wchan ?? "place unknown"})`;
  if (state === "Z") return "is dead and waits for its parent to reap it";
  if (state === "T" || state === "t") return "is stopped or traced";
  return "was still running when the kill deadline passed";
}
