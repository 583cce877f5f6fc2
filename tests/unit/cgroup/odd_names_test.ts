import assert from "node:assert/strict";
import { isMisspelt, pidsBelow, removeBelow } from "../../../src/cgroup/odd_names.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

/** Directories as a job can name cgroups, one in the other, each with a list of one process; "none" is below none of them. */
const MAKE = `cd "$1"; pid=100; echo 99 >cgroup.procs
for name in "$(printf 'a\\377')" "$(printf '\\033[31m')" 'a b' '*' -- --help .hidden ..odd; do
  mkdir -p "./$name/$(printf 'b\\376')"
  for at in "./$name" "./$name/$(printf 'b\\376')"; do pid=$((pid+1)); echo $pid >"$at/cgroup.procs"; done
done`;

async function made(temp: TempDir): Promise<void> {
  const { success } = await new Deno.Command("/bin/sh", { args: ["-c", MAKE, "sh", temp.path] }).output();
  assert.ok(success);
}

Deno.test("isMisspelt() knows what the runtime could not read", async () => {
  using temp = new TempDir();
  await made(temp);
  const names = [...Deno.readDirSync(temp.path)].map(({ name }) => name);
  assert.equal(names.filter(isMisspelt).length, 1);
});

Deno.test("pidsBelow() finds the processes in names of any bytes, and not those of the directory itself", async () => {
  using temp = new TempDir();
  await made(temp);
  assert.deepEqual(pidsBelow(temp.path).sort(), Array.from({ length: 16 }, (_, index) => 101 + index));
});

Deno.test("removeBelow() removes them, and leaves what is no empty directory", async () => {
  using temp = new TempDir();
  await made(temp);
  const empty = `find "$1" -mindepth 2 -name cgroup.procs -delete; mkdir -p "$1/busy"; : >"$1/busy/file"`;
  await new Deno.Command("/bin/sh", { args: ["-c", empty, "sh", temp.path] }).output();
  removeBelow(temp.path);
  assert.deepEqual([...Deno.readDirSync(temp.path)].map(({ name }) => name).sort(), ["busy", "cgroup.procs"]);
});
