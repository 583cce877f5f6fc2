import assert from "node:assert/strict";
import { withShortName } from "../../../src/linux/long_path.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

/** The C library stays open for the life of the process. */
function longTest(name: string, fn: () => void): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

/** Makes directories below each other until their path is far longer than PATH_MAX. Returns it, and the inodes of all. */
function nest(root: string, name: string, levels: number): { path: string; inodes: Set<string> } {
  let path = root;
  const inodes = new Set<string>();
  for (let level = 0; level < levels; level++) {
    path += `/${name}`;
    withShortName(path, (short) => Deno.mkdirSync(short));
    inodes.add(withShortName(path, inodeOf)!);
  }
  return { path, inodes };
}

function inodeOf(path: string): string | null {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/** How many of these are open. Other test files run in this process at the same time, and open others. */
function openOf(inodes: Set<string>): number {
  const open = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => inodeOf(`/proc/self/fd/${name}`));
  return open.filter((inode) => inode !== null && inodes.has(inode)).length;
}

longTest("withShortName() leaves a short path as it is", () => {
  assert.equal(withShortName("/corral/7k2m9q", (name) => name), "/corral/7k2m9q");
});

for (const name of ["n".repeat(240), "\u{1F40E}".repeat(60)]) {
  longTest(
    `withShortName() reaches files at any depth, and holds nothing afterwards: ${name.slice(0, 2)}`,
    () => {
      using temp = new TempDir();
      const { path, inodes } = nest(temp.path, name, 50);
      assert.equal(withShortName(`${path}/file`, () => openOf(inodes)), 1);
      withShortName(`${path}/file`, (short) => Deno.writeTextFileSync(short, "deep"));
      assert.equal(withShortName(`${path}/file`, (short) => Deno.readTextFileSync(short)), "deep");
      assert.throws(
        () => withShortName(`${path}/none`, (short) => Deno.readTextFileSync(short)),
        Deno.errors.NotFound,
      );
      assert.throws(
        () => withShortName(path.replace("/", "/x") + "/file", Deno.readTextFileSync),
        Deno.errors.NotFound,
      );
      assert.equal(openOf(inodes), 0);
      assert.throws(() => Deno.readTextFileSync(`${path}/file`), /too long/i);
    },
  );
}
