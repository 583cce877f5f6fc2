/**
 * Where a job goes that is started in a job: into that one, so that limits, freeze, end and accounting of the outer job hold for it too.
 * That corral is in a job the kernel reports (/proc/self/cgroup); the environment, which a job can change, is not asked.
 */
import type { CgroupFs } from "../cgroup/file.ts";
import { lastName } from "../base/path.ts";
import { SetupError } from "../base/errors.ts";
import type { BackendName } from "../job/job.ts";
import { isPlain, type JobPlace, jobsOfCgroup, levelsOfSlice } from "../job/names.ts";
import type { Backend } from "./backend.ts";
import { CgroupfsBackend } from "./cgroupfs_backend.ts";
import {
  type BackendChoice,
  chooseBackend,
  isOwnedBy,
  isWritable,
  stepBackend,
  systemdBackend,
} from "./choose.ts";

/** What to do where the job cannot lie in the outer one. */
export interface NestOptions {
  bestEffort: boolean;
  warn: (line: string) => void;
}

/**
 * As chooseBackend(), for a job that is started here: in a job, its backend makes jobs in that one. Throws SetupError where it cannot; with
 * `bestEffort` it warns, and the job lies beside the outer one.
 */
export function chooseForLaunch(
  wanted: BackendName | "auto",
  choice: BackendChoice,
  { bestEffort, warn }: NestOptions,
): Backend {
  const outer = jobsOfCgroup(choice.node.ownCgroup).at(-1);
  if (outer === undefined) {
    return (wanted === "auto" ? stepBackend(choice) : null) ?? chooseBackend(wanted, choice);
  }
  const { backend, because } = backendIn(outer, wanted, choice);
  if (backend !== null) return backend;
  const outside = `outside of job ${outer.id}, in which corral runs`;
  if (!bestEffort) {
    throw new SetupError(
      `the job would lie ${outside}: ${because}`,
      "start it from elsewhere; or run it although the limits and the end of that job do not hold for it: --best-effort",
    );
  }
  warn(`warning: the job lies ${outside}, whose limits and end do not hold for it: ${because}`);
  return chooseBackend(wanted, choice);
}

type Nest = { backend: Backend; because: null } | { backend: null; because: string };

function backendIn(outer: JobPlace, wanted: BackendName | "auto", choice: BackendChoice): Nest {
  const { fs, node } = choice;
  const uid = isPlain(outer.path) ? ownerOf(fs, outer.path) : null;
  if (uid === null) return refuse("its cgroup cannot be reached from here");
  if (wanted !== "auto" && wanted !== outer.backend) {
    return refuse(`that is a job of --backend ${outer.backend}`);
  }
  if (uid !== node.uid) return refuse(`that is a job of the user with uid ${uid}, who is another one`);
  return outer.backend === "systemd" ? inSlice(outer, choice) : inDirectory(outer, choice);
}

function inSlice(outer: JobPlace, choice: BackendChoice): Nest {
  const backend = systemdBackend(choice);
  if (backend === null) return refuse("its systemd manager cannot be reached from here");
  if (!outer.path.startsWith(`${backend.top}/`)) return refuse("that is a job of another systemd manager");
  return { backend: backend.within(levelsOfSlice(lastName(outer.path))), because: null };
}

function inDirectory({ path }: JobPlace, { fs, procs, node }: BackendChoice): Nest {
  const isOurs = node.uid === 0 ? isWritable(fs, path) : isOwnedBy(fs, path, node.uid);
  if (!isOurs) return refuse("its cgroup cannot be written to");
  // Of a corral that made no leaf for them: such a cgroup cannot hand on controllers.
  const hasProcesses = (fs.readOptional(path, "cgroup.procs") ?? "").trim() !== "";
  if (hasProcesses && fs.controllers(path).size > 0) {
    return refuse("an older version of corral started that, whose jobs can hold no others");
  }
  return { backend: new CgroupfsBackend(fs, procs, path), because: null };
}

function refuse(because: string): Nest {
  return { backend: null, because };
}

function ownerOf(fs: CgroupFs, path: string): number | null {
  try {
    return Deno.lstatSync(fs.locate(path)).uid;
  } catch {
    return null;
  }
}
