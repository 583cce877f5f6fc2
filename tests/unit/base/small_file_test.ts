import assert from "node:assert/strict";
import { readSmallFile } from "../../../src/base/small_file.ts";

async function inDirectory(body: (path: (name: string) => string) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body((name) => `${directory}/${name}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("readSmallFile() reads a file, through a link too, and nothing of /dev/null", async () => {
  await inDirectory((path) => {
    Deno.writeTextFileSync(path("file"), "grace = 1\n");
    Deno.symlinkSync(path("file"), path("link"));
    assert.equal(readSmallFile(path("link")), "grace = 1\n");
    assert.equal(readSmallFile("/dev/null"), "");
  });
});

Deno.test("readSmallFile() throws NotFound for what is not there", async () => {
  await inDirectory((path) => {
    assert.throws(() => readSmallFile(path("none")), Deno.errors.NotFound);
  });
});

Deno.test("readSmallFile() opens nothing that may have no end", async () => {
  await inDirectory(async (path) => {
    assert.ok((await new Deno.Command("mkfifo", { args: [path("fifo")] }).output()).success);
    using sparse = Deno.createSync(path("sparse"));
    sparse.truncateSync(100 * 2 ** 30);
    using _socket = Deno.listen({ transport: "unix", path: path("socket") });
    assert.throws(() => readSmallFile(path("fifo")), /it is a FIFO, not a file/);
    assert.throws(() => readSmallFile(path("sparse")), /it is larger than 16M/);
    assert.throws(() => readSmallFile(path("socket")), /it is a socket, not a file/);
    assert.throws(() => readSmallFile("/dev/zero"), /it is a device, not a file/);
    assert.throws(() => readSmallFile(path(".")), /it is a directory, not a file/);
  });
});
