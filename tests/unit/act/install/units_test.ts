import assert from "node:assert/strict";
import { EXIT, UsageError } from "../../../../src/base/errors.ts";
import { isMarked, readRecord } from "../../../../src/act/install/record.ts";
import { execLine, serviceUnit, timerUnit } from "../../../../src/act/install/units.ts";

const SIGTERM = 15;

const UNITS = {
  argv: ["/usr/local/bin/corral", "sweep", "--quiet"],
  everyMs: 300_000,
  forSystem: true,
  stateDir: "/var/lib/corral",
  record: { shareDir: "/usr/local/share", directories: [] },
};

/** KEY=VALUE of a unit, the values of a key that stands more than once in a list. */
function settings(unit: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, key, value] of unit.matchAll(/^([A-Z]\w+)=(.*)$/gm)) {
    found.set(key!, [...found.get(key!) ?? [], value!]);
  }
  return found;
}

Deno.test("execLine() quotes for systemd: specifiers, variables, quotes, blanks", () => {
  const rows: readonly (readonly [words: string[], line: string])[] = [
    [["/usr/local/bin/corral", "sweep", "--quiet"], "/usr/local/bin/corral sweep --quiet"],
    [["/a", "b c"], '/a "b c"'],
    [["/a", "100%", "$HOME", "${X}"], '/a 100%% $$HOME "$${X}"'],
    [["/a", 'q"', "b\\", "i'"], '/a "q\\"" "b\\\\" "i\'"'],
    [["/a", "", ";", "ü"], '/a "" ";" "ü"'],
    // The path of the program is not looked through for variables.
    [["/o p/$x%", "$x"], '"/o p/$x%%" $$x'],
  ];
  for (const [words, line] of rows) assert.equal(execLine(words), line);
});

Deno.test("execLine() refuses a program that systemd would not run", () => {
  for (const path of ['/a"b', "/a'b", "/a\\b"]) assert.throws(() => execLine([path]), UsageError);
});

Deno.test("serviceUnit() sweeps once, marked and with its record", () => {
  const unit = serviceUnit(UNITS);
  const found = settings(unit);
  assert.deepEqual(found.get("Type"), ["oneshot"]);
  assert.deepEqual(found.get("ExecStart"), ["/usr/local/bin/corral sweep --quiet"]);
  assert.deepEqual(found.get("SuccessExitStatus"), [`${EXIT.SWEEP_RUNNING} ${EXIT.SIGNAL_BASE + SIGTERM}`]);
  assert.ok(isMarked(unit));
  assert.deepEqual(readRecord(unit), UNITS.record);
});

Deno.test("serviceUnit() shuts in root's sweep alone: a user's manager cannot", () => {
  const user = settings(serviceUnit({ ...UNITS, forSystem: false }));
  const system = settings(serviceUnit(UNITS));
  const added = [...system.keys()].filter((key) => !user.has(key));
  for (const key of ["ProtectSystem", "CapabilityBoundingSet", "SystemCallFilter", "OOMScoreAdjust"]) {
    assert.ok(added.includes(key), key);
  }
  // V8 writes code, sudo refuses NoNewPrivileges, and the boot id has to be that of the jobs.
  const harmful = ["MemoryDenyWriteExecute", "NoNewPrivileges", "PrivateTmp", "ProtectControlGroups"];
  for (const key of [...harmful, "ProtectKernelTunables"]) assert.ok(!system.has(key), key);
});

Deno.test("serviceUnit() lets the sweep write a store that lies where it may not write else", () => {
  const writable = (stateDir: string) =>
    settings(serviceUnit({ ...UNITS, stateDir })).get("ReadWritePaths") ?? [];
  assert.deepEqual(writable("/usr/local/var/a b%"), ['"-/usr/local/var/a b%%"']);
  assert.deepEqual(writable("/etc/corral"), ["-/etc/corral"]);
  for (const elsewhere of ["/var/lib/corral", "/usrlocal", "/srv/usr/x"]) {
    assert.deepEqual(writable(elsewhere), []);
  }
});

Deno.test("timerUnit() counts from the end of a sweep, spread over nodes, without a stamp file", () => {
  const found = settings(timerUnit(UNITS));
  assert.deepEqual(found.get("OnActiveSec"), ["1m"]);
  assert.deepEqual(found.get("OnUnitInactiveSec"), ["5m"]);
  assert.deepEqual(found.get("RandomizedDelaySec"), ["30s"]);
  assert.deepEqual(found.get("WantedBy"), ["timers.target"]);
  // Nothing holds it up, least of all a clock that is never set.
  for (const key of ["After", "Wants", "Requires", "OnCalendar"]) assert.equal(found.get(key), undefined);
  assert.ok(!found.has("Persistent"));
  const often = settings(timerUnit({ everyMs: 10_000, forSystem: true }));
  assert.deepEqual([often.get("OnActiveSec"), often.get("AccuracySec")], [["10s"], ["1s"]]);
  assert.deepEqual(settings(timerUnit({ everyMs: 5_400_000, forSystem: true })).get("OnUnitInactiveSec"), [
    "1h30m",
  ]);
});
