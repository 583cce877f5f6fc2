/** What a sweep reports of jobs and cgroups, in words. Pure. */
import { errorText } from "../../base/errors.ts";
import type { Action } from "../../job/decide.ts";
import type { Finding } from "../../job/finding.ts";
import { type Job, runningFacts } from "../../job/job.ts";
import type { Leftovers } from "../../observe/leftovers.ts";
import type { DamagedRow } from "../../store/rows.ts";

/** Of a job that decide() only reports. */
export function jobFinding(job: Job, kind: Extract<Action, { do: "report" }>["finding"]): Finding {
  const { id } = job.spec;
  const path = runningFacts(job)?.cgroup.path ?? id;
  const message = {
    "foreign-cgroup": `job ${id}: ${path} is not the cgroup that was made for it; not touched`,
    "other-namespace":
      `job ${id} was started in another PID namespace, whose processes cannot be judged from here; not touched`,
    "other-boot":
      `job ${id} was started under another boot id and is there all the same, as if /proc were a container's; not touched`,
  }[kind];
  return { kind, key: `${kind} ${id} ${path}`, id, pid: null, message };
}

/** Of a job whose look or act failed. */
export function unreadable({ spec }: Job, error: unknown): Finding {
  const message = `job ${spec.id} cannot be looked at: ${errorText(error)}`;
  return { kind: "unreadable", key: `unreadable ${spec.id}`, id: spec.id, pid: null, message };
}

/** Of a row that makes no sense. */
export function damagedRow({ id, message }: DamagedRow): Finding {
  return { kind: "unreadable", key: `unreadable ${id}`, id, pid: null, message };
}

/** Of a cgroup that bears the name of a job and is not that of a live one. */
export function unknownCgroup(
  { id, path, inode, isPopulated, isRecordedElsewhere }: Leftovers["unknown"][number],
): Finding {
  const [what, why] = isRecordedElsewhere
    ? [`bears the name of job ${id}`, "its record names another cgroup"]
    : ["is of no job in this store", "another --state-dir's, or its record is lost"];
  return {
    kind: "unknown-cgroup",
    key: `unknown-cgroup ${path} ${inode}`,
    id,
    pid: null,
    message: `${path} ${what}${isPopulated ? "" : ", and empty"}: ${why}; not touched`,
  };
}
