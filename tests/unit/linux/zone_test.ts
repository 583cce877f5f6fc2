import assert from "node:assert/strict";

const [ZONE, LOCAL, SINCE] = ["linux/zone.ts", "value/local_time.ts", "value/since.ts"]
  .map((name) => new URL(`../../../src/${name}`, import.meta.url).href);

/** Moments on both sides of a change of the clocks, and a day whose beginning is asked for. */
const TIMES_S = [1_793_520_005, 1_783_520_005, 1_773_000_000, 86_400, 4_102_444_800];
const SCRIPT = `
import { libcZone } from "${ZONE}";
import { localTime, useZone } from "${LOCAL}";
import { parseSince } from "${SINCE}";
useZone(libcZone);
const times = ${JSON.stringify(TIMES_S)}.map((seconds) => localTime(seconds * 1000));
const back = times.map((text) => parseSince(text.replace(" ", "T"), new Date()).getTime() / 1000);
console.log(JSON.stringify({ times, back }));
`;

/** `corral` as it reads the clock in a zone, and date(1) for the same moments. */
async function shown(TZ: string): Promise<{ times: string[]; back: number[]; expected: string[] }> {
  const run = async (program: string, args: string[]) => {
    const { stdout } = await new Deno.Command(program, { args, env: { TZ } }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const [own, ...expected] = await Promise.all([
    run(Deno.execPath(), ["eval", "--no-check", SCRIPT]),
    ...TIMES_S.map((seconds) => run("date", ["-d", `@${seconds}`, "+%Y-%m-%d %H:%M:%S"])),
  ]);
  return { ...JSON.parse(own!), expected };
}

Deno.test("libcZone() is the zone of date(1), also as a rule and as a file without a name", async () => {
  const copied = await Deno.makeTempFile();
  const named = "/usr/share/zoneinfo/Asia/Kathmandu";
  const hasFiles = await Deno.copyFile(named, copied).then(() => true, () => false);
  const zones = [
    "EST5EDT,M3.2.0,M11.1.0",
    "<+0330>-3:30",
    ":/etc/localtime",
    "UTC",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "no such",
  ];
  try {
    for (const zone of hasFiles ? [...zones, `:${copied}`, copied, "Europe/Berlin"] : zones) {
      const { times, back, expected } = await shown(zone);
      assert.deepEqual(times, expected, zone);
      assert.deepEqual(back, TIMES_S, zone);
    }
  } finally {
    await Deno.remove(copied);
  }
  assert.equal((await shown("EST5EDT,M3.2.0,M11.1.0")).times[3], "1970-01-01 19:00:00");
});
