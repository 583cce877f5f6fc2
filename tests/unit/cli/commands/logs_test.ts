import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { endedPhase, JOB_ID, runOf } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const logsTest = testsOf(() => {
  const node = new FakeNode();
  node.uid = Deno.uid()!;
  return node;
});

/** A live detached job of the caller's; the path of its output. */
function startDetached(node: FakeNode, text: string): string {
  const path = `${node.stores.path}/job.log`;
  Deno.writeTextFileSync(path, text);
  node.start({ spec: { uid: node.uid }, run: { outputFile: path } });
  return path;
}

function end(node: FakeNode): void {
  const { reason, trigger, exit, endedAtMs, usage, survivors } = endedPhase();
  node.stores.open().markEnded(JOB_ID, { reason, trigger, exit, endedAtMs, usage, survivors }, []);
}

logsTest("corral logs prints the output of a detached job, live or ended", async (node) => {
  startDetached(node, "one\ntwo\n");
  assert.equal(await node.corral("logs", JOB_ID), EXIT.DONE);
  end(node);
  assert.equal(await node.corral("logs", JOB_ID), EXIT.DONE);
  assert.deepEqual([node.out, node.said], ["one\ntwo\none\ntwo\n", []]);
});

for (const option of ["-n", "--lines", "--tail"]) {
  logsTest(`corral logs ${option} prints the last lines`, async (node) => {
    startDetached(node, "one\ntwo\nthree\n");
    assert.equal(await node.corral("logs", option, "2", JOB_ID), EXIT.DONE);
    assert.equal(node.out, "two\nthree\n");
    assert.equal(await node.corral("logs", option, "x", JOB_ID), EXIT.USAGE);
  });
}

logsTest("corral logs --follow goes on until the job has ended and all is printed", async (node) => {
  const path = startDetached(node, "one\ntwo\n");
  node.meanwhile = () => {
    Deno.writeTextFileSync(path, `${node.pausesMs.length}\n`, { append: true });
    if (node.pausesMs.length === 3) end(node);
  };
  assert.equal(await node.corral("logs", "--follow", "--lines", "1", JOB_ID), EXIT.DONE);
  // How much is there when it begins is a matter of which is first.
  assert.match(node.out, /3\n$/);
  assert.deepEqual(node.said, []);
});

logsTest("corral logs ends quietly when its reader has gone", async (node) => {
  startDetached(node, "one\n");
  node.outputEnds = true;
  assert.equal(await node.corral("logs", JOB_ID), EXIT.DONE);
  assert.equal(await node.corral("logs", "--follow", JOB_ID), EXIT.DONE);
  assert.deepEqual(node.said, []);
  assert.equal(node.recorded().phase.state, "running");
});

logsTest("corral logs finds the usual file of a record that is older than its column", async (node) => {
  node.start({ spec: { uid: node.uid } });
  Deno.mkdirSync(`${node.stores.path}/output`);
  Deno.writeTextFileSync(`${node.stores.path}/output/${JOB_ID}.log`, "old\n");
  assert.equal(await node.corral("logs", JOB_ID), EXIT.DONE);
  assert.equal(node.out, "old\n");
});

logsTest("corral logs says in one line why there is no output", async (node) => {
  const refused = async (words: RegExp) => {
    assert.equal(await node.corral("logs", JOB_ID), EXIT.NEGATIVE);
    assert.match(node.said.join("\n"), words);
    node.said.length = 0;
  };
  await refused(/^corral: .*7k2m9q.*$/);
  node.startStarting({ uid: node.uid });
  await refused(/^corral: job 7k2m9q is starting: it has no output yet$/);
  node.stores.open().markRunning(JOB_ID, runOf());
  await refused(
    /^corral: job 7k2m9q has no output file: .* \(corral run --detach keeps the output of a job\)$/,
  );
});

logsTest("corral logs of a job that never ran, and of an adopted one, says so", async (node) => {
  node.startStarting({ uid: node.uid });
  end(node);
  assert.equal(await node.corral("logs", "--follow", JOB_ID), EXIT.NEGATIVE);
  node.start({ spec: { id: "abc234", adopted: true } });
  assert.equal(await node.corral("logs", "abc234"), EXIT.NEGATIVE);
  assert.deepEqual(node.said, [
    "corral: job 7k2m9q has no output: its command never ran",
    "corral: job abc234 was adopted: its output goes where it went before",
  ]);
});

logsTest("corral logs of a file that was removed says so in one line", async (node) => {
  const path = startDetached(node, "one\n");
  Deno.removeSync(path);
  for (const words of [["logs"], ["logs", "--follow"]]) {
    assert.equal(await node.corral(...words, JOB_ID), EXIT.NEGATIVE);
    assert.deepEqual(node.said.splice(0), [`corral: ${path}: the output file was removed`]);
  }
});

logsTest("corral logs --follow of a job that is starting waits for its output", async (node) => {
  node.startStarting({ uid: node.uid });
  const path = `${node.stores.path}/job.log`;
  node.meanwhile = () => {
    if (node.recorded().phase.state !== "starting") return;
    Deno.writeTextFileSync(path, "there\n");
    node.stores.open().markRunning(JOB_ID, runOf({ outputFile: path }));
    end(node);
  };
  assert.equal(await node.corral("logs", "--follow", JOB_ID), EXIT.DONE);
  assert.equal(node.out, "there\n");
});
