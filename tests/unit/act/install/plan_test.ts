import assert from "node:assert/strict";
import { SetupError } from "../../../../src/base/errors.ts";
import { placesOf } from "../../../../src/act/install/places.ts";
import {
  type FileState,
  foreignPaths,
  type Found,
  installPlan,
  type InstallStep,
  uninstallPlan,
} from "../../../../src/act/install/plan.ts";
import { sweepCommand, wantedOf } from "../../../../src/act/install/wanted.ts";

const PLACES = placesOf({ uid: 0, etc: "/etc", env: {}, prefix: null });
const USERS = placesOf({ uid: 1000, etc: "/etc", env: { HOME: "/home/alice" }, prefix: null });
const MAN = `${PLACES.shareDir}/man/man1/corral.1`;
const SHARED = [{ path: MAN, text: "a page" }];
const RECORD = {
  shareDir: PLACES.shareDir,
  directories: ["/usr/local/share/man", "/usr/local/share/man/man1"],
};
const SWEEP = {
  argv: sweepCommand({ binary: "/usr/local/bin/corral", stateDir: null, config: null }),
  everyMs: 300_000,
  forSystem: true,
  stateDir: "/var/lib/corral",
  record: RECORD,
};
const NOTHING: Found = {
  files: new Map(),
  crontab: null,
  timerIsOn: false,
  record: null,
  packaged: null,
  packagedTimerIsUsed: false,
};
const byTimer = wantedOf(PLACES, SWEEP, { byTimer: true, shared: SHARED });
const byCron = wantedOf(PLACES, SWEEP, { byTimer: false, shared: SHARED });

/** A plan in short: what is written, removed and called. */
function inShort(acts: readonly InstallStep[]): string[] {
  return acts.map((act) => {
    if (act.do === "systemctl") return `systemctl ${act.args.join(" ")}${act.mayFail ? " || true" : ""}`;
    if (act.do === "setCrontab") return "crontab";
    return `${act.do} ${act.path.split("/").slice(-1)}`;
  });
}

/** As if the plan's files were there. */
function installed(wanted: typeof byTimer): Found {
  const files = [...wanted.units, ...wanted.cronFiles, ...wanted.shared];
  return {
    files: new Map(files.map(({ path, text }): [string, FileState] => [path, { is: "ours", text }])),
    crontab: null,
    timerIsOn: wanted.units.length > 0,
    record: RECORD,
    packaged: null,
    packagedTimerIsUsed: false,
  };
}

Deno.test("installPlan() writes everything, then has systemd read and start it", () => {
  assert.deepEqual(inShort(installPlan(byTimer, NOTHING)), [
    "write corral-sweep.service",
    "write corral-sweep.timer",
    "write corral.1",
    "systemctl daemon-reload",
    "systemctl enable --quiet corral-sweep.timer",
    "systemctl restart corral-sweep.timer",
  ]);
});

Deno.test("installPlan() has nothing to do where everything is as it should be", () => {
  assert.deepEqual(installPlan(byTimer, installed(byTimer)), []);
  assert.deepEqual(installPlan(byCron, installed(byCron)), []);
});

Deno.test("installPlan() starts the timer anew when its interval changes, and not when the service alone does", () => {
  const timer = wantedOf(PLACES, { ...SWEEP, everyMs: 600_000 }, { byTimer: true, shared: SHARED });
  assert.deepEqual(inShort(installPlan(timer, installed(byTimer))), [
    "write corral-sweep.timer",
    "systemctl daemon-reload",
    "systemctl enable --quiet corral-sweep.timer",
    "systemctl restart corral-sweep.timer",
  ]);
  const service = wantedOf(PLACES, { ...SWEEP, argv: ["/opt/corral", "sweep", "--quiet"] }, {
    byTimer: true,
    shared: SHARED,
  });
  assert.deepEqual(inShort(installPlan(service, installed(byTimer))), [
    "write corral-sweep.service",
    "systemctl daemon-reload",
  ]);
});

Deno.test("installPlan() starts a timer that somebody has stopped", () => {
  assert.deepEqual(inShort(installPlan(byTimer, { ...installed(byTimer), timerIsOn: false })), [
    "systemctl daemon-reload",
    "systemctl enable --quiet corral-sweep.timer",
    "systemctl restart corral-sweep.timer",
  ]);
});

Deno.test("installPlan() leaves one way to sweep: the other one goes", () => {
  assert.deepEqual(inShort(installPlan(byCron, installed(byTimer))), [
    "write corral",
    "systemctl disable --quiet --now corral-sweep.timer || true",
    "remove corral-sweep.service",
    "remove corral-sweep.timer",
    "remove corral-sweep.timer",
    "systemctl daemon-reload || true",
    "systemctl reset-failed --quiet corral-sweep.service || true",
  ]);
  assert.deepEqual(inShort(installPlan(byTimer, installed(byCron))).at(-1), "remove corral");
});

