import assert from "node:assert/strict";
import { SetupError } from "../../../../src/base/errors.ts";
import { placesOf } from "../../../../src/act/install/places.ts";
import { isMarked } from "../../../../src/act/install/record.ts";
import { servePaths, serveRemoval, serveSteps, serveUnit } from "../../../../src/act/install/serve_unit.ts";
import { serveCommand } from "../../../../src/act/install/wanted.ts";

const PATHS = servePaths(placesOf({ uid: 0, etc: "/etc", env: {}, prefix: null }), 0);
const UNIT = {
  argv: serveCommand({ binary: "/usr/local/bin/corral", stateDir: null, config: null }),
  forSystem: true,
  stateDir: "/var/lib/corral",
};
const START = ["daemon-reload", "enable --quiet corral-serve.service", "restart corral-serve.service"];
const TEXT = serveUnit(UNIT);

function inShort(steps: ReturnType<typeof serveSteps>): string[] {
  return steps.map((step) => step.do === "systemctl" ? step.args.join(" ") : step.do);
}

Deno.test("serveUnit() serves, ends alone, and is shut in as root's", () => {
  assert.match(TEXT, /^ExecStart=\/usr\/local\/bin\/corral serve$/m);
  assert.match(TEXT, /^KillMode=process$/m);
  assert.match(TEXT, /^ProtectSystem=full$/m);
  assert.match(TEXT, /^WantedBy=multi-user\.target$/m);
  assert.ok(isMarked(TEXT));
  const user = serveUnit({ ...UNIT, forSystem: false });
  assert.match(user, /^WantedBy=default\.target$/m);
  assert.ok(!user.includes("CapabilityBoundingSet"));
});

Deno.test("serveSteps() writes and starts it, and does nothing the second time", () => {
  assert.deepEqual(inShort(serveSteps(PATHS.unit, TEXT, { file: null, isOn: false })), ["write", ...START]);
  assert.deepEqual(serveSteps(PATHS.unit, TEXT, { file: { is: "ours", text: TEXT }, isOn: true }), []);
  assert.deepEqual(
    inShort(serveSteps(PATHS.unit, TEXT, { file: { is: "ours", text: TEXT }, isOn: false })),
    START,
  );
});

Deno.test("serveSteps() and serveRemoval() leave what corral install has not made", () => {
  for (const is of ["foreign", "masked"] as const) {
    assert.throws(() => serveSteps(PATHS.unit, TEXT, { file: { is }, isOn: false }), SetupError);
    assert.deepEqual(serveRemoval(PATHS, { file: { is }, isOn: false }), []);
  }
  assert.deepEqual(inShort(serveRemoval(PATHS, { file: { is: "ours", text: TEXT }, isOn: true })), [
    "disable --quiet --now corral-serve.service",
    "remove",
    "remove",
    "daemon-reload",
    "reset-failed --quiet corral-serve.service",
  ]);
});
