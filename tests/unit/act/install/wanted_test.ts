import assert from "node:assert/strict";
import { UsageError } from "../../../../src/base/errors.ts";
import { isMarked } from "../../../../src/act/install/record.ts";
import { carried, prefixFrom } from "../../../../src/act/install/request.ts";
import { newRecord, sharedFiles, sweepCommand } from "../../../../src/act/install/wanted.ts";

Deno.test("sweepCommand() carries the places that were named, before the verb", () => {
  assert.deepEqual(sweepCommand({ binary: "/b", stateDir: null, config: null }), ["/b", "sweep", "--quiet"]);
  assert.deepEqual(sweepCommand({ binary: "/b", stateDir: "/s", config: "/c" }), [
    ..."/b --state-dir /s --config /c sweep --quiet".split(" "),
  ]);
  assert.throws(() => sweepCommand({ binary: "/b", stateDir: "/s\nExecStart=x", config: null }), UsageError);
});

const BASE = { uid: 0, cwd: "/work", env: {}, settings: settings("/var/lib/corral") };

function settings(stateDir: string) {
  return { stateDir };
}

Deno.test("carried() takes along what options and environment name, and nothing that is found without them", () => {
  const nothing = { stateDir: null, config: null };
  assert.deepEqual(carried(BASE, {}), nothing);
  // Named in the configuration: the sweep reads it there.
  assert.deepEqual(carried({ ...BASE, settings: settings("/srv/corral") }, {}), nothing);
  assert.deepEqual(carried({ ...BASE, settings: settings("/work/s") }, { stateDir: "s", config: "c.toml" }), {
    stateDir: "/work/s",
    config: "/work/c.toml",
  });
  const env = { CORRAL_STATE_DIR: "/s", CORRAL_CONFIG: "/c" };
  assert.deepEqual(carried({ ...BASE, env, settings: settings("/s") }, {}), { stateDir: "/s", config: "/c" });
});

Deno.test("carried() takes along a user's XDG_STATE_HOME: neither manager nor cron have it", () => {
  const alice = { ...BASE, uid: 1000, env: { XDG_STATE_HOME: "/x" }, settings: settings("/x/corral") };
  assert.equal(carried(alice, {}).stateDir, "/x/corral");
  assert.equal(
    carried({ ...alice, settings: settings("/home/alice/.local/state/corral") }, {}).stateDir,
    null,
  );
});

Deno.test("prefixFrom() is absolute and without a slash at the end", () => {
  assert.equal(prefixFrom("/work", undefined), null);
  assert.equal(prefixFrom("/work", "/opt/corral//"), "/opt/corral");
  assert.equal(prefixFrom("/work", "here"), "/work/here");
  for (const bad of ["", "/a\nb"]) assert.throws(() => prefixFrom("/work", bad), UsageError);
});

Deno.test("sharedFiles() are marked in their second line, each as a comment of its own", () => {
  const files = sharedFiles("/s", [
    { path: "man/man1/corral.1", text: `'\\" t\n.TH X\n`, commentSign: '.\\"' },
    { path: "zsh/site-functions/_corral", text: "#compdef corral\nx\n", commentSign: "#" },
  ]);
  assert.deepEqual(files.map(({ path }) => path), ["/s/man/man1/corral.1", "/s/zsh/site-functions/_corral"]);
  for (const { path, text } of files) assert.ok(isMarked(text), path);
  assert.match(files[0]!.text, /^'\\" t\n\.\\" made by: corral install.*\n\.TH X\n$/);
  assert.match(files[1]!.text, /^#compdef corral\n# made by: corral install.*\nx\n$/);
});

Deno.test("newRecord() keeps the directories of the last installation that this one still uses", () => {
  const old = { shareDir: "/s", directories: ["/s", "/s/man", "/gone"] };
  const record = newRecord("/s", ["/s/man/man1/corral.1", "/etc/x"], { missing: ["/s/man/man1"], old });
  assert.deepEqual(record, { shareDir: "/s", directories: ["/s", "/s/man", "/s/man/man1"] });
  assert.deepEqual(newRecord("/s", ["/s/x"], { missing: [], old: null }).directories, []);
});
