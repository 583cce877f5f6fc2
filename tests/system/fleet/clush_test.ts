/** Many nodes through ClusterShell, over ssh: `clush … corral report | corral report --from -`. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { PAGES } from "../../../src/view/manual/pages.ts";
import { runnableBlocks } from "../../kit/readme/blocks.ts";
import { HostCorral } from "../host/host_corral.ts";
import { SshNodes } from "./ssh_nodes.ts";

const machine = await machineUnderTest();

interface Merged {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a script where clush reaches the nodes; the exit code is that of its last command. */
async function sh({ env, temp }: SshNodes, script: string): Promise<Merged> {
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script],
    stdin: "null",
    cwd: temp.path,
    clearEnv: true,
    env,
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out!, stderr: err! };
}

const countsOf = (json: string) =>
  JSON.parse(json).map(({ host, count, failed }: Record<string, unknown>) =>
    `${host}: ${count}, ${failed} failed`
  );

machineTest(machine, "corral report --from merges what clush brings from three nodes over ssh", async () => {
  await using one = await HostCorral.on(machine);
  await using two = await HostCorral.on(machine);
  await using three = await HostCorral.on(machine);
  const stores = [one, two, three];
  // node3 has run nothing.
  for (const [corral, argv] of [[one, ["true"]], [one, ["false"]], [two, ["true"]]] as const) {
    await corral.run(["--best-effort"], argv);
  }
  await using nodes = await SshNodes.start(machine.corral, stores.map(({ stateDir }) => stateDir));
  const report = "corral report --format jsonl";
  const merge = "corral report --from - --by host --json";

  const all = await sh(nodes, `clush -n -S -w node[1-3] '${report}' | ${merge}`);
  assert.deepEqual([all.code, all.stderr], [0, ""]);
  assert.deepEqual(countsOf(all.stdout), ["node1: 2, 1 failed", "node2: 1, 0 failed"]);
  const table = await sh(nodes, `clush -n -S -w node[1-3] '${report}' | corral report --from -`);
  assert.match(table.stdout, /^all jobs on record, of 3 nodes\n/);

  const bare = await sh(nodes, `clush -n -S -N -w node[1-3] '${report}' | ${merge}`);
  assert.deepEqual([bare.code, bare.stdout], [0, all.stdout]);

  const cut = await sh(
    nodes,
    `clush -n -S -w node[1-3] 'case $(hostname) in
    node1) ${report} | head -n 1;; node2) echo what is this; ${report};; *) ${report};; esac' | ${merge}`,
  );
  assert.equal(cut.code, 1);
  assert.deepEqual(cut.stderr.trim().split("\n"), [
    'corral: 1 other line skipped, "node2: what is this"',
    "corral: 1 node without all rows: node1 (cut short)",
  ]);
  assert.deepEqual(countsOf(cut.stdout).length, 2);

  const dead = await sh(nodes, `clush -n -S -w node[1-4] '${report}' | ${merge}`);
  assert.match(dead.stderr, /node4: exited with exit code 255/);
  assert.deepEqual(countsOf(dead.stdout), countsOf(all.stdout));

  const blocks = runnableBlocks(PAGES["corral-fleet.7"]!).filter(({ place }) => place === "tools");
  assert.equal(blocks.length, 2);
  for (const { script, says } of blocks) {
    const result = await sh(nodes, `set -e; ${script}`);
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, says!);
  }
});
