import assert from "node:assert/strict";
import {
  parseCount,
  parseCpuMax,
  parseFlatKeyed,
  parseIoStat,
  parseKey,
  parseLimit,
  parseMemorySplit,
  parsePressure,
} from "../../../src/cgroup/parse.ts";
import { ParseError } from "../../../src/base/errors.ts";
import { NO_SPLIT } from "../../../src/job/usage.ts";

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

Deno.test("parseIoStat() gives every device its own figures", () => {
  const text = "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=16 dios=3\n" +
    "8:16 wios=7 rios=5 wbytes=20 rbytes=1000 cost.vrate=100.00 use_delay=x depth=max\n";
  assert.deepEqual(parseIoStat(text, PATH), [
    {
      device: "254:0",
      name: null,
      readBytes: 4096,
      writtenBytes: 8192,
      readOperations: 1,
      writeOperations: 2,
    },
    { device: "8:16", name: null, readBytes: 1000, writtenBytes: 20, readOperations: 5, writeOperations: 7 },
  ]);
});

Deno.test("parseIoStat() leaves out devices that are listed by their number alone", () => {
  assert.deepEqual(parseIoStat("", PATH), []);
  assert.deepEqual(parseIoStat("254:0 \n8:0\n", PATH), []);
});

Deno.test("parseIoStat() refuses a figure that is none", () => {
  assertRefuses(parseIoStat, ["8:0 rbytes= wbytes=1", "8:0 rbytes=1 wbytes=max", "8:0 rbytes", "8:0 =1"]);
});

Deno.test("parseKey() finds a whole key, first or last, and nothing else", () => {
  const text = "anon 1\nfile 2\nanon_thp 3\ninactive_anon 4\nslab 5";
  assert.deepEqual(["anon", "file", "anon_thp", "slab"].map((key) => parseKey(text, key, PATH)), [
    1,
    2,
    3,
    5,
  ]);
  assert.deepEqual(["thp", "ano", "sla", "shmem"].map((key) => parseKey(text, key, PATH)), [
    null,
    null,
    null,
    null,
  ]);
  assertRefuses((bad, path) => parseKey(bad, "file", path), ["anon 1\nfile max\n", "file \n", "file -1"]);
});

Deno.test("parseMemorySplit() reads its four keys among all", () => {
  const text = "anon 10\nfile 20\nkernel 30\nshmem 40\nfile_mapped 50\nslab_reclaimable 60\nslab 70\n";
  assert.deepEqual(parseMemorySplit(text, PATH), {
    anonBytes: 10,
    fileBytes: 20,
    shmemBytes: 40,
    slabBytes: 70,
  });
  assert.deepEqual(parseMemorySplit("kernel 5\n", PATH), NO_SPLIT);
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
