import assert from "node:assert/strict";
import type { Asking, EverybodyRequest, everybodysJobs } from "../../../src/observe/everybody.ts";
import { UsersLive } from "../../../src/observe/users_live.ts";
import { gather, noJobs } from "../../../src/store/gathered_store.ts";
import type { JobStore } from "../../../src/store/jobs.ts";
import { sharedRowsQuery } from "../../../src/store/shared_rows.ts";
import { specOf, watchOf } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";

const WALL_MS = 1_793_520_100_000;

/** Users, each with a store or silent, as everybodysJobs() has them. */
class Users {
  asked = 0;
  readonly stores = new Map<number, JobStore | "silent">();
  /** What an asking waits for. */
  answer: Promise<void> = Promise.resolve();

  askAll: typeof everybodysJobs = async (
    _: Asking,
    own: JobStore,
    { jobs, onRows, onProblem }: EverybodyRequest,
  ) => {
    this.asked++;
    await this.answer;
    const answers = [...this.stores].map(([uid, store]) => {
      const name = `user${uid}`;
      if (store === "silent") {
        onProblem(`jobs of ${name} are left out: no answer`);
        return { uid, name, rows: [], isSilent: true as const };
      }
      const columns = store.columns();
      const select = columns.map((column) => `"${column}"`);
      const rows = [...store.rows<never[]>({ select, ...sharedRowsQuery(jobs) })];
      return {
        uid,
        name,
        rows: rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]!]))),
      };
    });
    answers.forEach((one) => onRows?.(one));
    return gather(own, answers, {
      ...{ own: sharedRowsQuery({ which: "live" }), nowMs: WALL_MS, isUsersCgroup: () => false },
      onDamage: (user) => assert.fail(user),
    });
  };
}

function usersLive(node: FakeNode, users: Users, pauseMsPerUser = 0) {
  const said: string[] = [];
  const context = { ...node.context, settings: { userStateDir: null } };
  const options = { request: { which: "live" as const }, pauseMsPerUser, askAll: users.askAll };
  return { said, live: new UsersLive(context, (line) => said.push(line), options) };
}

function storeWith(stores: StoreDir, id: string): JobStore {
  const store = stores.open();
  store.insert(specOf({ id }), watchOf());
  return store;
}

const idsOf = (live: UsersLive) => live.jobs().map(({ spec, storeUid }) => `${spec.id}@${storeUid}`).sort();

Deno.test("a user who does not answer keeps the jobs of the last answer, with its moment", async () => {
  using node = new FakeNode();
  using one = new StoreDir();
  using other = new StoreDir();
  const users = new Users();
  users.stores.set(1001, storeWith(one, "aaaaaa")).set(1002, storeWith(other, "bbbbbb"));
  const { said, live } = usersLive(node, users);
  await live.ask();
  const answeredMs = node.wallMs;
  assert.deepEqual([idsOf(live), live.silent.size, live.isWhole], [["aaaaaa@1001", "bbbbbb@1002"], 0, true]);
  users.stores.set(1002, "silent").set(1003, "silent");
  node.passTime(60_000);
  await live.ask();
  assert.deepEqual(idsOf(live), ["aaaaaa@1001", "bbbbbb@1002"]);
  assert.deepEqual([...live.silent.values()], [
    { uid: 1002, user: "user1002", asOfMs: answeredMs },
    { uid: 1003, user: "user1003", asOfMs: null },
  ]);
  assert.deepEqual([live.unanswered, live.isWhole, said.length], [2, false, 2]);
  await live.ask();
  assert.equal(said.length, 2);
  users.stores.set(1002, storeWith(new StoreDir(), "cccccc")).delete(1003);
  await live.ask();
  assert.deepEqual([idsOf(live), live.silent.size, live.unanswered], [["aaaaaa@1001", "cccccc@1002"], 0, 0]);
});

Deno.test("users are asked each five seconds, and of many users less often", async () => {
  using node = new FakeNode();
  const users = new Users();
  for (let uid = 1001; uid <= 1020; uid++) users.stores.set(uid, "silent");
  for (const [pauseMsPerUser, pauseMs] of [[0, 5_000], [1_000, 20_000]] as const) {
    users.asked = 0;
    const { live } = usersLive(node, users, pauseMsPerUser);
    await live.ask();
    node.passTime(pauseMs - 1);
    live.jobs();
    assert.equal(users.asked, 1);
    node.passTime(1);
    live.jobs();
    assert.equal(users.asked, 2);
    await users.answer;
  }
});

Deno.test("what is hastened while it is asked is asked once more", async () => {
  using node = new FakeNode();
  const users = new Users();
  const { promise, resolve } = Promise.withResolvers<void>();
  users.answer = promise;
  const { live } = usersLive(node, users);
  const asking = live.ask();
  live.hasten();
  live.jobs();
  assert.equal(users.asked, 1);
  resolve();
  await asking;
  live.jobs();
  assert.equal(users.asked, 2);
});

Deno.test("users' words do not fill the memory", async () => {
  using node = new FakeNode();
  let count = 0;
  const askAll: typeof everybodysJobs = (_node, own, { onProblem }) => {
    for (let n = 0; n < 100; n++) onProblem(`problem ${count++}`);
    return Promise.resolve(own);
  };
  const said: string[] = [];
  const context = { ...node.context, settings: { userStateDir: null } };
  const live = new UsersLive(context, (line) => said.push(line), {
    ...{ request: { which: "live" }, pauseMsPerUser: 0, askAll },
  });
  for (let n = 0; n < 5; n++) await live.ask();
  assert.equal(said.length, 200);
  noJobs("top").close();
});
