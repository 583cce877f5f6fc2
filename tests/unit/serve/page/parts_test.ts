import assert from "node:assert/strict";
import { printable, printableParts } from "../../../../src/base/text.ts";
import { retryDelayMs } from "../../../../src/serve/page/contact.ts";
import { memoryValues } from "../../../../src/serve/page/dialog.ts";
import { Clock } from "../../../../src/serve/page/format.ts";
import { branches } from "../../../../src/serve/page/process_tree.ts";
import { routeOf, tokenOf } from "../../../../src/serve/page/route.ts";
import { ticks, timeTicks } from "../../../../src/serve/page/tick.ts";
import { endWords, lookOfEnd, lookOfState } from "../../../../src/serve/page/words.ts";
import { pageFiles } from "../../../../src/serve/page_files.ts";
import { END_REASONS } from "../../../../src/job/job.ts";

const GIB = 1024 ** 3;

Deno.test("printableParts() is printable() in pieces, and marks what was written out", () => {
  const text = "a\u202eb\u0000\u200bc";
  assert.equal(printableParts(text).map((part) => part.text).join(""), printable(text));
  assert.deepEqual(printableParts("x\u202ey"), [
    { text: "x", isEscape: false },
    { text: "\\u202e", isEscape: true },
    { text: "y", isEscape: false },
  ]);
  assert.deepEqual(printableParts("plain"), [{ text: "plain", isEscape: false }]);
  assert.deepEqual(printableParts(""), []);
});

Deno.test("routeOf() reads the four views and takes anything else for the node", () => {
  assert.deepEqual(routeOf("#/job/d9fzws"), { view: "job", jobId: "d9fzws" });
  assert.deepEqual(routeOf("#/history?search=a%20b"), { view: "history", search: "a b" });
  assert.deepEqual(routeOf("#/queue"), { view: "queue" });
  for (const hash of ["", "#", "#/", "#/job/", "#/nonsense"]) {
    assert.deepEqual(routeOf(hash), { view: "node" }, hash);
  }
  assert.deepEqual(routeOf("#/job/%E0%A4%A"), { view: "job", jobId: "%E0%A4%A" });
});

Deno.test("tokenOf() finds a token only where the address begins with it", () => {
  assert.equal(tokenOf("#token=abc_-1"), "abc_-1");
  assert.equal(tokenOf("#/job/token=abc"), null);
  assert.equal(tokenOf(""), null);
});

Deno.test("retryDelayMs() doubles up to half a minute", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 20].map(retryDelayMs), [
    1000,
    2000,
    4000,
    8000,
    16_000,
    30_000,
    30_000,
  ]);
});

Deno.test("branches() draws the tree of the depths", () => {
  assert.deepEqual(branches([0, 1, 2, 3, 2, 1, 0]), ["", "├─ ", "│  ├─ ", "│  │  └─ ", "│  └─ ", "└─ ", ""]);
});

Deno.test("memoryValues() offers larger limits in whole units of the present one", () => {
  assert.deepEqual(memoryValues(128 * GIB), ["144G", "160G", "192G"]);
  assert.deepEqual(memoryValues(GIB), ["2G", "3G", "4G"]);
  assert.deepEqual(memoryValues(512 * 1024 ** 2), ["576M", "640M", "768M"]);
});

Deno.test("ticks() steps evenly from 0 and leaves out what would touch a limit", () => {
  const axis = { max: 503 * GIB, unit: "bytes", height: 248, limits: [{ value: 503 * GIB }] } as const;
  assert.deepEqual(ticks(axis).texts, ["0", "200G", "400G"]);
  assert.deepEqual(ticks({ ...axis, limits: [{ value: 401 * GIB }] }).texts, ["0", "200G"]);
  assert.deepEqual(ticks({ max: 64, unit: "cores", height: 248, limits: [] }).texts, ["0", "20", "40", "60"]);
});

Deno.test("timeTicks() stand at full hours of the node's zone", () => {
  const clock = new Clock("Asia/Kolkata");
  const toMs = Date.UTC(2026, 10, 27, 7, 12);
  const found = timeTicks({ timesMs: [toMs - 6 * 3_600_000, toMs], clock }, 600);
  assert.deepEqual(found.map(({ text }) => text), ["07:00", "08:00", "09:00", "10:00", "11:00", "12:00"]);
  assert.deepEqual(timeTicks({ timesMs: [], clock }, 600), []);
});

Deno.test("every end reason and state has a shape; only what is well is quiet", () => {
  for (const reason of Object.keys(END_REASONS)) assert.ok(lookOfEnd(reason, 1).icon, reason);
  assert.equal(lookOfEnd("exited", 0).tone, "quiet");
  assert.equal(lookOfEnd("exited", 3).tone, "bad");
  assert.equal(lookOfEnd("oom", 137).tone, "bad");
  assert.equal(endWords("exited", 3), "exited 3");
  assert.equal(endWords("exited", 0), "exited");
  assert.equal(lookOfState("running").icon, "dot");
});

Deno.test("the page is built: its files have types, and the first paint needs less than 100 kB", async () => {
  const files = await pageFiles();
  const named = (name: string) => files.find((file) => file.name === name);
  assert.equal(named("index.html")?.contentType, "text/html; charset=utf-8");
  assert.equal(named("app.css")?.contentType, "text/css; charset=utf-8");
  const text = new TextDecoder().decode(named("app.js")!.body);
  const needed = [
    "index.html",
    "app.css",
    "app.js",
    ...text.matchAll(/from\s*"\.\/(chunk-[^"]+)"/g).map(([, name]) => name!),
  ];
  const bytes = [...new Set(needed)].reduce((sum, name) => sum + named(name)!.body.length, 0);
  assert.ok(bytes < 100_000, `${bytes} bytes`);
});

Deno.test("index.html has neither script nor style of its own, and asks no other host", async () => {
  const html = new TextDecoder().decode((await pageFiles()).find(({ name }) => name === "index.html")!.body);
  assert.doesNotMatch(html, /<style|style=|\son\w+=|https?:\/\/(?!www\.w3\.org)/);
  assert.doesNotMatch(html, /<script(?![^>]* src=)/);
});
