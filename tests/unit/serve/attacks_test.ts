/** Each test is an attack on a real server, and fails where the attack succeeds. */
import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { poll } from "../../../src/base/poll.ts";
import { MOST_CONNECTIONS } from "../../../src/serve/bounds.ts";
import { readAll, rowOf, TestServer } from "../../kit/fakes/serve.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const READS = [
  "/api/ps",
  "/api/page/course?from=1&to=2",
  "/api/page/ended",
  "/api/page/effect?job=abcdef&verb=kill",
  "/metrics",
];
const KILL = JSON.stringify({ jobId: "7k2m9q", verb: "kill" });
const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

function attack(
  name: string,
  act: (server: TestServer) => Promise<void>,
  own: Parameters<typeof TestServer.start>[0] = {},
) {
  Deno.test(`corral serve withstands ${name}`, async () => {
    await using server = await TestServer.start(own);
    await act(server);
  });
}

/** What a browser sends with a change of the page. */
function changeHeaders(server: TestServer): string[] {
  return [server.bearer, `Origin: http://${server.host}`, "Content-Type: application/json", "X-Corral: 1"];
}

attack("DNS rebinding: a name of elsewhere in the Host gets nothing, not even the page", async (server) => {
  const { port } = server;
  const hosts = [
    `evil.example:${port}`,
    "evil.example",
    `localhost.evil.example:${port}`,
    `localhost:${port}@evil.example`,
    "localhost:1",
  ];
  for (
    const host of [...hosts, `localhost:${port}, evil.example`, "", `0.0.0.0:${port}`, `127.0.0.2:${port}`]
  ) {
    for (const path of ["/", ...READS]) {
      const { status } = await server.ask(`GET ${path}`, [`Host: ${host}`, server.bearer]);
      assert.ok(status === 421 || status === 400, `${host} ${path}: ${status}`);
    }
  }
  const twice = await server.ask("GET /", [`Host: ${server.host}`, "Host: evil.example"]);
  assert.equal(twice.status, 421);
  assert.equal((await server.ask(`GET http://evil.example/api/ps`, [server.bearer])).status, 400);
  assert.equal((await server.send("GET / HTTP/1.1\r\n\r\n")).status, 421);
});

attack("an Origin of elsewhere, with the right token or cookie", async (server) => {
  const cookie = await server.cookie();
  for (
    const origin of [
      "http://evil.example",
      "null",
      `https://${server.host}`,
      "http://localhost:1",
      `http://${server.host}.evil.example`,
    ]
  ) {
    for (const credential of [server.bearer, `Cookie: ${cookie}`]) {
      assert.equal((await server.ask("GET /api/ps", [credential, `Origin: ${origin}`])).status, 403, origin);
    }
  }
  for (const site of ["cross-site", "same-site"]) {
    assert.equal(
      (await server.ask("GET /api/ps", [`Cookie: ${cookie}`, `Sec-Fetch-Site: ${site}`])).status,
      403,
    );
  }
  assert.equal(
    (await server.ask("GET /api/ps", [`Cookie: ${cookie}`, "Sec-Fetch-Site: same-origin"])).status,
    200,
  );
});

attack("requests without a token, with a wrong one, and with one in another place", async (server) => {
  const { token } = server.server;
  const wrong = [
    [],
    ["Authorization: Bearer "],
    [`Authorization: Bearer ${token.slice(1)}`],
    [`Authorization: Bearer ${token}x`],
    [`Authorization: Basic ${token}`],
    [`Authorization: bearer${token}`],
    [`Cookie: corral-${server.port}=${token}`],
    ["Cookie: corral-80=x"],
    [`X-Token: ${token}`],
  ];
  for (const headers of wrong) {
    for (const path of READS) {
      const { status, body } = await server.ask(`GET ${path}`, headers);
      assert.equal(status, 401, headers.join());
      assert.ok(!body.includes("jobs"));
    }
    assert.equal((await server.ask("POST /api/session", [...headers, "Content-Length: 0"])).status, 401);
  }
  assert.equal((await server.ask(`GET /api/ps?token=${token}`)).status, 401);
});

