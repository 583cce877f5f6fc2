import assert from "node:assert/strict";
import { prune, WHOLE } from "../../../../src/act/sweep/prune.ts";
import { endedPhase, JOB_ID, risingSamples, specOf, watchOf } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { insertRunning } from "../../../kit/fakes/stores.ts";

const OLD_JOBS = 3_000;
/** Jobs dropped in one transaction. */
const LARGEST_STEP = 500;
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

Deno.test("prune() of many jobs is done in small steps, between which others write", async () => {
  using node = new FakeNode();
  fill(node);
  const store = node.stores.open("prune");
  const steps: number[] = [];
  const drop = store.drop.bind(store);
  store.drop = (which, ids) => {
    steps.push(ids.length);
    return drop(which, ids);
  };
  // It does not wait: it gets in only while the store is let go.
  const launches = node.stores.open("run");
  launches.waitAtMost(0);
  let launched = 0;
  const timer = setInterval(() => launches.insert(specOf({ id: `new${launched++}` }), watchOf()), 1);
  const pruned = await prune(node.context, store, node.wallMs - 90 * DAY_MS, WHOLE);
  clearInterval(timer);
  assert.equal(pruned.jobs, OLD_JOBS + 1);
  assert.ok(steps.length > 5 && Math.max(...steps) <= LARGEST_STEP, `${steps}`);
  assert.ok(launched >= steps.length - 1, `${launched} launches in ${steps.length} steps`);
});
