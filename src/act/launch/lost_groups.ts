/**
 * Deno 2.7.11 calls setgroups(0, NULL) in every child that gets a descriptor besides 0 to 2, as the gate does. That succeeds for a process
 * that may set groups, so root's job would lose the groups that root was given (SupplementaryGroups= of a service, newgrp, initgroups).
 */

/** Bit of CAP_SETGID in CapEff (capabilities(7)). */
const CAP_SETGID = 6n;

/** The supplementary groups that a child would lose, from the text of the caller's /proc/PID/status; none for ordinary users. */
export function lostGroups(status: string): number[] {
  const field = (name: string) => new RegExp(`^${name}:\\t(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
  const capabilities = BigInt(`0x${field("CapEff") || "0"}`);
  if ((capabilities >> CAP_SETGID & 1n) === 0n) return [];
  const ownGroup = Number(field("Gid").split(/\s+/)[1]);
  const groups = field("Groups").split(/\s+/).filter((word) => word !== "").map(Number);
  // Being in one's own group once more makes no difference, and is what root has after a login.
  return groups.every((group) => group === ownGroup) ? [] : groups;
}
