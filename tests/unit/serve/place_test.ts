import assert from "node:assert/strict";
import { UsageError } from "../../../src/base/errors.ts";
import { linesOf, parseLoopback, servePlace } from "../../../src/serve/place.ts";

const ROOT = { listen: undefined, socket: undefined, uid: 0, env: {}, runDir: "/run" };

Deno.test("servePlace() is root's socket below /run, a user's below XDG_RUNTIME_DIR, or what was asked for", () => {
  const user = { ...ROOT, uid: 1000, env: { XDG_RUNTIME_DIR: "/run/user/1000" } };
  assert.deepEqual(servePlace(ROOT), {
    ...{ kind: "unix", path: "/run/corral/serve.sock", directory: "/run/corral", name: "serve.sock" },
  });
  assert.equal(servePlace(user).directory, "/run/user/1000/corral");
  assert.deepEqual(servePlace({ ...user, listen: "[::1]:80" }), {
    ...{ kind: "tcp", hostname: "::1", port: 80, directory: "/run/user/1000/corral", name: "serve-80" },
  });
  assert.throws(() => servePlace({ ...user, env: {} }), /XDG_RUNTIME_DIR is not set/);
  assert.throws(() => servePlace({ ...ROOT, listen: "127.0.0.1:1", socket: "/a/b" }), UsageError);
  for (const socket of ["serve.sock", "/run/", `/${"a".repeat(107)}`]) {
    assert.throws(() => servePlace({ ...ROOT, socket }), UsageError);
  }
});

Deno.test("parseLoopback() refuses every address that another machine could reach", () => {
  const refused = [
    "0.0.0.0:8000",
    "[::]:8000",
    "192.0.2.1:80",
    "node17:80",
    ":80",
    "80",
    "127.0.0.1",
    "127.0.0.1:65536",
    "127.0.0.1:80 ",
  ];
  for (const text of refused) assert.throws(() => parseLoopback("--listen", text), UsageError, text);
  assert.deepEqual(parseLoopback("--listen", "localhost:8000"), { hostname: "127.0.0.1", port: 8000 });
});

Deno.test("linesOf() has the token in the fragment only, and for a socket the way there", () => {
  assert.deepEqual(linesOf(servePlace(ROOT), "T", "node17"), [
    "ssh -L 8000:/run/corral/serve.sock node17",
    "then open http://localhost:8000/#token=T",
  ]);
  assert.deepEqual(linesOf(servePlace({ ...ROOT, listen: "[::1]:80" }), "T", "node17"), [
    "http://[::1]:80/#token=T",
  ]);
});
