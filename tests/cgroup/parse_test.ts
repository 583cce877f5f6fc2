import assert from "node:assert/strict";
import {
  parseCount,
  parseCpuMax,
  parseFlatKeyed,
  parseIoStat,
  parseLimit,
  parsePressure,
} from "../../src/cgroup/parse.ts";
import { ParseError } from "../../src/errors.ts";

const PATH = "/sys/fs/cgroup/corral/7k2m9q/some.file";

/** Refused with a ParseError that names the file. */
function assertRefuses(parse: (text: string, path: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) {
    const isNamed = (error: unknown) =>
      error instanceof ParseError && error.path === PATH && error.message.startsWith(`${PATH}: `);
    assert.throws(() => parse(text, PATH), isNamed, JSON.stringify(text));
  }
}

Deno.test("parseFlatKeyed() reads every line", () => {
  const values = parseFlatKeyed("populated 1\nfrozen 0\n", PATH);
  assert.deepEqual([...values], [["populated", 1], ["frozen", 0]]);
  assert.equal(parseFlatKeyed("", PATH).size, 0);
});

Deno.test("parseFlatKeyed() refuses what is not KEY VALUE", () => {
  assertRefuses(parseFlatKeyed, ["usage_usec", "usage_usec ", "usage_usec -1", "a 1\nb max\n", " 5", "125"]);
});

Deno.test("parseCount() reads whole numbers only", () => {
  assert.equal(parseCount("26843545600\n", PATH), 26_843_545_600);
  assertRefuses(parseCount, ["", "\n", "max", "-1", "1.5", "0x10", "1e3", "1 2"]);
});

Deno.test("parseLimit() gives null for max, not a number", () => {
  assert.equal(parseLimit("max\n", PATH), null);
  assert.equal(parseLimit("0\n", PATH), 0);
  assertRefuses(parseLimit, ["maximum", "", "none"]);
});

Deno.test("parseCpuMax() reads quota and period", () => {
  assert.deepEqual(parseCpuMax("max 100000\n", PATH), { quotaUsec: null, periodUsec: 100_000 });
  assert.deepEqual(parseCpuMax("150000 100000\n", PATH), { quotaUsec: 150_000, periodUsec: 100_000 });
  assertRefuses(parseCpuMax, ["", "max", "150000", "150000 max", "x 100000"]);
});

Deno.test("parseIoStat() adds up the devices", () => {
  const text = "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n" +
    "8:16 rbytes=1000 wbytes=20 rios=1 wios=1 dbytes=5 dios=1\n";
  assert.deepEqual(parseIoStat(text, PATH), { readBytes: 5096, writtenBytes: 8212 });
});

Deno.test("parseIoStat() gives null when no device is listed, with or without its number", () => {
  assert.equal(parseIoStat("", PATH), null);
  assert.equal(parseIoStat("254:0 \n8:0\n", PATH), null);
});

Deno.test("parseIoStat() refuses a figure that is none", () => {
  assertRefuses(parseIoStat, ["8:0 rbytes= wbytes=1", "8:0 rbytes=1 wbytes=max"]);
});

Deno.test("parsePressure() reads the shares and the totals", () => {
  const text = "some avg10=12.34 avg60=1.00 avg300=0.00 total=5678\n" +
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=90\n";
  assert.deepEqual(parsePressure(text), { someAvg10Percent: 12.34, someTotalUsec: 5678, fullTotalUsec: 90 });
});

Deno.test("parsePressure() has no full line for the CPU before Linux 5.13, and nothing with PSI off", () => {
  assert.equal(parsePressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n")?.fullTotalUsec, null);
  assert.equal(parsePressure(""), null);
});
