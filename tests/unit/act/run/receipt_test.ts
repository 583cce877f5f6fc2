import assert from "node:assert/strict";
import { CorralError, EXIT } from "../../../../src/base/errors.ts";
import { openReceipt } from "../../../../src/act/run/receipt.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

const noWarning = (line: string) => assert.fail(line);

Deno.test(
  "openReceipt() writes beside the caller, over what was there, with a newline at the end",
  LIBRARY_STAYS,
  async () => {
    using temp = new TempDir();
    temp.write("receipt.json", "x".repeat(1000));
    await (await openReceipt("receipt.json", temp.path, noWarning))!.write('{"é": 1}');
    assert.equal(Deno.readTextFileSync(`${temp.path}/receipt.json`), '{"é": 1}\n');
    await (await openReceipt(`${temp.path}/absolute`, "/nonexistent", noWarning))!.write("{}\n");
    assert.equal(Deno.readTextFileSync(`${temp.path}/absolute`), "{}\n");
  },
);

Deno.test("openReceipt() without a path is none", async () => {
  assert.equal(await openReceipt(null, "/", noWarning), null);
});

Deno.test("openReceipt() refuses before the job starts what cannot be written", LIBRARY_STAYS, async () => {
  for (const path of ["/no/such/directory/x", "/", ""]) {
    await assert.rejects(
      async () => await openReceipt(path, "/", noWarning),
      (error: unknown) =>
        error instanceof CorralError && error.exitCode === EXIT.CORRAL_FAILED &&
        error.message.startsWith(`--receipt: cannot write "${path}": `),
    );
  }
});

Deno.test("Receipt.write() on a full disk says so and does not throw", async () => {
  const lines: string[] = [];
  await (await openReceipt("/dev/full", "/", (line) => void lines.push(line)))!.write("{}");
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^warning: the receipt "\/dev\/full" is incomplete: No space left/);
});
