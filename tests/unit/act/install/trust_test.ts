import assert from "node:assert/strict";
import { SetupError } from "../../../../src/base/errors.ts";
import { ownersOf, refuseChangeable } from "../../../../src/act/install/trust.ts";

const GOOD = [
  { path: "/usr/local/bin/corral", uid: 0, mode: 0o100755 },
  { path: "/usr/local/bin", uid: 0, mode: 0o40755 },
  { path: "/", uid: 0, mode: 0o40755 },
];

function refusal(index: number, change: { uid?: number; mode?: number }): string {
  const parts = GOOD.map((part, at) => at === index ? { ...part, ...change } : part);
  try {
    refuseChangeable("the binary", parts);
  } catch (error) {
    assert.ok(error instanceof SetupError);
    return `${error.message} (${error.remedy})`;
  }
  return assert.fail("not refused");
}

Deno.test("refuseChangeable() accepts what root alone can change", () => {
  refuseChangeable("the binary", GOOD);
});

Deno.test("refuseChangeable() names the file or directory that others can change, and why", () => {
  assert.match(
    refusal(0, { mode: 0o100775 }),
    /"\/usr\/local\/bin\/corral" can be written .*\(mode 775\) \(chown root .* chmod go-w/,
  );
  assert.match(refusal(0, { uid: 1000 }), /"\/usr\/local\/bin\/corral" belongs to uid 1000 /);
  assert.match(
    refusal(1, { mode: 0o41777 }),
    /"\/usr\/local\/bin" can be written .*\(mode 1777\) \(put it where/,
  );
  assert.match(refusal(2, { uid: 65534 }), /"\/" belongs to uid 65534 \(put it where/);
});

Deno.test("ownersOf() looks at the file and every directory above it", () => {
  assert.deepEqual(ownersOf("/etc/passwd").map(({ path }) => path), ["/etc/passwd", "/etc", "/"]);
  assert.equal(ownersOf("/etc/passwd")[0]!.uid, 0);
});
