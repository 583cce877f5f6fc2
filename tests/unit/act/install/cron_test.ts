import assert from "node:assert/strict";
import { UsageError } from "../../../../src/base/errors.ts";
import {
  cronCommand,
  cronFile,
  cronSchedule,
  withoutSweep,
  withSweep,
} from "../../../../src/act/install/cron.ts";
import { isMarked, readRecord } from "../../../../src/act/install/record.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LINE = {
  argv: ["/opt/corral", "sweep", "--quiet"],
  everyMs: 5 * MINUTE_MS,
  record: { shareDir: "/home/alice/.local/share", directories: ["/home/alice/.local"] },
};

Deno.test("cronSchedule() says exactly what was asked for", () => {
  const rows: readonly (readonly [everyMs: number, fields: string])[] = [
    [MINUTE_MS, "* * * * *"],
    [5 * MINUTE_MS, "*/5 * * * *"],
    [30 * MINUTE_MS, "*/30 * * * *"],
    [HOUR_MS, "0 * * * *"],
    [12 * HOUR_MS, "0 */12 * * *"],
    [24 * HOUR_MS, "0 0 * * *"],
  ];
  for (const [everyMs, fields] of rows) assert.equal(cronSchedule(everyMs), fields);
});

Deno.test("cronSchedule() refuses what cron would do at uneven intervals, and names what it can", () => {
  for (
    const everyMs of [
      10_000,
      90_000,
      7 * MINUTE_MS,
      45 * MINUTE_MS,
      90 * MINUTE_MS,
      5 * HOUR_MS,
      48 * HOUR_MS,
    ]
  ) {
    assert.throws(
      () => cronSchedule(everyMs),
      (error) => error instanceof UsageError && /1m, 2m, .*30m, 1h, 2h, .*12h, 1d$/.test(error.message),
      String(everyMs),
    );
  }
});

Deno.test("cronCommand() quotes for the shell, and escapes what cron takes for a line break", () => {
  assert.equal(cronCommand(["/opt/corral", "--quiet"]), "/opt/corral --quiet");
  assert.equal(cronCommand(["/a b", "$HOME", "50%", "%;", "it's"]), `'/a b' '$HOME' 50\\% '\\%;' 'it'"'"'s'`);
  assert.throws(() => cronCommand(["/a\\b"]), UsageError);
});

Deno.test("cronFile() is one line for root, below marker and record", () => {
  const lines = cronFile(LINE).split("\n");
  assert.deepEqual(lines.slice(2), ["*/5 * * * * root /opt/corral sweep --quiet", ""]);
  assert.ok(isMarked(cronFile(LINE)));
  assert.deepEqual(readRecord(cronFile(LINE)), LINE.record);
});

const OTHERS = ["", "\n", "MAILTO=alice\n0 1 * * * backup\n", "# no line break at the end", "a\n\n\nb\n"];

Deno.test("withSweep() adds the sweep once and leaves every other line alone", () => {
  for (const others of OTHERS) {
    const once = withSweep(others, LINE);
    assert.ok(once.startsWith(others), others);
    assert.match(once, /^\*\/5 \* \* \* \* \/opt\/corral sweep --quiet$/m);
    assert.equal(withSweep(once, LINE), once);
    const hourly = withSweep(once, { ...LINE, everyMs: HOUR_MS });
    assert.equal(hourly, once.replace("*/5 * * * *", "0 * * * *"));
    const whole = others === "" || others.endsWith("\n") ? others : `${others}\n`;
    assert.equal(withoutSweep(hourly), whole);
  }
});

Deno.test("withSweep() changes the sweep where it stands, lines before and behind it stay", () => {
  const crontab = `first\n${withSweep("", LINE)}last\n`;
  assert.equal(withSweep(crontab, { ...LINE, everyMs: HOUR_MS }), crontab.replace("*/5 *", "0 *"));
  assert.equal(withoutSweep(crontab), "first\nlast\n");
});

Deno.test("withoutSweep() takes no line for its own that somebody has put in its place", () => {
  const [marker, record] = withSweep("", LINE).split("\n");
  assert.equal(withoutSweep(`${marker}\n${record}\n0 1 * * * backup\n`), "0 1 * * * backup\n");
  assert.equal(withoutSweep(`${marker}\n0 1 * * * backup\n`), "0 1 * * * backup\n");
  assert.equal(withoutSweep("0 1 * * * corral sweep --quiet\n"), "0 1 * * * corral sweep --quiet\n");
});
