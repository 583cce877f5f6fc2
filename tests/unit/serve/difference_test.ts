import assert from "node:assert/strict";
import fc from "fast-check";
import { applied, differenceOf, snapshotOf, stateOf } from "../../../src/serve/difference.ts";
import type { Snapshot } from "../../../src/serve/feed.ts";
import { NODE, rowOf } from "../../kit/fakes/serve.ts";

const rows = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom("a", "b", "c", "d", "e"),
    memoryBytes: fc.option(fc.nat(3)),
    spark: fc.array(fc.nat(2), { maxLength: 2 }),
    name: fc.string({ unit: "binary" }),
  }),
  { selector: ({ id }) => id },
).map((all) => all.map(({ id, ...own }) => rowOf(id, own)));
const nodes = fc.record({
  nowMs: fc.nat(3),
  user: fc.option(fc.string()),
  queueLength: fc.nat(2),
  severity: fc.boolean(),
})
  .map(({ nowMs, user, queueLength }) => ({
    ...NODE,
    nowMs,
    user,
    readouts: { ...NODE.readouts, queueLength },
  }));
const looks = fc.array(fc.record({ node: nodes, jobs: rows, bin: fc.constant(null) }), {
  minLength: 1,
  maxLength: 8,
});

/** The order of rows is the page's own. */
function sorted({ jobs, ...rest }: Snapshot) {
  return { ...rest, jobs: jobs.toSorted((a, b) => a.id < b.id ? -1 : 1) };
}

Deno.test("differenceOf() gives what makes the next snapshot of the one before, also through JSON", () => {
  fc.assert(fc.property(looks, (all) => {
    const states = all.map((look, index) => stateOf(look, index + 1));
    let snapshot = snapshotOf(states[0]!);
    for (const [index, state] of states.slice(1).entries()) {
      const diff = JSON.parse(JSON.stringify(differenceOf(states[index]!, state)));
      snapshot = applied(snapshot, diff);
      assert.deepEqual(sorted(snapshot), sorted(snapshotOf(state)));
    }
  }));
});

Deno.test("differenceOf() of a look that shows the same names nothing", () => {
  const look = { node: NODE, jobs: [rowOf("a")], bin: null };
  assert.deepEqual(differenceOf(stateOf(look, 1), stateOf(structuredClone(look), 2)), {
    ...{ seq: 2, changed: {}, jobs: [], goneJobIds: [], course: null },
  });
});

Deno.test("applied() refuses a diff after a gap", () => {
  const [one, three] = [1, 3].map((seq) => stateOf({ node: NODE, jobs: [], bin: null }, seq));
  assert.throws(
    () => applied(snapshotOf(one!), differenceOf(one!, three!)),
    /Cannot apply diff 3 to snapshot 1/,
  );
});
