/** Real processes of a real user: needs root. */
import assert from "node:assert/strict";
import {
  prepareReceiptAsUser,
  removeEarlierAsUser,
  writeReceiptAsUser,
} from "../../../../src/act/end/user_receipt.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const isRoot = Deno.uid() === 0;
const NOBODY = { uid: 65534, gid: 65534 };
const RECEIPT = { text: "{}", late: false };

function rootTest(name: string, fn: (home: string, temp: TempDir) => Promise<void>): void {
  Deno.test({
    name: `${name}${isRoot ? "" : " (needs root)"}`,
    ignore: !isRoot,
    // libc is opened once for all.
    sanitizeResources: false,
    async fn() {
      using temp = new TempDir();
      Deno.chmodSync(temp.path, 0o755);
      Deno.mkdirSync(`${temp.path}/home`, { mode: 0o700 });
      Deno.chownSync(`${temp.path}/home`, NOBODY.uid, NOBODY.gid);
      await fn(`${temp.path}/home`, temp);
    },
  });
}

rootTest("writeReceiptAsUser() renames what the user has written aside", async (home) => {
  const path = `${home}/re ceipt`;
  Deno.writeTextFileSync(path, "earlier");
  Deno.linkSync(path, `${home}/link`);
  assert.equal(await writeReceiptAsUser(NOBODY, path, RECEIPT), null);
  assert.deepEqual([Deno.readTextFileSync(path), Deno.statSync(path).uid], ["{}\n", NOBODY.uid]);
  assert.equal(Deno.readTextFileSync(`${home}/link`), "earlier");
  assert.equal([...Deno.readDirSync(home)].length, 2);
});

rootTest("writeReceiptAsUser() has no more rights than the user, and follows no link", async (home, temp) => {
  const roots = temp.write("roots/receipt", "root's");
  Deno.chmodSync(`${temp.path}/roots`, 0o700);
  assert.match(await writeReceiptAsUser(NOBODY, roots, RECEIPT) ?? "", /denied/);
  await removeEarlierAsUser(NOBODY, roots);
  Deno.symlinkSync(roots, `${home}/link`);
  await removeEarlierAsUser(NOBODY, `${home}/link`);
  await writeReceiptAsUser(NOBODY, `${home}/link`, RECEIPT);
  assert.equal(Deno.readTextFileSync(roots), "root's");
});

rootTest(
  "writeReceiptAsUser() that is late leaves what lies there; none waits for a reader",
  async (home) => {
    const path = `${home}/receipt`;
    Deno.writeTextFileSync(path, "another's");
    assert.equal(await writeReceiptAsUser(NOBODY, path, { ...RECEIPT, late: true }), null);
    assert.equal(Deno.readTextFileSync(path), "another's");
    await removeEarlierAsUser(NOBODY, path);
    assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    await removeEarlierAsUser(NOBODY, path);
    assert.equal(await writeReceiptAsUser(NOBODY, path, RECEIPT), "it is a FIFO");
  },
);

rootTest("prepareReceiptAsUser() removes what an earlier run left, and pins the directory", async (home) => {
  const self = { uid: 0, gid: 0 };
  for (const user of [NOBODY, self]) {
    const path = `${home}/receipt`;
    Deno.writeTextFileSync(path, "earlier");
    const prepared = await prepareReceiptAsUser(user, path);
    assert.ok("directory" in prepared, JSON.stringify(prepared));
    assert.deepEqual([...Deno.readDirSync(home)], []);
    const { directory } = prepared;
    Deno.renameSync(home, `${home}-before`);
    Deno.mkdirSync(home, { mode: 0o777 });
    const text = { text: "{}", late: false, directory };
    assert.match(
      await writeReceiptAsUser(user, path, text) ?? "",
      /not the one that the job was started with/,
    );
    assert.deepEqual([...Deno.readDirSync(home)], []);
    Deno.removeSync(home);
    Deno.renameSync(`${home}-before`, home);
    assert.equal(await writeReceiptAsUser(user, path, text), null);
    assert.equal(Deno.readTextFileSync(path), "{}\n");
    Deno.removeSync(path);
  }
  const refused = await prepareReceiptAsUser(self, "/");
  assert.deepEqual(refused, { why: "it is a directory" });
});
