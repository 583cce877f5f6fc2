import assert from "node:assert/strict";
import { copyOutputApart } from "../../../src/linux/copied_apart.ts";

/** A line of shell in place of corral; its words are COPY_OUTPUT, the path, how many lines, and once or follow. */
function instead(script: string) {
  return { user: null, corral: ["/bin/sh", "-c", script, "corral"] };
}

function copyTo() {
  const copy = { text: "", said: [] as string[] };
  const take = (bytes: Uint8Array) => {
    copy.text += new TextDecoder().decode(bytes);
    return true;
  };
  return { copy, to: { take, say: (line: string) => void copy.said.push(line) } };
}

const ONCE = { path: "/some/log", lines: 5, over: null };

Deno.test("copyOutputApart() passes on what the other process copies and says", async () => {
  const { copy, to } = copyTo();
  await copyOutputApart(ONCE, to, instead(`echo looks >&2; echo 'say "rotated"' >&2; echo "$@"`));
  assert.deepEqual(copy, { text: "_output /some/log 5 once\n", said: ["rotated"] });
});

Deno.test("copyOutputApart() ends the input of the other process with the job", async () => {
  const { copy, to } = copyTo();
  const over = new AbortController();
  const take = (bytes: Uint8Array) => {
    over.abort();
    return to.take(bytes);
  };
  const options = { path: "/some/log", lines: null, over: over.signal };
  await copyOutputApart(options, { ...to, take }, instead('echo "$@"; read -r line; echo last'));
  assert.equal(copy.text, "_output /some/log all follow\nlast\n");
});

Deno.test("copyOutputApart() throws what the other process failed at", async () => {
  for (
    const [script, why] of [
      [`echo 'failed "it was removed"' >&2; exit 1`, /^CorralError: it was removed$/],
      ["echo 'setpriv: no such user' >&2; exit 1", /setpriv: no such user/],
    ] as const
  ) {
    await assert.rejects(copyOutputApart(ONCE, copyTo().to, instead(script)), why);
  }
});

Deno.test("copyOutputApart() gives up a file that does not answer", async () => {
  const { copy, to } = copyTo();
  const silent = { ...instead("echo first; exec sleep 1000"), silenceCapMs: 1_500 };
  await assert.rejects(
    copyOutputApart(ONCE, to, silent),
    /\/some\/log: the output file does not answer$/,
  );
  assert.equal(copy.text, "first\n");
});

Deno.test("copyOutputApart() ends when nothing more is wanted", async () => {
  await copyOutputApart(ONCE, { ...copyTo().to, take: () => false }, instead("yes"));
  const over = new AbortController().signal;
  await copyOutputApart(
    { ...ONCE, over },
    { ...copyTo().to, onLook: () => false },
    instead("exec sleep 1000"),
  );
  assert.equal(over.aborted, false);
});
