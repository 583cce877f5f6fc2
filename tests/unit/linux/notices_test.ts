import assert from "node:assert/strict";
import { Notices } from "../../../src/linux/notices.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

/** Nothing but a notice ends such a wait. */
const LONG_MS = 600_000;
const touch = (path: string) => Deno.writeTextFileSync(path, "x", { append: true });

Deno.test("Notices.next() resolves at a change of any of the files", async () => {
  using dir = new TempDir();
  const paths = [dir.write("one", ""), dir.write("two", "")];
  using notices = new Notices();
  for (const path of paths) notices.add(path);
  assert.equal(notices.come, true);
  for (const path of paths) {
    const next = notices.next(LONG_MS);
    touch(path);
    await next;
  }
});

Deno.test("Notices.next() resolves after its time, and at once when it is to stop", async () => {
  using notices = new Notices();
  await notices.next(5);
  await notices.next(LONG_MS, AbortSignal.abort());
  const stop = new AbortController();
  const next = notices.next(LONG_MS, stop.signal);
  stop.abort();
  await next;
  assert.equal(notices.come, false);
});

Deno.test("Notices does without a watch of what is not there", () => {
  using dir = new TempDir();
  using notices = new Notices();
  notices.add(`${dir.path}/none`);
  assert.equal(notices.come, false);
});
