import assert from "node:assert/strict";
import { prune, WHOLE } from "../../../../src/act/sweep/prune.ts";
import { endedPhase, JOB_ID, risingSamples } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { insertRunning } from "../../../kit/fakes/stores.ts";

const MODULE = new URL("../../../../src/store/jobs.ts", import.meta.url).href;
const SPEC_MODULE = new URL("../../../kit/fakes/job.ts", import.meta.url).href;
const OLD_JOBS = 20_000;
/** Of the whole prune: done in one step, it holds others up for most of it. */
const LONGEST_WAIT_SHARE = 0.25;
const DAY_MS = 86_400_000;

/** So many jobs that ended long ago, each with events and samples. */
function fill(node: FakeNode): void {
  const store = node.stores.open();
  insertRunning(store);
  const { state: _, run: _run, ...ending } = endedPhase({ endedAtMs: node.wallMs - 100 * DAY_MS });
  store.markEnded(JOB_ID, { ...ending, samples: risingSamples(10) }, []);
  const database = node.stores.raw();
  const count =
    `(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${OLD_JOBS}) SELECT i FROM c)`;
  for (
    const [table, key, left] of [["jobs", "id", ""], ["events", "job_id", "seq"], ["samples", "job_id", ""]]
  ) {
    const names = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all().map((row) =>
      row["name"]
    );
    const others = names.filter((name) => name !== key && name !== left).join(", ");
    database.exec(
      `INSERT INTO ${table} (${key}, ${others}) SELECT 'old' || n.i, ${others} FROM ${table}, ${count} n WHERE ${key} = '${JOB_ID}'`,
    );
  }
}

/** Another process that records a job after the other, until it is told to end; the milliseconds that each took. */
function launcher(directory: string) {
  const script = `
    import { JobStore } from "${MODULE}";
    import { specOf, watchOf } from "${SPEC_MODULE}";
    const store = JobStore.open("${directory}", "corral.db", "run");
    let isOver = false;
    (async () => { for await (const _ of Deno.stdin.readable); isOver = true; })();
    const tookMs = [];
    console.log("ready");
    while (!isOver) {
      const startMs = performance.now();
      store.insert(specOf({ id: "new" + tookMs.length }), watchOf());
      tookMs.push(performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    console.log(JSON.stringify(tookMs));`;
  const args = ["eval", "--no-check", script];
  return new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
}

Deno.test("prune() of many jobs lets launches through all the while", async () => {
  using node = new FakeNode();
  fill(node);
  const child = launcher(node.stores.path);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "ready\n");
  const startMs = performance.now();
  const pruned = await prune(node.context, node.stores.open("prune"), node.wallMs - 90 * DAY_MS, WHOLE);
  const allMs = performance.now() - startMs;
  await child.stdin.close();
  let text = "";
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) text += chunk.value;
  await child.status;
  assert.equal(pruned.jobs, OLD_JOBS + 1);
  const tookMs: number[] = JSON.parse(text);
  assert.ok(tookMs.length > 20, `only ${tookMs.length} launches meanwhile`);
  const longestMs = Math.round(Math.max(...tookMs));
  console.log(
    `${pruned.jobs} dropped in ${
      Math.round(allMs)
    } ms; of ${tookMs.length} launches the longest took ${longestMs} ms`,
  );
  assert.ok(longestMs < allMs * LONGEST_WAIT_SHARE, `one took ${longestMs} ms of ${allMs}`);
});
