import assert from "node:assert/strict";
import { inspectServe } from "../../../src/serve/inspect_serve.ts";
import { TestServer } from "../../kit/fakes/serve.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

function look(temp: TempDir) {
  return inspectServe({ uid: Deno.uid()!, env: { XDG_RUNTIME_DIR: temp.path }, runDir: temp.path });
}

Deno.test("inspectServe() tells a server that answers from none, from a dead one and from an open one", async () => {
  const temp = new TempDir();
  const path = `${temp.path}/corral/serve.sock`;
  assert.deepEqual(await look(temp), { what: "serve", ok: true, detail: "not running", remedy: null });
  const place = { directory: `${temp.path}/corral`, name: "serve.sock", kind: "unix", path } as const;
  await using _server = await TestServer.start({ place }, temp);
  assert.deepEqual(await look(temp), { what: "serve", ok: true, detail: `answers on ${path}`, remedy: null });
  Deno.chmodSync(path, 0o666);
  assert.deepEqual(await look(temp), {
    ...{
      what: "serve",
      ok: false,
      detail: `other users may connect to ${path}`,
      remedy: `chmod 600 ${path}`,
    },
  });
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "");
  assert.equal((await look(temp)).ok, false);
});
