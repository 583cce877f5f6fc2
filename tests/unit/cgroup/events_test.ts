import assert from "node:assert/strict";
import { readEvents, waitForEvents } from "../../../src/cgroup/events.ts";
import { freeze, isFrozen, thaw } from "../../../src/cgroup/freezer.ts";
import { ParseError } from "../../../src/base/errors.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { TimerLog } from "../../kit/fakes/quick_time.ts";

/** Far longer than any notice takes: a test that gets here has failed. */
const NEVER_MS = 20_000;
const SHORT_MS = 20;
const FROZEN = "populated 1\nfrozen 1\n";
const EMPTY = "populated 0\nfrozen 0\n";
/** Of waitForEvents(), should inotify give no notice. A wait that ends sooner was woken by one. */
const RECHECK_MS = 250;

Deno.test("readEvents() reads both keys, in any order, among others", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own({ "cgroup.events": "frozen 1\nnew 5\npopulated 0\n" });
  assert.deepEqual(readEvents(cgroup), { populated: false, frozen: true });
});

Deno.test("readEvents() calls a cgroup that is gone not populated", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  dir.vanish(JOB_PATH);
  assert.deepEqual(readEvents(cgroup), { populated: false, frozen: false });
});

Deno.test("readEvents() refuses nonsense rather than to call it empty", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own({ "cgroup.events": "populated\n" });
  assert.throws(() => readEvents(cgroup), ParseError);
});

Deno.test("waitForEvents() returns at once when it holds already", async () => {
  using dir = new CgroupDir();
  assert.ok(await waitForEvents(dir.own(), ({ populated }) => populated, { capMs: 0 }));
});

Deno.test("waitForEvents() is woken by the change itself", async () => {
  const tookMs: number[] = [];
  // One of them is enough: a busy machine may be late with some.
  while (tookMs.length < 10 && !tookMs.some((ms) => ms < RECHECK_MS / 2)) {
    using dir = new CgroupDir();
    const waiting = waitForEvents(dir.own(), ({ populated }) => !populated, { capMs: NEVER_MS });
    const startedMs = performance.now();
    dir.put(JOB_PATH, "cgroup.events", EMPTY);
    assert.ok(await waiting);
    tookMs.push(performance.now() - startedMs);
  }
  assert.ok(tookMs.at(-1)! < RECHECK_MS / 2, `${tookMs} ms`);
});

Deno.test("waitForEvents() of a long wait does not look by itself where there are notices", async () => {
  using dir = new CgroupDir();
  using timers = new TimerLog();
  const stop = new AbortController();
  const waiting = waitForEvents(dir.own(), () => false, {
    capMs: 4 * NEVER_MS,
    recheckMs: NEVER_MS,
    stop: stop.signal,
  });
  stop.abort();
  assert.ok(!await waiting);
  assert.deepEqual(timers.delaysMs, [NEVER_MS]);
});

Deno.test("waitForEvents() is done when the cgroup vanishes", async () => {
  using dir = new CgroupDir();
  const waiting = waitForEvents(dir.own(), ({ populated }) => !populated, { capMs: NEVER_MS });
  dir.vanish(JOB_PATH);
  assert.ok(await waiting);
});

Deno.test("waitForEvents() gives up at its cap", async () => {
  using dir = new CgroupDir();
  assert.ok(!await waitForEvents(dir.own(), ({ frozen }) => frozen, { capMs: SHORT_MS }));
});

Deno.test("waitForEvents() gives up when told to stop", async () => {
  using dir = new CgroupDir();
  const stop = new AbortController();
  const waiting = waitForEvents(dir.own(), ({ frozen }) => frozen, { capMs: NEVER_MS, stop: stop.signal });
  stop.abort();
  assert.ok(!await waiting);
});

Deno.test("freeze() resolves when the kernel has frozen the cgroup", async () => {
  using dir = new CgroupDir();
  const freezing = freeze(dir.own(), NEVER_MS);
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "1");
  dir.put(JOB_PATH, "cgroup.events", FROZEN);
  assert.ok(await freezing);
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "1");
});

Deno.test("freeze() that cannot be completed is undone", async () => {
  using dir = new CgroupDir();
  assert.ok(!await freeze(dir.own(), SHORT_MS));
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "0");
});

Deno.test("freeze() of an empty cgroup is complete", async () => {
  using dir = new CgroupDir();
  assert.ok(await freeze(dir.own({ "cgroup.events": EMPTY }), SHORT_MS));
});

Deno.test("thaw() undoes a freeze, and does nothing to a cgroup that is gone or replaced", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own({ "cgroup.freeze": "1\n" });
  thaw(cgroup);
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "0");
  Deno.renameSync(dir.mount + JOB_PATH, `${dir.mount}/corral/moved`);
  thaw(cgroup);
  dir.add(JOB_PATH, { "cgroup.freeze": "1\n" });
  thaw(cgroup);
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "1\n");
});

Deno.test("isFrozen() counts a freeze that was asked for and is not complete", () => {
  using dir = new CgroupDir();
  assert.ok(!isFrozen(dir.own()));
  assert.ok(isFrozen(dir.own({ "cgroup.freeze": "1\n" })));
  assert.ok(isFrozen(dir.own({ "cgroup.events": FROZEN })));
});
