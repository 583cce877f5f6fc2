/** The single checks of `corral doctor`. Each gives findings; none throws. */
import type { CgroupFs } from "../cgroup/file.ts";
import { CorralError } from "../base/errors.ts";
import type { BackendName } from "../job/job.ts";
import type { NodeLayout } from "../linux/node.ts";
import type { Backend } from "../backend/backend.ts";
import { lookUpWhere, SYSTEM_PATH, type Tool, TOOLS } from "../linux/command_lookup.ts";
import { localFileSystems } from "../linux/mounts.ts";
import { LIMIT_ROWS } from "../job/limits.ts";

/** One line of the report. `remedy` is a command or null. */
export interface CheckResult {
  what: string;
  ok: boolean;
  detail: string;
  remedy: string | null;
}

/** Control files and the kernel that brought them (cgroup-v2.rst, git history). `needed` ones make corral's main job impossible. */
const KERNEL_FILES = [
  { file: "cgroup.freeze", since: "5.2", needed: true, gives: "freezing" },
  {
    file: "cgroup.kill",
    since: "5.14",
    needed: false,
    gives: "killing a whole cgroup at once (without it: signal by signal, frozen)",
  },
] as const;

/** `root` of the hierarchy has none of these files, so they are looked for in corral's own cgroup or any child. */
export function inspectKernel(node: NodeLayout, fs: CgroupFs, release: string): CheckResult[] {
  // `/../x` is how a cgroup outside the namespace is shown (cgroup_namespaces(7)): not to be looked at.
  const sample = node.ownCgroup !== "/" && !node.ownCgroup.startsWith("/..")
    ? node.ownCgroup
    : fs.children("/").map((name) => `/${name}`)[0];
  const mounted: CheckResult = {
    what: "cgroup2",
    ok: true,
    detail: `mounted at ${node.cgroupMount}, kernel ${release}`,
    remedy: null,
  };
  if (sample === undefined) return [mounted];
  return [
    mounted,
    ...KERNEL_FILES.map(({ file, since, needed, gives }): CheckResult => {
      const present = fs.offers(sample, file);
      const detail = present ? gives : `missing: ${gives} needs Linux ${since}`;
      return {
        what: file,
        ok: present || !needed,
        detail,
        remedy: present || !needed ? null : `install Linux ${since} or later`,
      };
    }),
  ];
}

/** One finding for the backend and one for each controller that some limit needs. */
export function inspectBackend(backend: Backend): CheckResult[] {
  const there = backend.controllers();
  const needed = [...new Set(LIMIT_ROWS.map(({ controller }) => controller))];
  const limits = needed.map((controller): CheckResult => {
    const options = LIMIT_ROWS.filter((row) => row.controller === controller).map(({ option }) => option)
      .join(", ");
    const ok = there.has(controller);
    return {
      what: `${controller} controller`,
      ok,
      detail: ok ? options : `missing: ${options} cannot be enforced`,
      remedy: ok ? null : backend.remedyFor(controller),
    };
  });
  const io = there.has("io");
  return [
    { what: "backend", ok: true, detail: backend.name, remedy: null },
    ...limits,
    {
      what: "io controller",
      ok: true,
      detail: io ? "bytes read and written are counted" : "not there: bytes read and written are not counted",
      remedy: null,
    },
  ];
}

/** The programs that a launch goes through; systemd-run only where systemd makes the cgroups. */
export function inspectTools(path: string, backend: BackendName | null): CheckResult[] {
  const needed = (Object.keys(TOOLS) as Tool[]).filter((tool) =>
    tool !== "systemd-run" || backend === "systemd"
  );
  // A tool of the node is on the node: a directory that may not answer is not asked.
  const isLocal = localFileSystems();
  const missing = needed.filter((tool) =>
    !("found" in (lookUpWhere(tool, { path: `${SYSTEM_PATH}:${path}`, cwd: "/" }, isLocal) ?? {}))
  );
  if (missing.length === 0) return [{ what: "tools", ok: true, detail: needed.join(", "), remedy: null }];
  return missing.map((tool) => ({
    what: tool,
    ok: false,
    detail: "not installed",
    remedy: `install the package ${TOOLS[tool]}`,
  }));
}

/** `open` opens the store and gives its path. */
export function inspectStore(open: () => string): CheckResult[] {
  try {
    return [{ what: "store", ok: true, detail: open(), remedy: null }];
  } catch (error) {
    if (!(error instanceof CorralError)) throw error;
    return [{ what: "store", ok: false, detail: error.message, remedy: error.remedy }];
  }
}
