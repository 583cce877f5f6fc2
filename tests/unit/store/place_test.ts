import assert from "node:assert/strict";
import { storeFileName, userStateDir } from "../../../src/store/place.ts";
import { privateDirState } from "../../../src/store/private_dir.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const UID = Deno.uid()!;

function placed(temp: TempDir, changes: Partial<Parameters<typeof userStateDir>[0]> = {}): string {
  const request = {
    uid: UID,
    usersDir: `${temp.path}/users`,
    inHome: `${temp.path}/home`,
    last: `${temp.path}/last`,
    isLocal: () => true,
  };
  return userStateDir({ ...request, ...changes }).slice(temp.path.length);
}

Deno.test("userStateDir() is the home's where it is local and root has made nothing", () => {
  using temp = new TempDir();
  assert.equal(placed(temp), "/home");
});

Deno.test("userStateDir() is in the users' directory only where that is root's and sticky", () => {
  using temp = new TempDir();
  Deno.mkdirSync(`${temp.path}/users`);
  assert.equal(placed(temp), "/home");
  Deno.chmodSync(`${temp.path}/users`, 0o1777);
  assert.equal(placed(temp), UID === 0 ? `/users/${UID}` : "/home");
});

Deno.test("userStateDir() without a local home is a directory of the user's alone, made at once", () => {
  using temp = new TempDir();
  assert.equal(placed(temp, { isLocal: () => false }), "/last");
  assert.equal(privateDirState(`${temp.path}/last`, UID), "own");
  assert.equal(placed(temp, { inHome: null }), "/last");
});

Deno.test("userStateDir() refuses what is not the user's alone", () => {
  const plants: ((path: string) => void)[] = [
    (path) => Deno.mkdirSync(path, { mode: 0o755 }),
    (path) => Deno.writeTextFileSync(path, ""),
    (path) => Deno.symlinkSync("/tmp", path),
  ];
  for (const plant of plants) {
    using temp = new TempDir();
    plant(`${temp.path}/last`);
    assert.throws(() => placed(temp, { inHome: null }), /last: is not a directory of yours alone/);
  }
});

Deno.test("storeFileName() names host and machine, and goes on with an older name on a local disk only", () => {
  using temp = new TempDir();
  const node = { uid: 1000, hostName: "node7", machineId: "0123456789abcdef0123456789abcdef" };
  assert.equal(storeFileName(temp.path, node, true), "node7-0123456789ab.db");
  assert.equal(storeFileName(temp.path, { ...node, machineId: null }, true), "node7.db");
  assert.equal(storeFileName(temp.path, { ...node, uid: 0 }, true), "corral.db");
  assert.equal(storeFileName(temp.path, { ...node, uid: 0 }, false), "node7-0123456789ab.db");
  temp.write("node7.db", "");
  assert.equal(storeFileName(temp.path, node, true), "node7.db");
  assert.equal(storeFileName(temp.path, node, false), "node7-0123456789ab.db");
  temp.write("node7-0123456789ab.db", "");
  assert.equal(storeFileName(temp.path, node, true), "node7-0123456789ab.db");
});
