import assert from "node:assert/strict";
import { openRead, refuseFifo } from "../../../src/linux/fifo.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("refuseFifo() refuses a FIFO and nothing else", async () => {
  using temp = new TempDir();
  const fifo = `${temp.path}/fifo`;
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  assert.throws(() => refuseFifo(fifo), /fifo/);
  for (const path of [temp.write("file", ""), `${temp.path}/none`, "/dev/null"]) refuseFifo(path);
});

Deno.test("openRead() opens a FIFO that is being read, and waits for no reader", async () => {
  using temp = new TempDir();
  const fifo = `${temp.path}/fifo`;
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  const open = (path: string) => openRead(path, () => Deno.openSync(path, { write: true, create: true }));
  assert.throws(() => open(fifo), /it is a fifo without a reader/);
  // Open for both, a FIFO has a reader at once.
  using _reader = Deno.openSync(fifo, { read: true, write: true });
  for (const path of [fifo, `${temp.path}/file`]) {
    using file = open(path);
    assert.equal(file.writeSync(new Uint8Array(3)), 3);
  }
});
