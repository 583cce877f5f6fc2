import assert from "node:assert/strict";
import { collect } from "../../../src/linux/child.ts";
import { openNothing, openToAppend } from "../../../src/linux/descriptor.ts";
import { SocketPair } from "../../../src/linux/socket_pair.ts";
import { canHaveThread, type SpawnOptions, spawnProcess } from "../../../src/linux/spawn.ts";
import { poll } from "../../../src/base/poll.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };
const CAP_MS = 10_000;

/** What the shell script prints to its descriptor 1. */
async function printed(script: string, changes: Partial<SpawnOptions> = {}): Promise<string> {
  using temp = new TempDir();
  using nothing = openNothing();
  using output = openToAppend(`${temp.path}/output`, 0o600);
  const descriptors = [nothing.number, output.number, nothing.number];
  const options = { argv: ["/bin/sh", "-c", script], env: {}, descriptors, ...changes };
  assert.deepEqual(await collect(spawnProcess(options)).exit, { code: 0, signal: null });
  return Deno.readTextFileSync(`${temp.path}/output`);
}

Deno.test(
  "spawnProcess() gives a session, signals at their default, and only the descriptors asked for",
  LIBRARY_STAYS,
  async () => {
    using file = Deno.openSync("/etc/passwd");
    const text = await printed(
      'cut -d" " -f1,5,6 /proc/$$/stat; while read -r l; do case $l in SigBlk*|SigIgn*) echo "$l";; esac; done </proc/$$/status; ls -l /proc/$$/fd; echo "$(env)"',
      { env: { A: "é b", PATH: "/usr/bin:/bin" } },
    );
    void file;
    const [ids, blocked, ignored, ...rest] = text.split("\n");
    const [pid, pgid, session] = ids!.split(" ");
    assert.deepEqual([pgid, session], [pid, pid]);
    assert.deepEqual([blocked, ignored], ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"]);
    assert.ok(!rest.some((line) => line.includes("/etc/passwd")));
    assert.ok(rest.includes("A=é b"));
  },
);

Deno.test(
  "spawnProcess() gives descriptors in any order, also where one lies in the place of another",
  LIBRARY_STAYS,
  async () => {
    using temp = new TempDir();
    using nothing = openNothing();
    using low = openToAppend(`${temp.path}/low`, 0o600);
    const script = "echo first; echo second >&2; readlink /proc/$$/fd/3 /proc/$$/fd/4 /proc/$$/fd/5";
    const child = collect(spawnProcess({
      argv: ["/bin/sh", "-c", script],
      env: {},
      // Of this process, 2 is its own standard error.
      descriptors: [nothing.number, low.number, low.number, 0, 1, 2],
    }));
    assert.deepEqual(await child.exit, { code: 0, signal: null });
    const own = [0, 1, 2].map((descriptor) => Deno.readLinkSync(`/proc/self/fd/${descriptor}`));
    assert.deepEqual(
      Deno.readTextFileSync(`${temp.path}/low`).trimEnd().split("\n"),
      ["first", "second", ...own],
    );
  },
);

Deno.test("spawnProcess() throws in words what the node refuses", LIBRARY_STAYS, () => {
  const refused = (argv: string[]) => () => spawnProcess({ argv, env: {}, descriptors: [0, 1, 2] });
  assert.throws(refused(["/no/such"]), /^Error: \/no\/such: No such file or directory$/);
  assert.throws(refused(["/etc/passwd"]), /^Error: \/etc\/passwd: Permission denied$/);
  assert.throws(refused(["/bin/echo", "x".repeat(200_000)]), /^Error: \/bin\/echo: Argument list too long$/);
});

Deno.test("openToAppend() throws in words, and appends", LIBRARY_STAYS, async () => {
  assert.throws(
    () => openToAppend("/no/such/file", 0o600),
    /^Error: \/no\/such\/file: No such file or directory$/,
  );
  using temp = new TempDir();
  Deno.writeTextFileSync(`${temp.path}/f`, "before\n");
  using nothing = openNothing();
  using file = openToAppend(`${temp.path}/f`, 0o600);
  const descriptors = [nothing.number, file.number, nothing.number];
  await collect(spawnProcess({ argv: ["/bin/echo", "after"], env: {}, descriptors })).exit;
  assert.equal(Deno.readTextFileSync(`${temp.path}/f`), "before\nafter\n");
});

Deno.test(
  "SocketPair carries lines to a child and its text back, and knows that it is gone",
  LIBRARY_STAYS,
  async () => {
    const pair = new SocketPair();
    const argv = ["/bin/sh", "-c", 'read -r line; echo "got $line" >&0'];
    const child = collect(spawnProcess({ argv, env: {}, descriptors: [pair.theirs, 1, 2] }));
    pair.closeTheirs();
    assert.equal(pair.send("hello"), true);
    let text = "";
    const isOver = () => {
      text += new TextDecoder().decode(pair.received());
      return pair.isOver;
    };
    assert.ok(await poll(isOver, CAP_MS));
    assert.equal(text, "got hello\n");
    assert.equal(pair.send("anyone?"), false);
    await child.exit;
    pair.closeOurs();
  },
);

Deno.test("canHaveThread() holds here", LIBRARY_STAYS, () => {
  assert.equal(canHaveThread(), true);
});
