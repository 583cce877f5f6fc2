import assert from "node:assert/strict";
import { MOST_BUFFERED_BYTES, MOST_MESSAGES, MOST_PAGES } from "../../../src/serve/bounds.ts";
import { FeedClients, type PageSocket, readMessage } from "../../../src/serve/feed_clients.ts";
import type { FeedMessage, JobDetail, JobSample } from "../../../src/serve/feed.ts";
import { NODE, rowOf } from "../../kit/fakes/serve.ts";

class FakeSocket implements PageSocket {
  bufferedAmount = 0;
  readyState = 1;
  onopen: PageSocket["onopen"] = null;
  onmessage: PageSocket["onmessage"] = null;
  onclose: PageSocket["onclose"] = null;
  onerror: PageSocket["onerror"] = null;
  readonly sent: FeedMessage[] = [];
  closed: number | null = null;

  send(data: unknown): void {
    this.sent.push(JSON.parse(String(data)));
  }

  close(code?: number): void {
    this.closed = code ?? 0;
    this.readyState = 3;
    this.onclose?.call(this as unknown as WebSocket, new CloseEvent("close"));
  }

  say(message: unknown): void {
    const data = typeof message === "string" ? message : JSON.stringify(message);
    this.onmessage?.call(this as unknown as WebSocket, new MessageEvent("message", { data }));
  }

  /** Types and numbers of what came since the last call. */
  take(): string[] {
    return this.sent.splice(0).map((message) =>
      "seq" in message ? `${message.type} ${message.seq}` : message.type
    );
  }
}

class Stage {
  jobs = [rowOf("a")];
  detail: JobDetail | null = null;
  looks = 0;
  failure: Error | null = null;
  readonly warnings: string[] = [];
  readonly clients = new FeedClients({
    look: () => {
      this.looks++;
      if (this.failure !== null) return Promise.reject(this.failure);
      return Promise.resolve({ node: { ...NODE, nowMs: this.looks }, jobs: this.jobs, bin: null });
    },
    detail: () => Promise.resolve(this.detail),
  }, (line) => void this.warnings.push(line));

  open(): FakeSocket {
    const socket = new FakeSocket();
    this.clients.add(socket);
    socket.onopen?.call(socket as unknown as WebSocket, new Event("open"));
    return socket;
  }
}

function sample(atMs: number): JobSample {
  return {
    ...{ atMs, anonBytes: null, fileBytes: null, shmemBytes: null, slabBytes: null, memoryBytes: null },
    ...{ cpuCores: null, readBytesPerSec: null, writtenBytesPerSec: null, stalledPercent: null },
  };
}

function detailOf(samples: number[], treeCut = 0): JobDetail {
  return {
    ...{
      id: "a",
      live: null,
      ended: null,
      queued: null,
      limits: [],
      signs: [],
      limitChanges: [],
      tree: [],
      treeCut,
    },
    ...{
      sentence: { severity: "ok", text: [], more: [], command: null },
      events: [],
      facts: [],
      output: null,
    },
    samples: samples.map(sample),
  };
}

Deno.test("FeedClients sends a snapshot and then diffs, one look for all pages", async () => {
  const stage = new Stage();
  await stage.clients.tick();
  const sockets = Array.from({ length: 5 }, () => stage.open());
  await stage.clients.tick();
  await stage.clients.tick();
  for (const socket of sockets) assert.deepEqual(socket.take(), ["snapshot 1", "diff 2", "diff 3"]);
  assert.equal(stage.looks, 3);
});

Deno.test("FeedClients looks at once for the first page", async () => {
  const stage = new Stage();
  const socket = stage.open();
  await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(socket.take(), ["snapshot 1"]);
});

Deno.test("FeedClients gives a page that does not read nothing, and a snapshot when it has read", async () => {
  const stage = new Stage();
  await stage.clients.tick();
  const [slow, quick] = [stage.open(), stage.open()];
  slow.bufferedAmount = MOST_BUFFERED_BYTES + 1;
  for (let tick = 0; tick < 3; tick++) await stage.clients.tick();
  slow.bufferedAmount = 0;
  await stage.clients.tick();
  await stage.clients.tick();
  assert.deepEqual(slow.take(), ["snapshot 1", "snapshot 5", "diff 6"]);
  assert.deepEqual(quick.take(), ["snapshot 1", "diff 2", "diff 3", "diff 4", "diff 5", "diff 6"]);
});

Deno.test("FeedClients answers resync with a snapshot at the next look, however often it is asked", async () => {
  const stage = new Stage();
  await stage.clients.tick();
  const socket = stage.open();
  for (let time = 0; time < 3; time++) socket.say({ type: "resync" });
  await stage.clients.tick();
  await stage.clients.tick();
  assert.deepEqual(socket.take(), ["snapshot 1", "snapshot 2", "diff 3"]);
});

Deno.test("FeedClients sends a watched job whole, then changes and new samples only", async () => {
  const stage = new Stage();
  await stage.clients.tick();
  const socket = stage.open();
  stage.detail = detailOf([1, 2]);
  socket.say({ type: "subscribe", jobId: "a" });
  await stage.clients.tick();
  socket.sent.length = 0;
  stage.detail = detailOf([1, 2, 3], 7);
  await stage.clients.tick();
  assert.deepEqual(socket.sent[1], {
    type: "job-more",
    jobId: "a",
    changed: { treeCut: 7 },
    samples: [sample(3)],
  });
  stage.detail = null;
  socket.sent.length = 0;
  await stage.clients.tick();
  await stage.clients.tick();
  assert.deepEqual(socket.take(), ["diff 4", "no-job", "diff 5"]);
});

Deno.test("FeedClients closes a page that sends what a page does not, or too much of it", async () => {
  const stage = new Stage();
  await stage.clients.tick();
  const [noise, flood] = [stage.open(), stage.open()];
  noise.say("{");
  for (let time = 0; time <= MOST_MESSAGES; time++) flood.say({ type: "resync" });
  assert.deepEqual([noise.closed, flood.closed, stage.clients.count], [1008, 1008, 0]);
  for (
    const data of [
      new ArrayBuffer(4),
      "x".repeat(2_000),
      "null",
      "[]",
      '{"type":"subscribe","jobId":1}',
      '{"type":"x"}',
    ]
  ) {
    assert.equal(readMessage(data), null);
  }
});

Deno.test("FeedClients takes a bounded number of pages, and forgets those that close", () => {
  const stage = new Stage();
  const sockets = Array.from({ length: MOST_PAGES }, () => stage.open());
  assert.equal(stage.open().closed, 1013);
  sockets[0]!.close();
  assert.equal(stage.open().closed, null);
});

Deno.test("FeedClients says once that looks fail, and goes on when they do not", async () => {
  const stage = new Stage();
  await stage.clients.tick();
  const socket = stage.open();
  stage.failure = new Error("no store");
  for (let tick = 0; tick < 3; tick++) await stage.clients.tick();
  assert.equal(stage.warnings.length, 1);
  stage.failure = null;
  await stage.clients.tick();
  assert.deepEqual(socket.take(), ["snapshot 1", "diff 2"]);
});
