import assert from "node:assert/strict";
import { poll } from "../../../src/base/poll.ts";
import { isLocal, isOnLocalFileSystem, parseMounts } from "../../../src/linux/mounts.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const MOUNTS = parseMounts(`22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /proc rw - proc proc rw
30 22 0:50 / /net/home rw shared:9 - nfs4 server:/home rw,vers=4.2
31 22 0:51 / /mnt/with\\040blank rw - cifs //server/x rw
32 22 0:52 / /scratch rw - autofs systemd-1 rw
33 32 8:2 / /scratch rw - xfs /dev/sdb1 rw
34 22 0:53 / /x rw - fuse.sshfs alice@b: rw
35 30 8:3 / /net/home/local rw - ext4 /dev/sdc1 rw
36 22 0:54 / /odd rw - somethingnew none rw
`);
const LINKS: Record<string, string> = {
  "/home": "net/home",
  "/here": "/var/lib",
  "/var/data": "../x/y",
  "/loop": "/loop",
};
const readLink = (path: string) => {
  assert.doesNotMatch(path, /^\/(net\/home|x)(\/|$)/, "a file system that may hang was asked");
  return LINKS[path] ?? null;
};

for (
  const [path, expected] of [
    ["/var/lib/corral", true],
    ["/", true],
    ["/net/home/alice", false],
    ["/net/homes", true],
    ["/home/alice/.local/state/corral", false],
    ["/here/corral", true],
    ["/var/data/z", false],
    ["/var/data/../../here", false],
    ["/mnt/with blank/a", false],
    ["/mnt/with", true],
    ["/scratch/me", true],
    ["/x", false],
    ["/odd/a", false],
    ["/loop/a", true],
    ["/var/./lib//corral/", true],
  ] as const
) {
  Deno.test(`isLocal() of ${path} is ${expected}`, () => {
    assert.equal(isLocal(path, MOUNTS, readLink), expected);
  });
}

Deno.test("isOnLocalFileSystem() knows of a new mount within seconds, and keeps the nodes apart", async () => {
  using temp = new TempDir();
  const root = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
  const node = (name: string, text: string) => {
    temp.write(`${name}/self/mountinfo`, text);
    return `${temp.path}/${name}`;
  };
  const [one, other] = [node("one", root), node("other", `${root}23 22 0:50 / /a rw - nfs4 server:/a rw\n`)];
  assert.equal(isOnLocalFileSystem("/a/b", one), true);
  assert.equal(isOnLocalFileSystem("/a/b", other), false);
  assert.equal(isOnLocalFileSystem("/a/b", `${temp.path}/none`), true);
  assert.equal(isOnLocalFileSystem("/a/b", one), true);
  node("one", `${root}23 22 0:50 / /a rw - nfs4 server:/a rw\n`);
  assert.ok(await poll(() => !isOnLocalFileSystem("/a/b", one), 10_000));
});
