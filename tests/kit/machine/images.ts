/**
 * Debian images for the test machines: per suite an unpacked root (nspawn), the same root as an initrd and a
 * kernel (vm). Built by mmdebstrap from the archive that this machine's apt uses, cached by a hash of the recipe.
 *
 * As a program (`make image`): builds the suites named as arguments (default: all) and prints where they are.
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { runCommand } from "./command.ts";
import { CACHE_DIR } from "./project.ts";

export const SUITES = ["bookworm", "trixie"] as const;
export type Suite = typeof SUITES[number];

/** One built image. `root` is a directory, `initrd` a cpio archive of it, `kernel` its vmlinuz. */
export interface Image {
  readonly suite: Suite;
  readonly root: string;
  readonly initrd: string;
  readonly kernel: string;
}

const PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "udev", "kmod"],
  ...["procps", "util-linux", "linux-image-cloud-amd64", "sudo", "cron", "uidmap"],
  ...["python3", "stress-ng", "podman", "crun", "conmon"],
  // The owner of jobs in the story that corral comes from.
  ...["python3-celery", "python3-redis", "redis-server"],
  // A home on a file server, which the VM's own kernel is.
  ...["nfs-kernel-server", "nfs-common"],
];

/** What an image has besides, by the name in front of its suite's. */
const MORE_PACKAGES = {
  plain: [],
  // Both of its daemons run on one node; ip(8) gives them a second address.
  slurm: ["slurm-wlm", "munge", "iproute2"],
} as const satisfies Record<string, readonly string[]>;
/** Most tests boot the plain one. */
export type Flavour = keyof typeof MORE_PACKAGES;
export const FLAVOURS = Object.keys(MORE_PACKAGES) as Flavour[];

/** Never unpacked. stress-ng pulls in mesa and LLVM for its GPU stressor: a third of the image. */
const EXCLUDED_PATHS = [
  ...["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*"],
  ...["/usr/lib/*/libLLVM*", "/usr/lib/*/dri/*", "/usr/lib/*/libgallium*"],
];

const SETUP_SCRIPT = join(import.meta.dirname!, "image_setup.sh");
const IMAGES_DIR = join(CACHE_DIR, "images");
/** 30 s on a fast mirror. A mirror that stalls is ended here; nothing of the half-built image stays. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
const PACK_TIMEOUT_MS = 2 * 60_000;
const QUERY_TIMEOUT_MS = 30_000;

/** Gives the suite's image, building it if there is none of this recipe. Safe to call from several processes. */
export async function ensureImage(suite: Suite, flavour: Flavour = "plain"): Promise<Image> {
  const packages = [...PACKAGES, ...MORE_PACKAGES[flavour]];
  const name = flavour === "plain" ? suite : `${flavour}-${suite}`;
  const directory = join(IMAGES_DIR, `${name}-${await recipeHash(packages)}`);
  const image: Image = {
    suite,
    root: join(directory, "root"),
    initrd: join(directory, "initrd.cpio"),
    kernel: join(directory, "vmlinuz"),
  };
  if (await exists(directory)) return image;
  await Deno.mkdir(IMAGES_DIR, { recursive: true });
  using lock = await Deno.open(join(IMAGES_DIR, `${name}.lock`), { create: true, write: true });
  await lock.lock(true);
  if (await exists(directory)) return image;
  await dropOtherRecipes(name);
  await build(suite, packages, directory);
  return image;
}

async function recipeHash(packages: readonly string[]): Promise<string> {
  const setup = await Deno.readTextFile(SETUP_SCRIPT);
  const recipe = JSON.stringify([packages, EXCLUDED_PATHS, setup]);
  return createHash("sha256").update(recipe).digest("hex").slice(0, 12);
}

/** Also what a killed build has left behind: only the holder of the lock gets here. */
async function dropOtherRecipes(name: string): Promise<void> {
  for await (const entry of Deno.readDir(IMAGES_DIR)) {
    if (entry.isDirectory && entry.name.startsWith(`${name}-`)) {
      await Deno.remove(join(IMAGES_DIR, entry.name), { recursive: true });
    }
  }
}

/** Built under another name and renamed, so a directory of the right name is always complete. */
async function build(suite: Suite, packages: readonly string[], directory: string): Promise<void> {
  if (Deno.uid() !== 0) {
    throw new Error("Cannot build an image: mmdebstrap needs root here. Run: sudo make image");
  }
  const partial = `${directory}.partial`;
  const root = join(partial, "root");
  await Deno.mkdir(partial);
  console.error(`image ${basename(directory)}: building (about a minute, once) ...`);
  try {
    await runCommand(await mmdebstrapCommand(suite, packages, root), {
      timeoutMs: BUILD_TIMEOUT_MS,
      // Debian's kernel packages then skip the initramfs: it would take longer than all the rest.
      env: { INITRD: "No" },
    });
    await packForVm(root, partial);
    await Deno.rename(partial, directory);
  } catch (error) {
    await Deno.remove(partial, { recursive: true });
    throw error;
  }
}

async function mmdebstrapCommand(
  suite: Suite,
  packages: readonly string[],
  root: string,
): Promise<string[]> {
  return [
    "mmdebstrap",
    "--quiet",
    "--mode=root",
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    ...EXCLUDED_PATHS.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...(await aptNetworkOptions()).map((option) => `--aptopt=${option}`),
    `--customize-hook=${SETUP_SCRIPT}`,
    suite,
    root,
    await debianMirror(),
  ];
}

/** Proxies, certificates and credentials as this machine's apt has them; mmdebstrap's own apt would not. */
async function aptNetworkOptions(): Promise<string[]> {
  const dump = await runCommand(["apt-config", "dump"], { timeoutMs: QUERY_TIMEOUT_MS });
  return dump.split("\n").filter((line) => /^Acquire::https?::/i.test(line));
}

/** The archive of this Debian machine's own release; the suites of the images come from the same place. */
async function debianMirror(): Promise<string> {
  const release = await Deno.readTextFile("/etc/os-release");
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
  const targets = await runCommand([
    "apt-get",
    "indextargets",
    "--format",
    "$(REPO_URI) $(RELEASE) $(COMPONENT)",
  ], {
    timeoutMs: QUERY_TIMEOUT_MS,
  });
  const target = targets.split("\n").find((line) => line.endsWith(` ${codename} main`));
  const mirror = Deno.env.get("CORRAL_TEST_MIRROR") ?? target?.split(" ")[0];
  if (mirror !== undefined) return mirror;
  throw new Error(
    `Cannot find a Debian archive: apt on this machine has no entry for "${codename} main". ` +
      "Name one: CORRAL_TEST_MIRROR=http://... make image",
  );
}

async function packForVm(root: string, partial: string): Promise<void> {
  const boot = join(root, "boot");
  const kernels = [...Deno.readDirSync(boot)].filter((entry) => entry.name.startsWith("vmlinuz-"));
  if (kernels.length !== 1) throw new Error(`Cannot choose a kernel in ${boot}: ${kernels.length} found`);
  await Deno.copyFile(join(boot, kernels[0]!.name), join(partial, "vmlinuz"));
  const pack = 'find . -path ./boot -prune -o -print0 | cpio --quiet --null --create --format=newc >"$0"';
  await runCommand(["sh", "-c", pack, join(partial, "initrd.cpio")], {
    timeoutMs: PACK_TIMEOUT_MS,
    cwd: root,
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  const wanted = Deno.args.length === 0 ? SUITES : SUITES.filter((suite) => Deno.args.includes(suite));
  for (const suite of wanted) {
    const image = await ensureImage(suite);
    console.log(`${suite}: ${image.root}`);
  }
}
