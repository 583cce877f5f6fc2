/**
 * The RPM in a root of its own, on this machine's kernel: no RPM system can be put together from Debian's archive, so rpm(8) unpacks over
 * an image of Debian, and its scripts run in there. Nothing is booted, and what the package requires is not looked for.
 */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { ensureImage } from "../../kit/machine/images.ts";
import { onHost, release } from "./release.ts";

const machine = await machineUnderTest();

/** A copy of the image that lasts as long as `use`: `root` as seen by rpm. */
async function withRoot(use: (root: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "corral-rpm-root-" });
  const root = `${directory}/root`;
  const { root: image } = await ensureImage("bookworm");
  const mounted = `mount -t tmpfs tmpfs "$0" && mkdir "$0/upper" "$0/work" "$0/root" &&
    mount -t overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" overlay "$0/root" &&
    mount -t proc proc "$0/root/proc"`;
  try {
    await succeeds(["/bin/sh", "-c", mounted, directory, image]);
    await use(root);
  } finally {
    await onHost(["umount", `${root}/proc`]);
    await onHost(["umount", root]);
    await onHost(["umount", directory]);
    await Deno.remove(directory, { recursive: true });
  }
}

async function succeeds(argv: readonly string[]): Promise<string> {
  const { code, words } = await onHost(argv);
  assert.equal(code, 0, `${argv.join(" ")}: ${words}`);
  return words;
}

const isThere = (path: string) => Deno.lstat(path).then(() => true, () => false);
const mode = async (path: string) => ((await Deno.stat(path)).mode! & 0o7777).toString(8);

machineTest(
  machine,
  "the RPM: installed, verified, upgraded and removed; the stores' directories stay",
  async () => {
    const { rpm } = await release();
    await withRoot(async (root) => {
      const inRoot = (...args: string[]) => succeeds(["rpm", "--root", root, ...args]);
      await inRoot("--initdb");
      await inRoot("--install", "--nodeps", rpm);
      assert.equal(await inRoot("--verify", "--nodeps", "corral"), "");
      assert.match(await succeeds(["chroot", root, "/usr/bin/corral", "--version"]), /^corral \d/);
      assert.deepEqual([await mode(`${root}/var/lib/corral`), await mode(`${root}/var/lib/corral/users`)], [
        "711",
        "1777",
      ]);
      assert.ok(!await isThere(`${root}/etc/systemd/system/timers.target.wants/corral-sweep.timer`));
      await Deno.writeTextFile(`${root}/var/lib/corral/corral.db`, "");
      await inRoot("--upgrade", "--nodeps", "--force", rpm);
      assert.equal(await inRoot("--verify", "--nodeps", "corral"), "");
      const files = (await inRoot("--query", "--list", "corral")).trim().split("\n");
      assert.ok(files.includes("/usr/lib/systemd/system/corral-sweep.timer"));
      await inRoot("--erase", "corral");
      for (const path of files) assert.ok(!await isThere(`${root}${path}`), path);
      assert.ok(await isThere(`${root}/var/lib/corral/corral.db`));
    });
  },
  onceOnly(machine),
);
