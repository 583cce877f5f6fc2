import assert from "node:assert/strict";
import { renderError, SetupError } from "../../../src/base/errors.ts";
import { inspectLayout, parseCgroup2Mounts } from "../../../src/linux/node.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const HYBRID = [
  "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
  "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate",
  "",
].join("\n");
const UNIFIED = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,memory_recursiveprot\n";

Deno.test("parseCgroup2Mounts() finds cgroup2 on a unified and on a hybrid node", () => {
  assert.deepEqual(parseCgroup2Mounts(UNIFIED), ["/sys/fs/cgroup"]);
  assert.deepEqual(parseCgroup2Mounts(HYBRID), ["/sys/fs/cgroup/unified"]);
  assert.deepEqual(parseCgroup2Mounts(""), []);
  assert.deepEqual(parseCgroup2Mounts("35 31 0:32 / /cgroup2 rw - cgroup cgroup2 rw,memory\n"), []);
});

Deno.test("parseCgroup2Mounts() prefers the mount that shows the whole hierarchy", () => {
  const bind = "50 24 0:26 /user.slice /srv/jail/cg rw - cgroup2 cgroup2 rw\n";
  assert.deepEqual(parseCgroup2Mounts(bind + UNIFIED), ["/sys/fs/cgroup", "/srv/jail/cg"]);
  assert.deepEqual(parseCgroup2Mounts(bind), ["/srv/jail/cg"]);
});

Deno.test("parseCgroup2Mounts() leaves out a mount that another one hides", () => {
  const over = "60 30 0:99 / /sys/fs/cgroup rw - tmpfs none rw\n";
  assert.deepEqual(parseCgroup2Mounts(UNIFIED + over), []);
  const below = "61 30 0:99 / /sys/fs/cgroup/misc rw - tmpfs none rw\n";
  assert.deepEqual(parseCgroup2Mounts(UNIFIED + below), ["/sys/fs/cgroup"]);
});

Deno.test("parseCgroup2Mounts() decodes spaces, tabs, newlines and backslashes", () => {
  const text = "30 24 0:26 / /mnt/a\\040b\\011c\\012d\\134e rw - cgroup2 none rw\n";
  assert.deepEqual(parseCgroup2Mounts(text), ["/mnt/a b\tc\nd\\e"]);
});

function fakeNode(
  files: Readonly<Record<string, string>>,
): TempDir & { roots: { proc: string; run: string } } {
  const temp = new TempDir();
  for (const [name, text] of Object.entries(files)) temp.write(name, text);
  return Object.assign(temp, { roots: { proc: `${temp.path}/proc`, run: `${temp.path}/run` } });
}

Deno.test("inspectLayout() of a container: cgroup2, no systemd", () => {
  using node = fakeNode({ "proc/self/mountinfo": HYBRID, "proc/self/cgroup": "3:cpu:/x\n0::/job/inner\n" });
  assert.deepEqual(inspectLayout(node.roots, 0), {
    cgroupMount: "/sys/fs/cgroup/unified",
    ownCgroup: "/job/inner",
    uid: 0,
    systemdBooted: false,
    systemdElsewhere: false,
    userRuntimeDir: null,
  });
});

Deno.test("inspectLayout() finds a user's manager without XDG_RUNTIME_DIR, and root has none", () => {
  using node = fakeNode({
    "proc/self/mountinfo": UNIFIED,
    "proc/self/cgroup": "0::/user.slice\n",
    "run/systemd/system/x": "",
    "run/user/1000/systemd/private": "",
    "run/user/1001/bus": "",
    "run/user/0/systemd/private": "",
  });
  assert.ok(inspectLayout(node.roots, 1000).systemdBooted);
  assert.equal(inspectLayout(node.roots, 1000).userRuntimeDir, `${node.roots.run}/user/1000`);
  assert.equal(inspectLayout(node.roots, 1001).userRuntimeDir, null);
  assert.equal(inspectLayout(node.roots, 0).userRuntimeDir, null);
});

Deno.test("inspectLayout() without cgroup2 ends with the command that mounts it", () => {
  using node = fakeNode({ "proc/self/mountinfo": "", "proc/self/cgroup": "1:name=systemd:/\n" });
  assert.throws(() => inspectLayout(node.roots, 0), (error: unknown) => {
    assert.ok(error instanceof SetupError);
    assert.match(renderError(error), /^corral: no cgroup2 file system is mounted \(.*mount -t cgroup2 .*\)$/);
    return true;
  });
});