attack("a cookie of another server: names carry the port, sessions are of one server", async (server) => {
  await using other = await TestServer.start();
  const cookie = await other.cookie();
  assert.equal((await other.ask("GET /api/ps", [`Cookie: ${cookie}`])).status, 200);
  assert.equal((await server.ask("GET /api/ps", [`Cookie: ${cookie}`])).status, 401);
  assert.equal(
    (await server.ask("GET /api/ps", [`Cookie: corral-${server.port}=${cookie.split("=")[1]}`])).status,
    401,
  );
  const { headers } = await other.ask("POST /api/session", [other.bearer, "Content-Length: 0"]);
  assert.match(headers["set-cookie"]!, /; HttpOnly; SameSite=Strict$/);
  assert.ok(!headers["set-cookie"]!.includes(other.server.token));
});

attack(
  "CSRF: a form, text/plain, no Origin, no X-Corral, GET and a method override change nothing",
  async (server) => {
    const { host } = server;
    const cookie = `Cookie: ${await server.cookie()}`;
    const [origin, json, marker] = [
      `Origin: http://${host}`,
      "Content-Type: application/json",
      "X-Corral: 1",
    ];
    const form = "Content-Type: application/x-www-form-urlencoded";
    const refused: [string, string[], number][] = [
      ["POST /api/page/do", [cookie, "Origin: http://evil.example", json, marker], 403],
      ["POST /api/page/do", [cookie, json, marker], 403],
      ["POST /api/page/do", [cookie, origin, form, marker], 415],
      ["POST /api/page/do", [cookie, origin, "Content-Type: text/plain", marker], 415],
      ["POST /api/page/do", [cookie, origin, "Content-Type: text/plain; application/json", marker], 415],
      ["POST /api/page/do", [cookie, origin, json], 403],
      ["POST /api/page/do", [origin, json, marker], 401],
      ["GET /api/page/do", [cookie, origin, json, marker], 405],
      ["GET /api/page/do?jobId=7k2m9q&verb=kill", [
        cookie,
        origin,
        json,
        marker,
        "X-HTTP-Method-Override: POST",
      ], 405],
      ["PUT /api/page/do", [cookie, origin, json, marker, "X-HTTP-Method: POST"], 405],
      ["POST /api/ps?_method=GET", [cookie, origin, json, marker], 405],
      ["POST /", [cookie, origin, json, marker], 405],
      ["OPTIONS /api/page/do", [cookie, origin, "Access-Control-Request-Method: POST"], 405],
    ];
    for (const [request, headers, status] of refused) {
      const reply = await server.ask(request, headers, KILL);
      assert.equal(reply.status, status, `${request} ${headers.join()}`);
      assert.equal(reply.headers["access-control-allow-origin"], undefined);
    }
    assert.deepEqual(server.source.changes, []);
    assert.equal((await server.ask("POST /api/page/do", changeHeaders(server), KILL)).status, 200);
    assert.deepEqual(server.source.changes, [{ jobId: "7k2m9q", verb: "kill" }]);
  },
  { allowChanges: true },
);

attack("changes where they are not allowed", async (server) => {
  const { status, body } = await server.ask("POST /api/page/do", changeHeaders(server), KILL);
  assert.equal(status, 403);
  assert.match(body, /corral serve --allow-changes/);
  assert.deepEqual(server.source.changes, []);
});

attack("changes that are none: other verbs, other types, 5 kB, values of elsewhere", async (server) => {
  const bodies = [
    "",
    "[]",
    "null",
    "{",
    '{"jobId":"7k2m9q","verb":"sh"}',
    '{"jobId":["7k2m9q"],"verb":"kill"}',
    '{"jobId":"--all","verb":"kill","value":"x"}',
    '{"jobId":"a b","verb":"kill"}',
    '{"jobId":"7k2m9q","verb":"set-memory"}',
    '{"jobId":"7k2m9q","verb":"toString"}',
  ];
  for (const body of bodies) {
    const { status } = await server.ask("POST /api/page/do", [
      ...changeHeaders(server),
      ...body === "" ? ["Content-Length: 0"] : [],
    ], body);
    assert.equal(status, 400, body);
  }
  const long = JSON.stringify({ jobId: "7k2m9q", verb: "set-memory", value: "1".repeat(5_000) });
  assert.equal((await server.ask("POST /api/page/do", changeHeaders(server), long)).status, 413);
  assert.deepEqual(server.source.changes, []);
}, { allowChanges: true });

