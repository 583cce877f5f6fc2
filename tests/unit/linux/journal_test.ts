import assert from "node:assert/strict";
import { createServer } from "node:net";
import { journalEntry, sendToJournal } from "../../../src/linux/journal.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const LIBRARY_STAYS = { sanitizeResources: false };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("journalEntry() has a line for each field", () => {
  assert.equal(
    text(journalEntry({ MESSAGE: "job 7k2m9q ended", CORRAL_NAME: "Größe = 5" })),
    "MESSAGE=job 7k2m9q ended\nCORRAL_NAME=Größe = 5\n",
  );
});

Deno.test("journalEntry() gives a value with a newline its length, so that it can make up no field", () => {
  const entry = journalEntry({ CORRAL_NAME: "a\nMESSAGE=forged", PRIORITY: "6" });
  const name = "CORRAL_NAME\n";
  assert.equal(text(entry.subarray(0, name.length)), name);
  assert.deepEqual([...entry.subarray(name.length, name.length + 8)], [16, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(text(entry.subarray(name.length + 8)), "a\nMESSAGE=forged\nPRIORITY=6\n");
});

Deno.test("sendToJournal() does nothing where there is no journal", LIBRARY_STAYS, async () => {
  using temp = new TempDir();
  const entry = { MESSAGE: "x" };
  assert.equal(sendToJournal(`${temp.path}/none`, entry), false);
  assert.equal(sendToJournal(temp.write("file", ""), entry), false);
  // A socket of another type refuses the connection (EPROTOTYPE).
  const path = `${temp.path}/stream`;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  assert.equal(sendToJournal(path, entry), false);
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("sendToJournal() sends one datagram, and never waits for a reader", LIBRARY_STAYS, async () => {
  using temp = new TempDir();
  const path = `${temp.path}/socket`;
  const receive = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("ready")
sys.stdout.flush()
sys.stdin.readline()
print(repr(s.recv(65536)), flush=True)`;
  const child = new Deno.Command("python3", { args: ["-c", receive, path], stdin: "piped", stdout: "piped" })
    .spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await lines.read()).value!, /ready/);
  assert.equal(sendToJournal(path, { MESSAGE: "first" }), true);
  // Nothing is read meanwhile: the queue fills up (net.unix.max_dgram_qlen), and what does not fit is dropped.
  const isTaken = Array.from({ length: 2_000 }, () => sendToJournal(path, { MESSAGE: "x".repeat(1_000) }));
  assert.equal(isTaken.at(-1), false);
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode("\n"));
  let answer = "";
  while (!answer.includes("first")) answer += (await lines.read()).value!;
  assert.match(answer, /b'MESSAGE=first\\n'/);
  await stdin.close();
  assert.equal((await child.status).code, 0);
  await lines.cancel();
});
