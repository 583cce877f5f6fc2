/** Each path of the JSON API against the command that it stands for. */
import assert from "node:assert/strict";
import { makePlainSource } from "../../../src/cli/serve_plain.ts";
import type { Answer } from "../../../src/serve/source.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

const POOL = { jobs: 2, memoryBytes: 4096, cpus: null, defaultMemoryBytes: null };

function node(): FakeNode {
  const node = new FakeNode();
  node.pools = new Map([["gpu", { name: "gpu", ...POOL }]]);
  node.start({
    spec: { name: "segment", ref: "task-9", tags: { project: "heart" } },
    files: { "cpu.stat": "usage_usec 5000\nuser_usec 1\nsystem_usec 1\n", "memory.current": "800\n" },
  });
  insertEnded(node.stores.open(), { spec: { id: "aaaaaa", name: "convert" }, ending: { reason: "oom" } });
  insertEnded(node.stores.open(), { spec: { id: "bbbbbb", user: "bob", uid: 1001 } });
  return node;
}

function get(on: FakeNode, url: string): Promise<Answer> {
  const [path = "", query = ""] = url.split("?");
  return makePlainSource(on.context).api(path, new URLSearchParams(query));
}

/** Both clocks go on while a command waits. */
function atOneTime(on: FakeNode): { again: () => void } {
  const { wallMs, bootMs } = on;
  return { again: () => Object.assign(on, { wallMs, bootMs }) };
}

for (
  const [url, args] of [
    ["ps", ["ps"]],
    ["ps?all&sort=name", ["ps", "--all", "--sort", "name"]],
    ["ps?all=true&user=bob", ["ps", "--all", "--user", "bob"]],
    ["ps?state=oom", ["ps", "--state", "oom"]],
    ["ps?tag=project%3Dheart&tag=project=heart", ["ps", "--tag", "project=heart"]],
    [`show/${JOB_ID}`, ["show", JOB_ID]],
    ["show/aaaaaa", ["show", "aaaaaa"]],
    ["show/name%3Aconvert", ["show", "name:convert"]],
    ["report", ["report"]],
    ["report?since=1d&user=alice", ["report", "--since", "1d", "--user", "alice"]],
    ["report?by=reason", ["report", "--by", "reason"]],
    ["report?reason=oom&limit=1", ["report", "--reason", "oom", "--limit", "1"]],
    ["queue", ["queue"]],
    ["queue?pool=gpu", ["queue", "--pool", "gpu"]],
    ["pool", ["pool"]],
    ["pool/gpu", ["pool", "gpu"]],
    ["version", ["version"]],
  ] as const
) {
  Deno.test(`GET /api/${url} is what corral ${args.join(" ")} --json prints`, async () => {
    using on = node();
    const { again } = atOneTime(on);
    assert.equal(await on.corral(...args, "--json"), 0, on.said.join("\n"));
    again();
    const { status, contentType, body } = await get(on, url);
    assert.equal(status, 200, body);
    assert.equal(contentType, "application/json; charset=utf-8");
    assert.equal(body, on.out);
    assert.ok(body.length > 2);
  });
}

Deno.test("GET /api/report?schema is the schema of all of them", async () => {
  using on = node();
  await on.corral("report", "--schema");
  assert.equal((await get(on, "report?schema")).body, on.out);
});

for (
  const [url, status, words] of [
    ["nothing", 404, /no such path: "nothing"/],
    ["ps/aaaaaa", 404, /no such path/],
    ["show", 404, /no such path/],
    ["show/", 404, /no such path/],
    ["constructor", 404, /no such path/],
    ["../ps", 404, /no such path/],
    ["show/zzzzzz", 404, /no job matches "zzzzzz"/],
    ["show/%E0%A4%A", 400, /is no path/],
    ["show/--full", 404, /no job matches/],
    ["ps?usr=alice", 400, /unknown parameter "usr", did you mean user\?/],
    ["ps?json", 400, /unknown parameter "json"/],
    ["ps?all=no", 400, /all takes no value but true/],
    ["ps?state=asleep", 400, /--state/],
    ["ps?interval=1h", 400, /unknown parameter "interval"/],
    ["report?since=soon", 400, /--since|since/],
    ["report?limit=-1", 400, /--limit/],
    ["report?output=/etc/passwd", 400, /unknown parameter "output"/],
    ["report?cursor=/etc/passwd", 400, /unknown parameter "cursor"/],
    ["report?from=/etc/passwd", 400, /unknown parameter "from"/],
    ["report?state-dir=/tmp", 400, /unknown parameter "state-dir"/],
    ["report?truncate", 400, /--truncate needs a window/],
    ["pool/set", 400, /name the pool/],
    ["pool/set?jobs=0", 400, /unknown parameter "jobs"/],
    ["pool/none", 400, /none/],
    ["queue?pool=none", 400, /none/],
  ] as const
) {
  Deno.test(`GET /api/${url} is refused with ${status} and one line`, async () => {
    using on = node();
    const before = JSON.stringify(on.recorded());
    const answer = await get(on, url);
    assert.equal(answer.status, status, answer.body);
    const { error, ...rest } = JSON.parse(answer.body);
    assert.deepEqual(rest, {});
    assert.match(error, words);
    assert.doesNotMatch(error, /\n|^corral:/);
    assert.equal(JSON.stringify(on.recorded()), before);
    assert.deepEqual(on.out, "");
  });
}

Deno.test("GET /api/ lists each path with its parameters, and each listed one answers", async () => {
  using on = node();
  const { paths } = JSON.parse((await get(on, "")).body) as {
    paths: { path: string; description: string; parameters: Record<string, string> }[];
  };
  assert.deepEqual(paths.map(({ path }) => path), [
    "/api/ps",
    "/api/show/JOB",
    "/api/report",
    "/api/queue",
    "/api/pool[/POOL]",
    "/api/version",
  ]);
  for (const { path, description, parameters } of paths) {
    assert.ok(description.length > 10);
    assert.ok(Object.values(parameters).every((words) => words.length > 3), path);
    const url = path.replace("/api/", "").replace("/JOB", `/${JOB_ID}`).replace("[/POOL]", "");
    assert.equal((await get(on, url)).status, 200);
  }
});

Deno.test("an answer has a store that does not open as an error of the server", async () => {
  using on = node();
  on.openStore = () => {
    throw new Error("broken");
  };
  const { status, body } = await get(on, "ps");
  assert.equal(status, 500);
  assert.match(JSON.parse(body).error, /broken/);
});