attack("a WebSocket from elsewhere, without Origin, without token", async (server) => {
  const cookie = `Cookie: ${await server.cookie()}`;
  const own = `Origin: http://${server.host}`;
  for (
    const headers of [[cookie, "Origin: http://evil.example"], [cookie], [server.bearer, "Origin: null"]]
  ) {
    assert.equal((await server.ask("GET /api/feed", [...UPGRADE, ...headers])).status, 403, headers.join());
  }
  assert.equal((await server.ask("GET /api/feed", [...UPGRADE, own])).status, 401);
  assert.equal(
    (await server.ask(`GET /api/feed?token=${server.server.token}`, [...UPGRADE, own])).status,
    401,
  );
});

attack("path traversal, encoded once, twice and with backslashes", async (server) => {
  const up = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%252e%252e%252fetc%252fpasswd",
    "..\\..\\etc\\passwd",
  ];
  const paths = [
    ...up,
    "app.js/../../../etc/passwd",
    "app.js%00.css",
    "secret.map",
    "/etc/passwd",
    "//etc/passwd",
    "index.html",
    "app.js/",
  ];
  for (const path of paths) {
    const { status, body } = await server.ask(`GET /${path}`, [server.bearer]);
    assert.equal(status, 404, path);
    assert.ok(!/root:|not of the page|script/.test(body), path);
  }
});

attack(
  "slow loris: 100 half requests, one byte at a time; the page answers, and they are closed",
  async (server) => {
    const halves = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
    for (const half of halves) await half.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost"));
    const drip = setInterval(
      () => halves.forEach((half) => void half.write(new Uint8Array([65])).catch(() => {})),
      50,
    );
    const startMs = performance.now();
    assert.equal((await server.ask("GET /")).status, 200);
    assert.ok(performance.now() - startMs < 1_000);
    const answers = await Promise.all(halves.map(readAll));
    clearInterval(drip);
    assert.deepEqual([...new Set(answers)], [""]);
    assert.ok(performance.now() - startMs < 5_000);
  },
  { times: { headMs: 500, exchangeMs: 10_000, idleMs: 10_000 } },
);

attack("a body that never comes", async (server) => {
  const connection = await server.connect();
  const head = [
    "POST /api/page/do HTTP/1.1",
    `Host: ${server.host}`,
    ...changeHeaders(server),
    "Content-Length: 4000",
    "",
    "{",
  ];
  await connection.write(new TextEncoder().encode(head.join("\r\n")));
  assert.equal(await readAll(connection), "");
}, { allowChanges: true, times: { headMs: 500, exchangeMs: 500, idleMs: 10_000 } });

attack("giant heads: 1 MB in one header, in a thousand, in the request line; and HTTP/2", async (server) => {
  const giants = [
    `GET / HTTP/1.1\r\nHost: ${server.host}\r\nX: ${"a".repeat(1 << 20)}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: ${server.host}\r\n${`X: ${"a".repeat(1_000)}\r\n`.repeat(1_000)}\r\n`,
    `GET /${"a".repeat(1 << 20)} HTTP/1.1\r\nHost: ${server.host}\r\n\r\n`,
    "\r\n".repeat(1 << 19),
  ];
  for (const giant of giants) {
    const { status } = await server.send(giant);
    assert.ok([431, 400, 0].includes(status), String(status));
  }
  assert.notEqual((await server.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).status, 200);
  assert.equal((await server.ask("GET /")).status, 200);
});

attack("1,000 connections that say nothing: a bounded number stays, and the page answers", async (server) => {
  const idle: Deno.Conn[] = [];
  let closed = 0;
  for (let index = 0; index < 1_000; index++) {
    const connection = await server.connect();
    idle.push(connection);
    void readAll(connection).then(() => closed++);
  }
  assert.ok(await poll(() => closed >= 1_000 - MOST_CONNECTIONS, 5_000), `${closed} closed`);
  assert.equal((await server.ask("GET /")).status, 200);
  assert.equal((await server.ask("GET /api/ps", [server.bearer])).status, 200);
});

