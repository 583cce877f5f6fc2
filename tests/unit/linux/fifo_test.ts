import assert from "node:assert/strict";
import { refuseFifo } from "../../../src/linux/fifo.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("refuseFifo() refuses a FIFO and nothing else", async () => {
  using temp = new TempDir();
  const fifo = `${temp.path}/fifo`;
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  assert.throws(() => refuseFifo(fifo), /fifo/);
  for (const path of [temp.write("file", ""), `${temp.path}/none`, "/dev/null"]) refuseFifo(path);
});
