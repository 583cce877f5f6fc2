/** The tiers of `make test`: what each runs, on what, and what it needs of this machine. */
import { findCgroup2Mount, MOUNT_COMMAND } from "../machine/cgroup2.ts";
import { isInstalled } from "../machine/command.ts";
import { type Flavour, type Suite, SUITES } from "../machine/images.ts";

export interface Tier {
  readonly name: string;
  /** Arguments of `deno test`, and the environment that tells the tests where they are. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The image it boots. */
  readonly suite: Suite | null;
  /** With more packages in it than the others. */
  readonly flavour?: Flavour;
  readonly timeoutMs: number;
  readonly needs: readonly Need[];
  /** Heavy tiers of different lanes run at the same time, of one lane after one another. */
  readonly lane: "light" | "nspawn" | "vm";
  /** Runs only when it is named. */
  readonly onRequest?: true;
}

type Need = "root" | "cgroup2" | keyof typeof PACKAGES;

/** Programs and the Debian packages that have them. */
const PACKAGES = {
  "cc": "gcc libc6-dev",
  "chromium": "chromium",
  "clush": "clustershell",
  "cpio": "cpio",
  "mmdebstrap": "mmdebstrap",
  "lintian": "lintian",
  "python3": "python3",
  "qemu-system-x86_64": "qemu-system-x86",
  "sshd": "openssh-server openssh-client",
  "rpmbuild": "rpm",
  "rpmlint": "rpmlint",
  "systemd-nspawn": "systemd-container",
};

const MINUTE_MS = 60_000;
/** Everything that boots a machine: its own folder for each theme (load_tests.ts takes the files of all of them as one module). */
const ON_A_REAL_SYSTEM = ["machine", "corpus", "crash", "story"].map((name) => `tests/system/${name}`).join(
  " ",
);
const ON_A_MACHINE = ["tests/kit/machine/load_tests.ts"];
const IMAGE_NEEDS = ["root", "mmdebstrap", "cpio", "cc"] as const;

const STANDARD: readonly Tier[] = [
  {
    name: "unit",
    args: ["--parallel", "tests/unit"],
    env: {},
    suite: null,
    timeoutMs: 10 * MINUTE_MS,
    needs: [],
    lane: "light",
  },
  {
    name: "host",
    args: ON_A_MACHINE,
    env: {
      CORRAL_TEST_MACHINE: "host",
      CORRAL_TEST_PATHS: "tests/system/machine/machine_test.ts tests/system/host",
    },
    suite: null,
    timeoutMs: 20 * MINUTE_MS,
    needs: ["root", "cgroup2", "python3", "cc"],
    lane: "light",
  },
  ...SUITES.map((suite): Tier => ({
    name: `nspawn-${suite}`,
    args: ON_A_MACHINE,
    env: { CORRAL_TEST_MACHINE: `nspawn-${suite}`, CORRAL_TEST_PATHS: ON_A_REAL_SYSTEM },
    suite,
    timeoutMs: 30 * MINUTE_MS,
    needs: [...IMAGE_NEEDS, "cgroup2", "systemd-nspawn"],
    lane: "nspawn",
  })),
  ...SUITES.map((suite): Tier => ({
    name: `vm-${suite}`,
    args: ON_A_MACHINE,
    env: { CORRAL_TEST_MACHINE: `vm-${suite}`, CORRAL_TEST_PATHS: ON_A_REAL_SYSTEM },
    suite,
    timeoutMs: 35 * MINUTE_MS,
    needs: [...IMAGE_NEEDS, "qemu-system-x86_64"],
    lane: "vm",
  })),
];

/** Inputs on which corral once broke its promise: the machines of the standard tiers, each booted for these tests alone. */
const WHOLE_HOSTILE: readonly Tier[] = STANDARD.filter(({ suite }) => suite !== null).map((tier) => ({
  ...tier,
  name: `hostile-${tier.name}`,
  env: { ...tier.env, CORRAL_TEST_PATHS: "tests/system/hostile" },
  timeoutMs: 60 * MINUTE_MS,
  onRequest: true,
}));

/** Their quickest files, four minutes in all, on one machine: at least one for each kind of promise that is enforced by processes. */
const QUICK_HOSTILE = [
  ...["k2_guard", "k2_nested", "k2_with_parent", "k3_leader", "k4_for_a_user", "k4_loader", "k4_trust"],
  ...["k1_raw_arguments", "k5_belonging", "k8_odd_names", "k9_records", "k10_store"],
].map((name) => `tests/system/hostile/${name}_test.ts`).join(" ");

const HOSTILE_PART: readonly Tier[] = STANDARD.filter(({ name }) => name === "nspawn-trixie").map((tier) => ({
  ...tier,
  name: "hostile",
  env: { ...tier.env, CORRAL_TEST_PATHS: QUICK_HOSTILE },
}));

/** Beside Debian's Slurm, in images that have it. A VM has the controllers by which Slurm tracks processes. */
const SLURM: readonly Tier[] = STANDARD.filter(({ suite }) => suite !== null).map((tier) => ({
  ...tier,
  name: `slurm-${tier.name}`,
  flavour: "slurm",
  env: { CORRAL_TEST_MACHINE: `slurm-${tier.name}`, CORRAL_TEST_PATHS: "tests/system/slurm" },
  onRequest: true,
}));

/** Many nodes as one: ClusterShell over ssh, and a million rows. */
const FLEET: Tier = {
  name: "fleet",
  args: ON_A_MACHINE,
  env: { CORRAL_TEST_MACHINE: "host", CORRAL_TEST_PATHS: "tests/system/fleet" },
  suite: null,
  timeoutMs: 30 * MINUTE_MS,
  needs: ["root", "cgroup2", "python3", "cc", "clush", "sshd"],
  lane: "light",
  onRequest: true,
};

/** The packages of `make release` in fresh containers. */
const RELEASE: readonly Tier[] = STANDARD.filter(({ lane }) => lane === "nspawn").map((tier) => ({
  ...tier,
  name: `release-${tier.suite}`,
  env: { ...tier.env, CORRAL_TEST_PATHS: "tests/system/release" },
  needs: [...tier.needs, "rpmbuild", "lintian", "rpmlint"],
  onRequest: true,
}));

/** The page of `corral serve` in a real browser, with a server of sample data. */
const PAGE: Tier = {
  name: "page",
  args: ["tests/system/page"],
  env: {},
  suite: null,
  timeoutMs: 5 * MINUTE_MS,
  needs: ["chromium"],
  lane: "light",
};

export const TIERS: readonly Tier[] = [
  ...STANDARD,
  PAGE,
  ...HOSTILE_PART,
  ...SLURM,
  ...WHOLE_HOSTILE,
  FLEET,
  ...RELEASE,
];

/** Why the tier cannot run here and the command that changes that; null if it can. */
export function obstacle(tier: Tier): string | null {
  if (tier.needs.includes("root") && Deno.uid() !== 0) {
    return `needs root, run: sudo make test TIERS=${tier.name}`;
  }
  if (tier.needs.includes("cgroup2") && findCgroup2Mount() === null) {
    return `needs a cgroup2 mount, run: ${MOUNT_COMMAND}`;
  }
  const programs = Object.entries(PACKAGES).filter(([program]) => tier.needs.includes(program as Need));
  const missing = programs.filter(([program]) => !isInstalled(program));
  if (missing.length === 0) return null;
  const names = missing.map(([program]) => program).join(", ");
  return `needs ${names}, run: apt-get install --yes ${missing.map(([, debian]) => debian).join(" ")}`;
}
