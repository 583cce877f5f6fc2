/** Ends what is left of a session whose leader this process has started. */
import type { ProcessSource } from "../../linux/processes.ts";
import { endProcesses } from "./end_processes.ts";

/** A leader that is there is another's by now: this process has collected its own. */
export async function endSession(node: ProcessSource, session: number): Promise<void> {
  if (session <= 1 || node.procs.stat(session) !== null) return;
  const bootId = node.clock.bootId();
  const isOfIt = (pid: number) => node.procs.statIfShown(pid)?.session === session;
  const members = node.procs.pids().filter(isOfIt).map((pid) => node.procs.identify(pid, bootId))
    .filter((identity) => identity !== null);
  await endProcesses(members, node, { signal: null, graceMs: 0, stillMeant: ({ pid }) => isOfIt(pid) });
}