Deno.test("installPlan() with another prefix takes away what lay below the old one", () => {
  const elsewhere = placesOf({ uid: 0, etc: "/etc", env: {}, prefix: "/opt" });
  const shared = [{ path: `${elsewhere.shareDir}/man/man1/corral.1`, text: "a page" }];
  const record = { shareDir: elsewhere.shareDir, directories: [] };
  const acts = installPlan(
    wantedOf(elsewhere, { ...SWEEP, record }, { byTimer: true, shared }),
    installed(byTimer),
  );
  assert.deepEqual(acts.filter(({ do: what }) => what.startsWith("remove")), [
    { do: "remove", path: MAN, ifThere: false },
    { do: "removeEmptyDirectory", path: "/usr/local/share/man/man1" },
    { do: "removeEmptyDirectory", path: "/usr/local/share/man" },
  ]);
});

Deno.test("installPlan() takes away a page of the manual that another version has installed", () => {
  const old = `${PLACES.shareDir}/man/man7/corral-old.7`;
  const { files, ...found } = installed(byTimer);
  const more = new Map<string, FileState>([...files, [old, { is: "ours", text: "a page" }]]);
  assert.deepEqual(installPlan(byTimer, { ...found, files: more }), [
    { do: "remove", path: old, ifThere: false },
  ]);
});

Deno.test("installPlan() refuses to overwrite what corral has not made, before anything is done", () => {
  for (const path of [PLACES.service, PLACES.timer, MAN]) {
    const files = new Map<string, FileState>([[path, { is: "foreign" }]]);
    assert.throws(() => installPlan(byTimer, { ...NOTHING, files }), SetupError, path);
  }
  const files = new Map<string, FileState>([[PLACES.timer, { is: "masked" }]]);
  assert.throws(
    () => installPlan(byTimer, { ...NOTHING, files }),
    (error) =>
      error instanceof SetupError &&
      error.remedy === "systemctl unmask corral-sweep.service corral-sweep.timer",
  );
  // What is in the way of the other flavour is in nobody's way.
  const cron = new Map<string, FileState>([[PLACES.cronFile!, { is: "foreign" }]]);
  assert.doesNotThrow(() => installPlan(byTimer, { ...NOTHING, files: cron }));
});

Deno.test("uninstallPlan() takes away what was made, deepest directory first, and nothing where there is nothing", () => {
  assert.deepEqual(inShort(uninstallPlan(PLACES, installed(byTimer))), [
    "systemctl disable --quiet --now corral-sweep.timer || true",
    "remove corral-sweep.service",
    "remove corral-sweep.timer",
    "remove corral-sweep.timer",
    "systemctl daemon-reload || true",
    "systemctl reset-failed --quiet corral-sweep.service || true",
    "remove corral.1",
    "removeEmptyDirectory man1",
    "removeEmptyDirectory man",
  ]);
  assert.deepEqual(inShort(uninstallPlan(PLACES, installed(byCron))).slice(0, 2), [
    "remove corral",
    "remove corral.1",
  ]);
  assert.deepEqual(uninstallPlan(PLACES, NOTHING), []);
});

Deno.test("uninstallPlan() leaves what is not corral's, and foreignPaths() names it", () => {
  const files = new Map<string, FileState>([[PLACES.service, { is: "foreign" }], [MAN, { is: "foreign" }]]);
  assert.deepEqual(uninstallPlan(PLACES, { ...NOTHING, files }), []);
  assert.deepEqual(foreignPaths({ ...NOTHING, files }), [PLACES.service, MAN]);
  assert.deepEqual(foreignPaths(installed(byTimer)), []);
});

Deno.test("a user's plan without a manager is a line in the crontab", () => {
  const wanted = wantedOf(USERS, { ...SWEEP, forSystem: false }, { byTimer: false, shared: [] });
  const [act, ...rest] = installPlan(wanted, { ...NOTHING, crontab: "0 1 * * * backup\n" });
  assert.ok(act?.do === "setCrontab" && rest.length === 0);
  assert.match(
    act.text,
    /^0 1 \* \* \* backup\n# made by: [\s\S]*\n\*\/5 \* \* \* \* \/usr\/local\/bin\/corral sweep --quiet\n$/,
  );
  assert.deepEqual(installPlan(wanted, { ...NOTHING, crontab: act.text }), []);
  assert.deepEqual(uninstallPlan(USERS, { ...NOTHING, crontab: act.text }), [
    { do: "setCrontab", text: "0 1 * * * backup\n" },
  ]);
});
