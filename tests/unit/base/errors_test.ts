import assert from "node:assert/strict";
import {
  AmbiguousError,
  CgroupError,
  CorralError,
  EXIT,
  exitCodeOf,
  NotFoundError,
  ParseError,
  parserFor,
  renderError,
  SetupError,
  StoreError,
  UsageError,
  ValueError,
} from "../../../src/base/errors.ts";
import { parseDurationMs } from "../../../src/value/duration.ts";
import { parseName } from "../../../src/value/name.ts";

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
};

Deno.test("renderError() shows a value's source, accepted forms and a caret under the wrong character", () => {
  const parse = parserFor("--timeout", parseDurationMs);
  assert.equal(
    renderError(thrownBy(() => parse("2h3x"))),
    [
      'corral: --timeout: cannot read "2h3x" as a duration: units are d, h, m, s and ms; accepted: ' +
      "90, .5, 90s, 1.5h, 2h30m, 1d, 500ms, MM:SS, HH:MM:SS, D-HH:MM:SS, D-HH",
      "  2h3x",
      "     ^",
    ].join("\n"),
  );
});

Deno.test("renderError() leaves the reason out where there is none, and the caret for an empty value", () => {
  const error = new ValueError({ kind: "size", input: "", offset: 0, accepted: ["1G"] });
  assert.equal(renderError(error), 'corral: cannot read "" as a size: accepted: 1G');
});

Deno.test("renderError() stays at three short lines for 10 kB of escape codes", () => {
  const lines = renderError(thrownBy(() => parserFor("--name", parseName)("\x1b".repeat(10_000)))).split(
    "\n",
  );
  assert.equal(lines.length, 3);
  for (const line of lines) assert.ok(line.length < 400 && /^[\x20-\x7e]*$/.test(line), line);
});

Deno.test("renderError() puts what fixes it on the same line", () => {
  assert.equal(
    renderError(new SetupError("no memory controller below /sys/fs/cgroup", "boot with cgroup_no_v1=all")),
    "corral: no memory controller below /sys/fs/cgroup (boot with cgroup_no_v1=all)",
  );
});

Deno.test("renderError() names path, attempt and cause", () => {
  const cause = new Error("Invalid argument (os error 22)");
  const error = new CgroupError("cannot write 24G", { path: "/sys/fs/cgroup/a/memory.max", cause });
  assert.equal(
    renderError(error),
    "corral: /sys/fs/cgroup/a/memory.max: cannot write 24G: Invalid argument (os error 22)",
  );
  assert.equal(error.path, "/sys/fs/cgroup/a/memory.max");
  assert.equal(error.cause, cause);
});

Deno.test("renderError() makes one harmless line of anything thrown, without a stack", () => {
  const spiteful = { toString: () => assert.fail("spite") };
  const thrown = [
    new Error("a\nb\x1b[2J"),
    new TypeError(""),
    new StoreError("cannot open", { path: "/x\n/y" }),
    new CorralError("x".repeat(100_000)),
    new SetupError("x", "chown me\n\x1b[2J"),
    "text\u202e",
    null,
    undefined,
    Symbol("s"),
    spiteful,
    Object.create(null),
    new CgroupError("cannot read", { path: "/x", cause: spiteful }),
  ];
  for (const error of thrown) {
    const text = renderError(error);
    assert.match(text, /^corral: [^\p{C}]+$/u);
    assert.ok(text.length < 2200, `${text.length} characters`);
    assert.doesNotMatch(text, /\.ts:\d+/);
  }
});

Deno.test("exitCodeOf() keeps corral's failures apart from the job's", () => {
  const codes: readonly (readonly [unknown, number, number])[] = [
    [new UsageError("x"), 2, 2],
    [new ValueError({ kind: "size", input: "x", offset: 0, accepted: [] }), 2, 2],
    [new SetupError("x", "y"), 1, 125],
    [new StoreError("x", { path: "/p" }), 1, 125],
    [new CgroupError("x", { path: "/p" }), 1, 125],
    [new ParseError("x", { path: "/p" }), 1, 125],
    [new NotFoundError("job", "x"), 1, 125],
    [new CorralError("x", { exitCode: EXIT.NOT_FOUND }), 127, 127],
    [new CorralError("x", { exitCode: EXIT.SWEEP_RUNNING }), 75, 75],
    [new Error("x"), 1, 125],
    ["x", 1, 125],
  ];
  for (const [error, elsewhere, inRun] of codes) {
    assert.equal(exitCodeOf(error, false), elsewhere, renderError(error));
    assert.equal(exitCodeOf(error, true), inRun, renderError(error));
  }
});

Deno.test("EXIT holds the documented codes", () => {
  assert.deepEqual(EXIT, {
    DONE: 0,
    NEGATIVE: 1,
    USAGE: 2,
    SWEEP_RUNNING: 75,
    TIMEOUT: 124,
    CORRAL_FAILED: 125,
    NOT_EXECUTABLE: 126,
    NOT_FOUND: 127,
    SIGNAL_BASE: 128,
  });
});

Deno.test("parserFor() passes values and foreign errors on untouched", () => {
  assert.equal(parserFor("--timeout", parseDurationMs)("1s"), 1000);
  const foreign = new RangeError("x");
  assert.equal(
    thrownBy(() =>
      parserFor("--timeout", () => {
        throw foreign;
      })("1s")
    ),
    foreign,
  );
});

Deno.test("ValueError.from() keeps every part", () => {
  const fields = { kind: "size", input: "x", offset: 0, accepted: ["1G"], reason: "why" };
  const error = new ValueError(fields).from("--memory");
  assert.deepEqual(
    {
      kind: error.kind,
      input: error.input,
      offset: error.offset,
      accepted: error.accepted,
      reason: error.reason,
    },
    fields,
  );
  assert.equal(error.source, "--memory");
  assert.equal(error.exitCode, EXIT.USAGE);
});

Deno.test("AmbiguousError has its candidates below it, printable", () => {
  const error = new AmbiguousError("7k", 11, { lines: ["ID  NAME", "7k2m9q  a\x1b[2J"] });
  const lines = ['corral: "7k" matches 11 jobs (give the id of one)', "  ID  NAME", "  7k2m9q  a\\x1b[2J"];
  assert.equal(renderError(error), lines.join("\n"));
});

Deno.test("NotFoundError escapes what was asked for", () => {
  assert.equal(
    renderError(new NotFoundError("job", "name:\x1b[2J")),
    'corral: no job matches "name:\\x1b[2J"',
  );
});

Deno.test("renderError() names what the system refuses, and what fixes it", () => {
  const refused = (text: string) => renderError(new Error(text));
  assert.equal(
    refused("No space left on device (os error 28)"),
    "corral: the system refuses: No space left on device (os error 28) (free some space)",
  );
  assert.match(refused("Too many open files (os error 24): open '/x'"), /'\/x' \(raise the limit: ulimit -n/);
  assert.equal(refused("odd (os error 71)"), "corral: unexpected: odd (os error 71)");
});
