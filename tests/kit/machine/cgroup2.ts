/** Throws if this machine has no cgroup2. */
export function cgroup2Mount(): string {
  const mount = findCgroup2Mount();
  if (mount !== null) return mount;
  throw new Error(`Cannot make a cgroup: no cgroup2 is mounted. Run: ${MOUNT_COMMAND}`);
}

export const MOUNT_COMMAND =
  "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified";

export function findCgroup2Mount(): string | null {
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  return mounts.find((line) => line.includes(" - cgroup2 "))?.split(" ")[4] ?? null;
}
