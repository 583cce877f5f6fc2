import assert from "node:assert/strict";
import {
  isAnythingAt,
  ownersOf,
  type PathOwner,
  refuseChangeable,
  TrustError,
} from "../../../src/base/trust.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const GOOD: readonly PathOwner[] = [
  { path: "/usr/local/bin/corral", uid: 0, mode: 0o100755 },
  { path: "/usr/local/bin", uid: 0, mode: 0o40755 },
  { path: "/", uid: 0, mode: 0o40755 },
];
const THE_BINARY = {
  what: "the binary",
  path: GOOD[0]!.path,
  remedy: "put it elsewhere",
  mayBeInSticky: false,
};

function refusal(index: number, change: Partial<PathOwner>, mayBeInSticky = false): string | null {
  const parts = GOOD.map((part, at) => at === index ? { ...part, ...change } : part);
  try {
    refuseChangeable({ ...THE_BINARY, mayBeInSticky }, parts);
    return null;
  } catch (error) {
    assert.ok(error instanceof TrustError);
    return `${error.message} (${error.remedy})`;
  }
}

Deno.test("refuseChangeable() accepts what root alone can change, and nothing at all", () => {
  refuseChangeable(THE_BINARY, GOOD);
  refuseChangeable(THE_BINARY, []);
});

Deno.test("refuseChangeable() names the file or directory that others can change, and why", () => {
  assert.match(
    refusal(0, { mode: 0o100775 })!,
    /^the binary "\/usr\/local\/bin\/corral" can be changed .*\(mode 775\) \(chown root .* chmod go-w/,
  );
  assert.match(refusal(0, { uid: 4711 })!, /"\/usr\/local\/bin\/corral" belongs to uid 4711 \(chown/);
  assert.match(refusal(1, { mode: 0o40757 })!, /"\/usr\/local\/bin" can be written .*\(put it elsewhere\)/);
  assert.match(refusal(2, { uid: 4711 })!, /"\/" belongs to uid 4711 \(put it elsewhere\)/);
});

Deno.test("refuseChangeable() takes a sticky directory where that is enough, but never as the thing itself", () => {
  const sticky = { mode: 0o41777 };
  assert.match(refusal(1, sticky)!, /\(mode 1777\)/);
  assert.equal(refusal(1, sticky, true), null);
  assert.match(refusal(0, sticky, true)!, /\(mode 1777\)/);
  assert.match(refusal(1, { ...sticky, uid: 4711 }, true)!, /belongs to uid 4711/);
});

Deno.test("refuseChangeable() asks of a link and of a device only whose it is", () => {
  assert.equal(refusal(0, { mode: 0o120777 }), null);
  assert.match(refusal(0, { mode: 0o120777, uid: 4711 })!, /belongs to uid 4711 \(put it elsewhere\)/);
  assert.equal(refusal(0, { mode: 0o020666 }), null, "/dev/null");
});

Deno.test("ownersOf() looks at the file and every directory above it", () => {
  assert.deepEqual(ownersOf("/etc/passwd").map(({ path }) => path), ["/etc/passwd", "/etc", "/"]);
  assert.equal(ownersOf("/etc/passwd")[0]!.uid, 0);
});

Deno.test("ownersOf() follows links as the kernel does, and looks at each, and at all that is above its target", () => {
  using temp = new TempDir();
  const real = Deno.realPathSync(temp.path);
  Deno.mkdirSync(`${real}/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${real}/a/file`, "");
  Deno.symlinkSync("../file", `${real}/a/b/up`);
  Deno.symlinkSync(`${real}/a/b`, `${real}/down`);
  const names = ownersOf(`${real}/./down//up`).map(({ path }) => path.slice(real.length));
  assert.deepEqual(names.slice(0, 4), ["/a/file", "/a/b/up", "/a/b", "/a"]);
  assert.ok(names.includes("/down"));
});

Deno.test("ownersOf() of a missing end, a dangling link or a circle gives what there is", () => {
  using temp = new TempDir();
  const real = Deno.realPathSync(temp.path);
  Deno.symlinkSync("nothing", `${real}/dangling`);
  Deno.symlinkSync("circle", `${real}/circle`);
  assert.equal(ownersOf(`${real}/none/below`)[0]!.path, real);
  assert.equal(ownersOf(`${real}/dangling`)[0]!.path, `${real}/dangling`);
  assert.equal(ownersOf(`${real}/circle`)[0]!.path, `${real}/circle`);
  const seen = ["dangling", "none", "dangling/x"].map((name) => isAnythingAt(`${real}/${name}`));
  assert.deepEqual([...seen, isAnythingAt("/etc/passwd/x")], [true, false, false, false]);
});
