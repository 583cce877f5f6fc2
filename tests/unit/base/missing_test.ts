import assert from "node:assert/strict";
import { isMissing } from "../../../src/base/missing.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

Deno.test("isMissing() follows links, and takes nothing for missing that it cannot know of", () => {
  using temp = new TempDir();
  const file = temp.write("file", "");
  Deno.symlinkSync(`${temp.path}/none`, `${temp.path}/dangling`);
  Deno.symlinkSync(`${temp.path}/loop`, `${temp.path}/loop`);
  assert.equal(isMissing(file), false);
  assert.equal(isMissing(temp.path), false);
  assert.equal(isMissing(`${temp.path}/dangling`), true);
  assert.equal(isMissing(`${temp.path}/loop`), false);
  assert.equal(isMissing(`${file}/below`), false);
});
