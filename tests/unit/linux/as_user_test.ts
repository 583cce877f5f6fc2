/** Real processes of a real user: needs root. */
import assert from "node:assert/strict";
import { askUser, becoming } from "../../../src/linux/as_user.ts";

const isRoot = Deno.uid() === 0;
const NOBODY = { name: "nobody", uid: 65534, gid: 65534, home: "/nonexistent", shell: "/bin/sh" };

Deno.test({
  name: `askUser() runs the words as the user, in a session of its own, with nothing of root's${
    isRoot ? "" : " (needs root)"
  }`,
  ignore: !isRoot,
  sanitizeResources: false,
  async fn() {
    const script =
      'id -u; id -g; echo "$HOME $1"; env | cut -d= -f1 | sort | xargs; ps -o sid= -p $$ | tr -d " "; echo $$';
    const answer = (await askUser(NOBODY, ["/bin/sh", "-c", script, "sh", "a b"]))!;
    const [uid, gid, home, variables, session, pid] = answer.stdout.trim().split("\n");
    assert.deepEqual([uid, gid, home, variables], [
      "65534",
      "65534",
      "/nonexistent a b",
      "HOME LC_ALL PATH PWD",
    ]);
    assert.equal(session, pid);
  },
});

Deno.test({
  name: `becoming() leaves root's session keyring${isRoot ? "" : " (needs root)"}`,
  ignore: !isRoot,
  sanitizeResources: false,
  async fn() {
    becoming(NOBODY);
    const { code, stdout } = (await askUser(NOBODY, ["/bin/cat", "/proc/keys"]))!;
    assert.equal(code, 0);
    // Of its own: a keyring that root's session had would have its name, and root's keys.
    const sessions = stdout.split("\n").filter((line) => /\bkeyring +_ses\b/.test(line));
    for (const line of sessions) assert.match(line, /_ses: empty$/);
    assert.doesNotMatch(stdout, /\bkeyring +_uid_ses\.0\b/);
  },
});
