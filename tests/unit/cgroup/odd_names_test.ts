import assert from "node:assert/strict";
import { areAll, pidsBelow, removeBelow } from "../../../src/cgroup/odd_names.ts";
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

Deno.test("areAll() compares with what the kernel counts, where it does", () => {
  const stat = "nr_descendants 3\nnr_dying_descendants 7\n";
  assert.deepEqual([areAll(3, stat), areAll(2, stat), areAll(0, ""), areAll(0, null)], [
    true,
    false,
    true,
    true,
  ]);
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

Deno.test("pidsBelow() and removeBelow() of a directory that is gone, or without a process to look, do nothing", () => {
  assert.deepEqual(pidsBelow("/no/such/directory"), []);
  removeBelow("/no/such/directory");
});
