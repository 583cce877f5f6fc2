import assert from "node:assert/strict";
import { EXIT } from "../../../src/base/errors.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { testsOf } from "../../kit/fakes/tests_of.ts";

const progressTest = testsOf(() => {
  const node = new FakeNode();
  node.interactive = true;
  return node;
});

/** Ended jobs, copied in the store from one. */
function insertMany(node: FakeNode, count: number): void {
  insertEnded(node.stores.open());
  const columns = node.stores.open().columns().filter((name) => name !== "id").map((name) => `"${name}"`);
  node.stores.raw().exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
     INSERT INTO jobs (id, ${columns}) SELECT printf('x%05d', i), ${columns} FROM n, jobs WHERE id = '7k2m9q'`,
  );
}

progressTest("corral prune tells how many jobs it has dropped so far", async (node) => {
  insertMany(node, 60);
  assert.equal(await node.corral("prune", "--older-than", "0", "--yes"), EXIT.DONE);
  assert.equal(node.progressed[0], "dropped 50 jobs so far");
  assert.match(node.out, /^dropped 60 jobs /);
});

progressTest("corral report tells how many rows it has read, in each of its forms", async (node) => {
  insertMany(node, 5_000);
  for (
    const words of [[], ["--format", "csv"], ["--format", "jsonl"], ["--by", "name"], ["--format", "html"]]
  ) {
    node.progressed.length = 0;
    assert.equal(await node.corral("report", "--all", ...words), EXIT.DONE);
    assert.equal(node.progressed[0], "4096 rows read", words.join(" "));
  }
});

progressTest("corral sweep tells how many jobs it has looked at, and nothing with --quiet", async (node) => {
  for (const id of ["aaa222", "bbb333"]) node.start({ spec: { id } });
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(node.progressed, ["1 of 2 jobs looked at", "2 of 2 jobs looked at"]);
  assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
  assert.equal(node.progressed.length, 2);
});

progressTest("corral report counts no rows where no person sees it", async (node) => {
  node.interactive = false;
  insertMany(node, 5_000);
  assert.equal(await node.corral("report", "--all"), EXIT.DONE);
  assert.deepEqual(node.progressed, []);
});
