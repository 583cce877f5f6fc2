import assert from "node:assert/strict";
import { bothStores, type FormerRequest, openFormerStore, storeOf } from "../../../src/store/former_store.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { specOf, watchOf } from "../../kit/fakes/job.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const [ONE, TWO, THREE] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;

function request(directory: string | null, changes: Partial<FormerRequest> = {}): FormerRequest {
  return {
    directory,
    uid: Deno.uid()!,
    actor: "ps",
    storeFileIn: () => "corral.db",
    warn: (line) => assert.fail(line),
    isLocal: () => true,
    ...changes,
  };
}

Deno.test("bothStores() has the jobs of both, with their events", () => {
  using present = new StoreDir();
  using former = new StoreDir();
  const [store, old] = [present.open(), former.open()];
  insertEnded(old, { spec: specOf({ id: ONE }) });
  old.insert(specOf({ id: TWO, createdAtMs: 2 }), watchOf());
  store.insert(specOf({ id: THREE, createdAtMs: 1 }), watchOf());
  const both = bothStores(store, old);
  assert.deepEqual(both.live().map(({ spec }) => spec.id), [THREE, TWO]);
  assert.deepEqual(both.events(ONE), old.events(ONE));
  assert.deepEqual(both.events(THREE), store.events(THREE));
  assert.equal(both.find({ kind: "word", word: ONE, id: ONE, prefix: null }).jobs.length, 1);
  assert.equal(storeOf(TWO, store, old), old);
  assert.equal(storeOf(THREE, store, old), store);
  assert.equal(bothStores(store, null), store);
});

Deno.test("openFormerStore() makes none, and opens none that may not answer or is another's", () => {
  using temp = new TempDir();
  assert.equal(openFormerStore(request(null)), null);
  assert.equal(openFormerStore(request(`${temp.path}/none`)), null);
  assert.equal(openFormerStore(request(temp.path)), null);
  assert.deepEqual([...Deno.readDirSync(temp.path)], []);
  using dir = new StoreDir();
  dir.open().insert(specOf({ id: ONE }), watchOf());
  assert.equal(openFormerStore(request(dir.path, { isLocal: () => false })), null);
  assert.equal(openFormerStore(request(dir.path, { uid: Deno.uid()! + 1 })), null);
  assert.equal(openFormerStore(request(dir.path))!.live().length, 1);
  Deno.symlinkSync(dir.path, `${temp.path}/link`);
  assert.equal(openFormerStore(request(`${temp.path}/link`)), null);
});

Deno.test("openFormerStore() of what is no store is told, and holds up nothing", () => {
  using temp = new TempDir();
  temp.write("corral.db", "no store at all, but long enough to be looked at");
  const lines: string[] = [];
  assert.equal(openFormerStore(request(temp.path, { warn: (line) => lines.push(line) })), null);
  assert.match(lines.join("\n"), /^warning: the store of before is left out: .*corral\.db/);
});
