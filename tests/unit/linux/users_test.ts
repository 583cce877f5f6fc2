import assert from "node:assert/strict";
import { SetupError, UsageError } from "../../../src/base/errors.ts";
import { NO_SUCH_TOOL } from "../../../src/linux/command.ts";
import { findUser, nameOfUid, namesOfUids, parsePasswdLine, uidOf } from "../../../src/linux/users.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const ALICE_LINE = "alice:x:1000:1001:Alice,,,:/home/alice:/bin/bash";
const ALICE = { name: "alice", uid: 1000, gid: 1001, home: "/home/alice", shell: "/bin/bash" };

/** getent as it answers for one user, and what it was asked. */
function fakeGetent(result: { code?: number; stdout?: string }) {
  const calls: (readonly string[])[] = [];
  const run = (argv: readonly string[]) => {
    calls.push(argv);
    return Promise.resolve({ code: 0, stdout: "", stderr: "", ...result });
  };
  return { run, calls };
}

Deno.test("parsePasswdLine() reads the seven fields; no shell means /bin/sh", () => {
  assert.deepEqual(parsePasswdLine(ALICE_LINE), ALICE);
  assert.deepEqual(parsePasswdLine("bob::7:8:::\n"), {
    name: "bob",
    uid: 7,
    gid: 8,
    home: "",
    shell: "/bin/sh",
  });
});

Deno.test("parsePasswdLine() makes no user of a line that is none, least of all root", () => {
  for (
    const line of ["", "#", "alice", "alice:x:1000:1001", "+::::::", "a:x::0::/:/bin/sh", "a:x:1e3:-1::/:/x"]
  ) {
    assert.equal(parsePasswdLine(line), null, line);
  }
});

Deno.test("findUser() asks the name services and gives the user", async () => {
  const { run, calls } = fakeGetent({ stdout: `${ALICE_LINE}\n` });
  assert.deepEqual(await findUser("alice", run), ALICE);
  assert.deepEqual(calls, [["getent", "passwd", "alice"]]);
});

Deno.test("findUser() refuses a user that does not exist", async () => {
  await assert.rejects(findUser("nobody2", fakeGetent({ code: 2 }).run), UsageError);
  await assert.rejects(findUser("odd", fakeGetent({ stdout: "nonsense\n" }).run), UsageError);
});

Deno.test("findUser() hands getent nothing that it could take for an option", async () => {
  for (const key of ["", "-i", "--service=files", "a\0b"]) {
    const { run, calls } = fakeGetent({ stdout: `${ALICE_LINE}\n` });
    await assert.rejects(findUser(key, run), /--user: there is no user/);
    assert.deepEqual(calls, []);
  }
});

Deno.test("findUser() names the package when getent is missing", async () => {
  await assert.rejects(findUser("alice", fakeGetent({ code: NO_SUCH_TOOL }).run), SetupError);
});

Deno.test("nameOfUid() falls back to the number", () => {
  using temp = new TempDir();
  const file = temp.write("passwd", `root:x:0:0:root:/root:/bin/bash\n+::::::\n${ALICE_LINE}\n`);
  assert.equal(nameOfUid(1000, file), "alice");
  assert.equal(nameOfUid(0, file), "root");
  assert.equal(nameOfUid(77, file), "77");
  assert.equal(nameOfUid(77, `${temp.path}/none`), "77");
});

Deno.test("namesOfUids() asks once for all, and leaves the number where there is no name", async () => {
  const { run, calls } = fakeGetent({ code: 2, stdout: `${ALICE_LINE}\nnonsense\n` });
  const nameOf = await namesOfUids([1000, 4711, 1000], run);
  assert.deepEqual([nameOf(1000), nameOf(4711), nameOf(0)], ["alice", "4711", "0"]);
  assert.deepEqual(calls, [["getent", "passwd", "1000", "4711"]]);
  const none = fakeGetent({});
  assert.equal((await namesOfUids([], none.run))(1000), "1000");
  assert.deepEqual(none.calls, []);
});

Deno.test("uidOf() takes a number as it is, with or without an account, and looks up a name", async () => {
  const { run, calls } = fakeGetent({ stdout: `${ALICE_LINE}\n` });
  assert.deepEqual([await uidOf("4711", run), calls], [4711, []]);
  assert.equal(await uidOf("alice", run), 1000);
  await assert.rejects(uidOf("nobody2", fakeGetent({ code: 2 }).run), UsageError);
  await assert.rejects(uidOf("-1", fakeGetent({}).run), UsageError);
});
