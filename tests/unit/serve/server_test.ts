import assert from "node:assert/strict";
import type { FeedMessage, Snapshot } from "../../../src/serve/feed.ts";
import { applied } from "../../../src/serve/difference.ts";
import { targetOf } from "../../../src/serve/routes.ts";
import { rowOf, TestServer } from "../../kit/fakes/serve.ts";

Deno.test("the server has the page's files under their paths, and data for a session's cookie", async () => {
  await using server = await TestServer.start();
  const paths = ["/", "/app.js", "/app.css"];
  const replies = await Promise.all(paths.map((path) => server.ask(`GET ${path}`)));
  assert.deepEqual(replies.map(({ status, body }) => [status, body]), [
    [200, "<!doctype html>page"],
    [200, "script"],
    [200, "style"],
  ]);
  const cookie = await server.cookie();
  assert.match(cookie, new RegExp(`^corral-${server.port}=[\\w-]{43}$`));
  for (const credential of [server.bearer, `Cookie: other=1; ${cookie}`]) {
    const { status, body } = await server.ask("GET /api/show/7k2m9q?full=1", [credential]);
    assert.deepEqual([status, JSON.parse(body).path], [200, "show/7k2m9q"]);
  }
  assert.equal((await server.ask("HEAD /metrics", [server.bearer])).body, "");
  assert.equal((await server.ask("GET /api/page/effect?job=7k2m9q&verb=kill", [server.bearer])).status, 404);
});

Deno.test("the server answers a question that it cannot read with one line of JSON", async () => {
  await using server = await TestServer.start();
  const asked = [
    "course",
    "course?from=2&to=1",
    "course?from=x&to=2",
    "ended?since=-1",
    "effect?job=7k2m9q&verb=sh",
    "course?from=1&to=2",
  ];
  for (const path of asked) {
    const { status, body } = await server.ask(`GET /api/page/${path}`, [server.bearer]);
    assert.equal(status, 400, path);
    assert.match(body, /^\{"error":"[^\n]+"\}\n$/);
  }
});

Deno.test("the server's WebSocket brings a snapshot and the diffs that follow it", async () => {
  await using server = await TestServer.start();
  const headers = { origin: `http://${server.host}`, authorization: `Bearer ${server.server.token}` };
  const page = new WebSocket(`ws://${server.host}/api/feed`, { headers });
  const messages = Promise.withResolvers<Snapshot>();
  let snapshot: Snapshot | null = null;
  page.onerror = () => messages.reject(new Error("no WebSocket"));
  page.onmessage = ({ data }) => {
    const message = JSON.parse(data) as FeedMessage;
    if (message.type === "snapshot") {
      snapshot = message;
      server.source.jobs = [rowOf("7k2m9q")];
    } else if (message.type === "diff") {
      snapshot = applied(snapshot!, message);
    }
    if (snapshot!.jobs.length > 0) messages.resolve(snapshot!);
  };
  const { jobs } = await messages.promise;
  assert.deepEqual(jobs, [rowOf("7k2m9q")]);
  const closed = Promise.withResolvers<void>();
  page.onclose = () => closed.resolve();
  page.close();
  await closed.promise;
});

Deno.test("the server's metrics on a port of their own need no token, and nothing else is there", async () => {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  await using server = await TestServer.start({ metricsAt: { hostname: "127.0.0.1", port } });
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return [answer.status, await answer.text()] as const;
  };
  assert.deepEqual(await get("/metrics"), [200, "corral_build_info 1\n"]);
  for (const path of ["/", "/api/ps", "/api/feed", "/app.js"]) {
    assert.equal((await get(path, { authorization: `Bearer ${server.server.token}` }))[0], 404);
  }
  const other = await TestServer.prototype.ask.call(
    {
      connect: () => Deno.connect({ port }),
      host: "evil.example",
      send: server.send,
    } as unknown as TestServer,
    "GET /metrics",
  );
  assert.equal(other.status, 421);
});

Deno.test("targetOf() is the path as it was sent, of TCP and of a UNIX socket", () => {
  const rows = [
    ["http://localhost:8000/", "/"],
    ["http://localhost:8000", "/"],
    ["http+unix://localhost/api/ps?x=/y", "/api/ps"],
    ["http+unix://%2Frun%2Fserve/a/../b", "/a/../b"],
    ["http://localhost/a%2e?x#y", "/a%2e"],
  ] as const;
  for (const [url, path] of rows) assert.equal(targetOf(url).path, path);
  assert.equal(targetOf("http+unix://h/a?from=1&to=2").query.get("to"), "2");
});
