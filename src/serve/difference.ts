/** From one look to the next: a diff that, applied to the snapshot before, gives the next snapshot. Pure. */
import type { Diff, LiveRow, NodeState, Snapshot } from "./feed.ts";
import type { Look } from "./source.ts";

/** A look with the text of its parts, so that each is made into text once. */
export interface State {
  readonly seq: number;
  readonly look: Look;
  readonly nodeTexts: ReadonlyMap<keyof NodeState, string>;
  readonly rowTexts: ReadonlyMap<string, string>;
}

/** The state of that number. */
export function stateOf(look: Look, seq: number): State {
  const keys = Object.keys(look.node) as (keyof NodeState)[];
  return {
    seq,
    look,
    nodeTexts: new Map(keys.map((key) => [key, JSON.stringify(look.node[key])])),
    rowTexts: new Map(look.jobs.map((row) => [row.id, JSON.stringify(row)])),
  };
}

/** All of a state. */
export function snapshotOf({ seq, look: { node, jobs } }: State): Snapshot {
  return { ...node, seq, jobs };
}

/** What `after` has that `before` has not. A bin of the course is part of it only in the state in which it ended. */
export function differenceOf(before: State, after: State): Diff {
  const { node, jobs, bin } = after.look;
  const changed = Object.fromEntries(
    [...after.nodeTexts].filter(([key, text]) => before.nodeTexts.get(key) !== text).map((
      [key],
    ) => [key, node[key]]),
  ) as Partial<NodeState>;
  return {
    seq: after.seq,
    changed,
    jobs: jobs.filter(({ id }) => before.rowTexts.get(id) !== after.rowTexts.get(id)),
    goneJobIds: [...before.rowTexts.keys()].filter((id) => !after.rowTexts.has(id)),
    course: bin,
  };
}

/** The next snapshot. Rows that stay keep their places, new ones follow. Throws Error for a diff that does not follow. */
export function applied(snapshot: Snapshot, { seq, changed, jobs, goneJobIds }: Diff): Snapshot {
  if (seq !== snapshot.seq + 1) throw new Error(`Cannot apply diff ${seq} to snapshot ${snapshot.seq}`);
  const rows = new Map<string, LiveRow>(snapshot.jobs.map((row) => [row.id, row]));
  for (const id of goneJobIds) rows.delete(id);
  for (const row of jobs) rows.set(row.id, row);
  return { ...snapshot, ...changed, seq, jobs: [...rows.values()] };
}
