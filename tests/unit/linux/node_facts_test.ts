import assert from "node:assert/strict";
import { hostName, onlineCpus } from "../../../src/linux/node_facts.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("onlineCpus() counts those that /proc/stat has", () => {
  using proc = new TempDir();
  proc.write("stat", "cpu  9 9\ncpu0 1 1\ncpu2 1 1\ncpu11 1 1\nintr 7 cpu3 1\n");
  assert.equal(onlineCpus(proc.path), 3);
  proc.write("stat", "");
  assert.equal(onlineCpus(proc.path), null);
  assert.equal(onlineCpus(`${proc.path}/none`), null);
  const { stdout } = new Deno.Command("getconf", { args: ["_NPROCESSORS_ONLN"] }).outputSync();
  assert.equal(onlineCpus("/proc"), Number(new TextDecoder().decode(stdout)));
});

Deno.test("hostName() is the node's, or null", () => {
  using proc = new TempDir();
  proc.write("sys/kernel/hostname", "node17\n");
  assert.equal(hostName(proc.path), "node17");
  assert.equal(hostName(`${proc.path}/none`), null);
});
