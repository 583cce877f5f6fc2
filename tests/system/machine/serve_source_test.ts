/** What the page of `corral serve` shows of real jobs, of root and of a user, and what is done to them through it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "./caller.ts";

const machine = await machineUnderTest();
const { corral } = machine;
const PAGE = await Deno.readTextFile(join(import.meta.dirname!, "serve_page.py"));
const SOCKET = "/run/corral/page-test.sock";
/** A look every two seconds; a user's process is asked every five. */
const TRIES = 30;

async function sh(script: string, user = "root"): Promise<string> {
  return succeeded(await machine.sh(script, { user })).stdout.trim();
}

// deno-lint-ignore no-explicit-any
async function ask(...calls: unknown[][]): Promise<any[]> {
  const argv = ["python3", "-c", PAGE, SOCKET, JSON.stringify(calls)];
  return JSON.parse(succeeded(await machine.exec(argv)).stdout);
}

/** The first snapshot for which `isThere` is true. */
// deno-lint-ignore no-explicit-any
async function snapshotWith(isThere: (snapshot: any) => boolean): Promise<any> {
  for (let tries = 0; tries < TRIES; tries++) {
    const [snapshot] = await ask(["feed"]);
    if (isThere(snapshot)) return snapshot;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail("it was never there");
}

machineTest(
  machine,
  "the page of corral serve has root's and a user's jobs, and does to them what the commands do",
  async () => {
    const server = await machine.spawn([
      corral,
      "serve",
      "--socket",
      SOCKET,
      "--allow-changes",
      "--no-sweep",
    ]);
    try {
      await sh(`for i in $(seq 100); do [ -S ${SOCKET} ] && exit 0; sleep 0.1; done; exit 1`);
      const busy = await sh(
        `${corral} run --detach --quiet --name busy --timeout 1h -- sh -c 'echo hello; while :; do :; done'`,
      );
      const hers = await sh(
        `${corral} run --detach --quiet --name hers --grace 10m -- sh -c 'trap "" TERM; exec sleep 1000'`,
        "alice",
      );
      await machine.sh(`${corral} run --quiet --name failed -- sh -c 'exit 3'`);
      // deno-lint-ignore no-explicit-any
      const rowOf = (snapshot: any, id: string) => snapshot.jobs.find((row: any) => row.id === id);
      const snapshot = await snapshotWith((one) =>
        rowOf(one, busy)?.cpuCores > 0 && rowOf(one, hers)?.processes === 1
      );
      assert.deepEqual([snapshot.scope, rowOf(snapshot, hers).user, rowOf(snapshot, hers).name], [
        "node",
        "alice",
        "hers",
      ]);
      assert.deepEqual([
        rowOf(snapshot, busy).state,
        rowOf(snapshot, busy).deadlineMs - rowOf(snapshot, busy).startedMs > 3_590_000,
      ], ["running", true]);
      assert.equal(snapshot.endedLately[0].exitCode, 3);
      const [{ detail }, { detail: other }, effect, ended, course] = await ask(
        ["job", busy],
        ["job", hers],
        ["get", `/api/page/effect?job=${busy}&verb=kill`],
        ["get", "/api/page/ended?search=fail"],
        ["get", `/api/page/course?from=${snapshot.nowMs - 60_000}&to=${snapshot.nowMs + 60_000}`],
      );
      assert.equal(detail.output.tail, "hello\n");
      assert.match(detail.sentence.text[0].text, /^running, 59m\d+s left$/);
      assert.equal(detail.tree[0].state, "R");
      assert.deepEqual([other.tree[0].command, other.events.length > 0], ["sleep 1000", true]);
      assert.deepEqual([effect.body.processes, effect.body.users, effect.body.command], [
        1,
        ["root"],
        `corral kill ${busy}`,
      ]);
      assert.deepEqual([ended.body.total, ended.body.rows[0].name], [1, "failed"]);
      // deno-lint-ignore no-explicit-any
      assert.ok(course.body.series.some(({ jobId }: any) => jobId === busy));
      const act = (
        jobId: string,
        verb: string,
        value?: string,
      ) => ["post", "/api/page/do", { jobId, verb, value }];
      const stubborn = await sh(
        `${corral} run --detach --quiet --name busy --grace 10m -- sh -c 'trap "" TERM; exec sleep 1000'`,
      );
      await snapshotWith((one) => rowOf(one, stubborn)?.processes === 1);
      const done = await ask(
        act(busy, "freeze"),
        act(busy, "thaw"),
        act(busy, "set-timeout", "+1h"),
        // Their grace is longer than a change may take.
        act(hers, "kill", "now"),
        act(stubborn, "kill", "now"),
        act(busy, "kill"),
        act(busy, "kill"),
      );
      assert.deepEqual(done.slice(0, 6).map(({ body }) => body.said ?? body.error), [
        `${busy} frozen`,
        `${busy} thawed`,
        `${busy} set: timeout 2h`,
        `${hers} ended: killed`,
        `${stubborn} ended: killed`,
        `${busy} ended: killed`,
      ]);
      assert.match(done[6].body.error, /no live job/);
      await snapshotWith((one) => rowOf(one, busy) === undefined && rowOf(one, hers) === undefined);
    } finally {
      await server.kill("SIGTERM");
      await server.wait();
      await machine.sh(`${corral} kill --name busy --now; ${corral} kill --name hers --now --yes`);
    }
  },
  onceOnly(machine),
);
