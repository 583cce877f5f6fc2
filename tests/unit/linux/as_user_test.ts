/** Real processes of a real user: needs root. */
import assert from "node:assert/strict";
import { poll } from "../../../src/base/poll.ts";
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

Deno.test({
  name: `askUser() leaves nothing of an enclosed process behind${isRoot ? "" : " (needs root)"}`,
  ignore: !isRoot,
  sanitizeResources: false,
  async fn() {
    // Every way that a process has to be found no more by session, group or parent; none of them has its output.
    const script =
      'for i in 1 2; do setsid sh -c "exec sleep $1.$i" </dev/null >/dev/null 2>&1 & done; id -u; exit 3';
    const duration = `1${Deno.pid}`;
    const answer = await askUser(NOBODY, ["/bin/sh", "-c", script, "sh", duration], { isEnclosed: true });
    assert.deepEqual([answer?.stdout, answer?.code], ["65534\n", 3]);
    const left = await new Deno.Command("pgrep", { args: ["-f", `sleep ${duration}`] }).output();
    assert.equal(new TextDecoder().decode(left.stdout), "");
  },
});

Deno.test({
  name: `askUser() ends an enclosed process and all it started when its time is up${
    isRoot ? "" : " (needs root)"
  }`,
  ignore: !isRoot,
  sanitizeResources: false,
  async fn() {
    const duration = `2${Deno.pid}`;
    const words = ["/bin/sh", "-c", 'setsid sleep "$1" & exec sleep "$1"', "sh", duration] as const;
    assert.equal(await askUser(NOBODY, words, { isEnclosed: true, capMs: 500 }), null);
    const isGone = () =>
      new Deno.Command("pgrep", { args: ["-f", `sleep ${duration}`], stdout: "null" }).outputSync().code ===
        1;
    assert.ok(await poll(isGone, 10_000));
  },
});