attack("hostile names: JSON keeps them in strings, and no browser takes it for a page", async (server) => {
  const name = `</script><img src=x onerror=alert(1)>\u202e"\\\u0000\n${"x".repeat(10_000)}`;
  server.source.jobs = [rowOf("7k2m9q", { name })];
  const { headers, body } = await server.ask("GET /api/ps", [server.bearer]);
  assert.equal(JSON.parse(body).jobs[0].name, name);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.match(headers["content-type"]!, /^application\/json/);
});

attack(
  "framing, sniffing and requests to elsewhere: every answer has the headers against them",
  async (server) => {
    for (const request of ["GET /", "GET /app.js", "GET /nothing", "GET /api/ps", "POST /", "GET /metrics"]) {
      const { headers } = await server.ask(request, ["Content-Length: 0"]);
      const policy = headers["content-security-policy"] ?? "";
      for (
        const rule of [
          "default-src 'none'",
          "script-src 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
          "form-action 'none'",
        ]
      ) {
        assert.ok(policy.includes(rule), `${request}: ${rule}`);
      }
      assert.ok(!policy.includes("unsafe"));
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["cross-origin-opener-policy"], "same-origin");
      assert.equal(headers["cross-origin-resource-policy"], "same-origin");
      assert.equal(headers["cache-control"], "no-store");
    }
  },
);

attack("a look for secrets in errors and logs: neither token nor paths are there", async (server) => {
  const { status, body } = await server.ask("GET /api/page/ended", [server.bearer]);
  assert.equal(status, 500);
  assert.ok(!body.includes("/secret/path"));
  await server.ask("GET /api/page/nothing", [server.bearer]);
  assert.equal(server.warnings.length, 1);
  assert.ok(!JSON.stringify(server.warnings).includes(server.server.token));
});

attack("users of the same machine: socket and token are 0600 in a 0700 directory", async (server) => {
  const directory = `${server.temp.path}/run`;
  assert.equal(lstatSync(directory).mode & 0o777, 0o700);
  const modes = [...Deno.readDirSync(directory)].map((
    { name },
  ) => [name, lstatSync(`${directory}/${name}`).mode & 0o777]);
  assert.deepEqual(modes.filter(([, mode]) => mode !== 0o600), []);
  assert.equal(modes.length, 4);
  const { status } = await server.ask("GET /api/ps", ["Host: localhost:8000", server.bearer]);
  assert.equal(status, 200);
  assert.equal((await server.ask("GET /api/ps", ["Host: evil.example:8000", server.bearer])).status, 421);
}, { socket: "serve.sock" });

Deno.test("corral serve withstands a link, a file and a stranger's directory in its socket's place", async () => {
  using temp = new TempDir();
  const run = `${temp.path}/run`;
  Deno.mkdirSync(run, { mode: 0o700 });
  Deno.writeTextFileSync(`${temp.path}/precious`, "precious");
  for (
    const plant of [
      () => Deno.symlinkSync(`${temp.path}/precious`, `${run}/serve.sock`),
      () => Deno.writeTextFileSync(`${run}/serve.sock`, "x"),
    ]
  ) {
    plant();
    await assert.rejects(
      TestServer.start({ socket: "serve.sock" }, temp),
      /is in the way: it is no socket of yours/,
    );
    Deno.removeSync(`${run}/serve.sock`);
  }
  assert.equal(Deno.readTextFileSync(`${temp.path}/precious`), "precious");
  Deno.chmodSync(run, 0o755);
  await assert.rejects(TestServer.start({ socket: "serve.sock" }, temp), /is not a directory of yours alone/);
  Deno.removeSync(run, { recursive: true });
  Deno.symlinkSync(temp.path, run);
  await assert.rejects(TestServer.start({ socket: "serve.sock" }, temp), /is not a directory of yours alone/);
});

Deno.test("corral serve takes over the socket of a server that is gone, and never of one that answers", async () => {
  const temp = new TempDir();
  const run = `${temp.path}/run`;
  Deno.mkdirSync(run, { mode: 0o700 });
  await leaveSocket(`${run}/serve.sock`);
  await using _server = await TestServer.start({ socket: "serve.sock" }, temp);
  await assert.rejects(TestServer.start({ socket: "serve.sock" }, temp), /another server listens on/);
});

/** As a killed server leaves it: Deno's own close removes it. */
async function leaveSocket(path: string): Promise<void> {
  const code = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
  assert.ok((await new Deno.Command("python3", { args: ["-c", code, path] }).output()).success);
}
