import assert from "node:assert/strict";
import { SetupError } from "../../../../src/base/errors.ts";
import { placesOf, sharedPath } from "../../../../src/act/install/places.ts";

const ROOT = { uid: 0, etc: "/etc", env: { HOME: "/root" }, prefix: null };
const ALICE = { uid: 1000, etc: "/etc", env: { HOME: "/home/alice" }, prefix: null };

Deno.test("placesOf() has the node's own directories for root", () => {
  assert.deepEqual(placesOf(ROOT), {
    service: "/etc/systemd/system/corral-sweep.service",
    timer: "/etc/systemd/system/corral-sweep.timer",
    timerLink: "/etc/systemd/system/timers.target.wants/corral-sweep.timer",
    cronFile: "/etc/cron.d/corral",
    shareDir: "/usr/local/share",
  });
  assert.equal(placesOf({ ...ROOT, prefix: "/opt/corral" }).shareDir, "/opt/corral/share");
  // Root's own XDG directories are not where a node's units are.
  assert.deepEqual(
    placesOf({ ...ROOT, env: { HOME: "/root", XDG_CONFIG_HOME: "/x", XDG_DATA_HOME: "/y" } }),
    placesOf(ROOT),
  );
});

Deno.test("placesOf() has a user's own directories", () => {
  const places = placesOf(ALICE);
  assert.equal(places.timer, "/home/alice/.config/systemd/user/corral-sweep.timer");
  assert.deepEqual([places.cronFile, places.shareDir], [null, "/home/alice/.local/share"]);
  const xdg = placesOf({
    ...ALICE,
    env: { HOME: "/home/alice", XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "/d" },
  });
  assert.deepEqual([xdg.service, xdg.shareDir], ["/c/systemd/user/corral-sweep.service", "/d"]);
  const relative = placesOf({
    ...ALICE,
    env: { HOME: "/home/alice", XDG_CONFIG_HOME: "c", XDG_DATA_HOME: "d" },
  });
  assert.deepEqual(relative, places);
  assert.equal(placesOf({ ...ALICE, prefix: "/p" }).shareDir, "/p/share");
});

Deno.test("placesOf() needs a home", () => {
  assert.throws(() => placesOf({ ...ALICE, env: {} }), SetupError);
});

Deno.test("sharedPath() puts the completion of fish where fish of Debian looks", () => {
  const fish = "fish/vendor_completions.d/corral.fish";
  assert.equal(sharedPath("/usr/local/share", fish), `/usr/share/${fish}`);
  assert.equal(sharedPath("/home/alice/.local/share", fish), `/home/alice/.local/share/${fish}`);
  assert.equal(sharedPath("/opt/share", fish), `/opt/share/${fish}`);
  assert.equal(sharedPath("/usr/local/share", "man/man1/corral.1"), "/usr/local/share/man/man1/corral.1");
});
