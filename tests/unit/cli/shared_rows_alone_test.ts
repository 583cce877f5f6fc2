/** The short way of the binary gives what the verb gives. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { EXIT } from "../../../src/base/errors.ts";
import { storeFileIn } from "../../../src/cli/settings_here.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { testsOf } from "../../kit/fakes/tests_of.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";

const aloneTest = testsOf(() => new FakeNode());

async function alone(node: FakeNode, ...words: string[]) {
  const run = ["run", "--allow-all", "--no-check", "--config", join(PROJECT_DIR, "deno.json")];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...run, join(PROJECT_DIR, "src", "start.ts"), "shared-rows", ...words],
    env: { CORRAL_STATE_DIR: node.stores.path, CORRAL_CONFIG: "/dev/null" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), said: text(stderr) };
}

aloneTest("shared-rows alone prints the rows that the verb prints", async (node) => {
  node.start({ spec: { argv: ["echo", "\u2028 \x1b[2J"] } });
  nameAsHere(node);
  assert.equal(await node.corral("shared-rows", "live"), EXIT.DONE);
  assert.match(node.out, /^\["id",.*\n\["7k2m9q",.*\n\{"rows":1\}\n$/);
  assert.deepEqual(await alone(node, "live"), { code: EXIT.DONE, out: node.out, said: "" });
});

aloneTest("shared-rows alone refuses what the verb refuses", async (node) => {
  assert.equal(await node.corral("shared-rows", "all"), EXIT.USAGE);
  const { code, out, said } = await alone(node, "all");
  assert.deepEqual({ code, out, said: said.trimEnd() }, { code: EXIT.USAGE, out: "", said: node.said[0] });
});

/** Under the name that a store of this user's has on this node. */
function nameAsHere({ stores }: FakeNode): void {
  for (const suffix of ["", "-wal"]) {
    const here = `${stores.path}/${storeFileIn(stores.path)}${suffix}`;
    if (here !== `${stores.file}${suffix}`) Deno.copyFileSync(`${stores.file}${suffix}`, here);
  }
}
