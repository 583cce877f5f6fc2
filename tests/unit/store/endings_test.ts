/** What a user's process answers root that asks for the next endings. */
import assert from "node:assert/strict";
import { arePositions, endingsSince } from "../../../src/store/endings.ts";
import {
  FROM_STORE,
  parseSharedWords,
  readRowsOfUser,
  sharedWords,
  writtenEndings,
} from "../../../src/store/shared_rows.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const STORE = "0123456789abcdef".repeat(2);
const ALPHABET = "23456789abcdefghjkmnpqrstvwxyz";

Deno.test("a request for endings goes through its words and back, and nothing else is one", () => {
  for (const seen of [{}, { [STORE]: 7 }]) {
    assert.deepEqual(parseSharedWords(sharedWords({ which: "ended", seen })), { which: "ended", seen });
  }
  const bad = ["", "7", "null", "[]", '{"x":1}', `{"${STORE}":-1}`, `{"${STORE}":1.5}`, `{"${STORE}":"1"}`];
  for (const value of bad) assert.equal(parseSharedWords(["ended", value]), null, value);
  assert.equal(arePositions(JSON.parse(`{"${STORE}":1,"__proto__":2}`)), false);
});

Deno.test("the answer has each store's endings behind what was seen, with the store's name", () => {
  using one = new StoreDir();
  using two = new StoreDir();
  const stores = [one.open(), two.open()];
  for (const store of stores) for (const id of ["aaaaaa", "aaaaab"]) insertEnded(store, { spec: { id } });
  const [first, second] = stores.map((store) => store.endings());
  const { rows, wrong } = readRowsOfUser([...writtenEndings(stores, { [first!.store]: 1 })].join("\n"));
  assert.equal(wrong, null);
  assert.deepEqual(rows.map((row) => [row["id"], row["ended_seq"], row[FROM_STORE]]), [
    ["aaaaab", 2, first!.store],
    ["aaaaaa", 1, second!.store],
    ["aaaaab", 2, second!.store],
  ]);
});

Deno.test("the answer is bounded, and the next one goes on behind it", () => {
  using dir = new StoreDir();
  const store = dir.open();
  const ids = Array.from(
    { length: 1_100 },
    (_, index) =>
      `aaa${ALPHABET[index % 30]}${ALPHABET[Math.floor(index / 30) % 30]}${
        ALPHABET[Math.floor(index / 900)]
      }`,
  );
  for (const id of ids) insertEnded(store, { spec: { id } });
  const name = store.endings().store;
  const next = (after: number) =>
    readRowsOfUser([...writtenEndings([store], { [name]: after })].join("\n")).rows;
  const first = next(0);
  assert.equal(first.length, 1_000);
  const second = next(Number(first.at(-1)!["ended_seq"]));
  assert.deepEqual([...first, ...second].map(({ id }) => id), ids);
});

Deno.test("a store that is behind what was seen of it is refused, another one is read from its beginning", () => {
  assert.deepEqual(endingsSince({ store: STORE, last: 3 }, {}, "db"), { store: STORE, after: 0, last: 3 });
  assert.equal(endingsSince({ store: STORE, last: 3 }, { [STORE]: 3 }, "db").after, 3);
  assert.throws(
    () => endingsSince({ store: STORE, last: 3 }, { [STORE]: 4 }, "db"),
    /older than what was printed/,
  );
});
