import assert from "node:assert/strict";
import { endUnsupervised } from "../../../../src/act/end/end_unsupervised.ts";
import { prepareReceipt } from "../../../../src/act/end/receipt_file.ts";
import { writeLateReceipt } from "../../../../src/act/end/late_receipt.ts";
import { JOB_ID, specOf, watchOf } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

/** A job without a supervisor, whose receipt goes to `path`; its guard has ended it. */
async function ended(node: FakeNode, path: string): Promise<void> {
  node.start({ spec: { graceMs: 5 }, watch: { receipt: prepareReceipt(path) } });
  node.proc.remove(SUPERVISOR_PID);
  await using _kernel = new FakeKernel(node.cgroups);
  await endUnsupervised(node.context, node.stores.open("guard"), JOB_ID, { saw: "gone", onOrphan: "kill" });
}

const late = (node: FakeNode) => writeLateReceipt(node.stores.open("guard"), JOB_ID, node.context);

Deno.test(
  "carryOut() writes the receipt of a job whose supervisor is gone, beside nothing of its own",
  LIBRARY_STAYS,
  async () => {
    using node = new FakeNode();
    using temp = new TempDir();
    await ended(node, `${temp.path}/receipt`);
    assert.equal(JSON.parse(Deno.readTextFileSync(`${temp.path}/receipt`)).reason, "orphaned");
    assert.equal([...Deno.readDirSync(temp.path)].length, 1);
    assert.deepEqual(node.said, []);
  },
);

Deno.test("writeLateReceipt() leaves what lies there, whatever it is", LIBRARY_STAYS, async () => {
  using node = new FakeNode();
  using temp = new TempDir();
  const [path, other] = [`${temp.path}/receipt`, temp.write("other", "")];
  await ended(node, path);
  for (const put of [() => Deno.writeTextFileSync(path, ""), () => Deno.symlinkSync(other, path)]) {
    Deno.removeSync(path);
    put();
    await late(node);
    assert.equal(Deno.readTextFileSync(path) + Deno.readTextFileSync(other), "");
  }
});

Deno.test(
  "writeLateReceipt() leaves the place to a later job with the same receipt",
  LIBRARY_STAYS,
  async () => {
    using node = new FakeNode();
    using temp = new TempDir();
    const path = `${temp.path}/receipt`;
    await ended(node, path);
    const retry = watchOf({ receipt: prepareReceipt(path) });
    node.stores.open().insert(specOf({ id: "retry1" }), retry);
    await late(node);
    assert.deepEqual([...Deno.readDirSync(temp.path)], []);
  },
);

Deno.test(
  "writeLateReceipt() writes into no other directory that lies there by then",
  LIBRARY_STAYS,
  async () => {
    using node = new FakeNode();
    using temp = new TempDir();
    Deno.mkdirSync(`${temp.path}/own`);
    Deno.mkdirSync(`${temp.path}/other`);
    await ended(node, `${temp.path}/own/receipt`);
    Deno.removeSync(`${temp.path}/own`, { recursive: true });
    Deno.symlinkSync("other", `${temp.path}/own`);
    await late(node);
    assert.deepEqual([...Deno.readDirSync(`${temp.path}/other`)], []);
    assert.match(
      node.said.join("\n"),
      /^warning: the receipt .* is not written: its directory is not the one/,
    );
  },
);

Deno.test("corral guard-end writes a receipt in place into the file that was opened, and into no other", async () => {
  using temp = new TempDir();
  const [own, other] = [temp.write("own", ""), temp.write("other", "")];
  const { dev, ino } = Deno.statSync(own);
  for (const path of [other, own]) {
    using node = new FakeNode();
    const receipt = { how: "in-place", path, device: dev, inode: ino! } as const;
    node.start({ spec: { graceMs: 5 }, watch: { receipt } });
    node.proc.remove(SUPERVISOR_PID);
    await using _kernel = new FakeKernel(node.cgroups);
    assert.equal(await node.corral("guard-end", JOB_ID, "gone"), 0);
    assert.equal(Deno.readTextFileSync(other), "");
  }
  assert.equal(JSON.parse(Deno.readTextFileSync(own)).reason, "orphaned");
});
