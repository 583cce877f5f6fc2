/** K9: times are the C library's, and a CSV can be read elsewhere. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { hostileTest, launch, ownPath, ROOT } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** Values of TZ; "copy" stands for a copied zone file. */
const ZONES = [
  "UTC",
  "Asia/Kolkata",
  "CET-1CEST,M3.5.0,M10.5.0/3",
  "<+0545>-5:45",
  "EST5EDT",
  "NZST-12NZDT,M9.5.0,M4.1.0/3",
  ":/etc/localtime",
  ":Asia/Kolkata",
  "/usr/share/zoneinfo/America/St_Johns",
  "copy",
  "",
  "No/Such_Zone",
];

for (const zone of ZONES) {
  hostileTest(machine, `K9: times with TZ=${zone} are what date(1) prints`, ROOT, async (caller) => {
    await stage.asRoot(
      machine,
      "cp /usr/share/zoneinfo/Asia/Kathmandu /tmp/hostile-zone; rm -f /etc/localtime; cp /usr/share/zoneinfo/Australia/Adelaide /etc/localtime",
    );
    try {
      const env = { TZ: zone === "copy" ? ":/tmp/hostile-zone" : zone };
      succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"]), { env }));
      const started = (await caller.show("last")).events[0]!.at;
      const local = (await caller.exec(["date", "-d", started, "+%F %H:%M:%S"], { env })).stdout.trim();
      const report = succeeded(await caller.corral(["report"], { env })).stdout;
      // The row is started a moment after its first event.
      const seconds = [0, 1].map((more) =>
        new Date(Date.parse(`${local.replace(" ", "T")}Z`) + more * 1000).toISOString().slice(0, 19).replace(
          "T",
          " ",
        )
      );
      assert.ok(seconds.some((second) => report.includes(second)), `${local} is not in\n${report}`);
      // The other way round: a moment that is typed is a local one.
      const before = ["date", "-d", `${started} 2 minutes ago`, "+%FT%H:%M"];
      const moment = (await caller.exec(before, { env })).stdout.trim();
      const count = async (option: string) => {
        const { stdout } = succeeded(await caller.corral(["report", option, moment, "--json"], { env }));
        return (stdout.match(/"id":/g) ?? []).length;
      };
      assert.deepEqual([await count("--since"), await count("--until")], [1, 0]);
    } finally {
      await stage.asRoot(machine, "rm -f /etc/localtime; ln -s /usr/share/zoneinfo/Etc/UTC /etc/localtime");
    }
  }, NATIVE);
}

hostileTest(
  machine,
  "K9: a CSV has times in UTC with their offset and the host in each row",
  ROOT,
  async (caller) => {
    for (let times = 0; times < 2; times++) {
      succeeded(
        await caller.exec(launch(caller, ["--quiet", "--tag", "study=a"], ["true"])),
      );
    }
    const { stdout } = succeeded(
      await caller.corral(["report", "--format", "csv"], { env: { TZ: "Asia/Kolkata" } }),
    );
    const [header = "", ...rows] = stdout.trim().split(/\r?\n/);
    assert.equal(rows.length, 2);
    const host = (await machine.exec(["hostname"])).stdout.trim();
    assert.ok(header.split(",").includes("host"), header);
    for (const row of rows) {
      assert.ok(row.split(",").includes(host), row);
      assert.match(row, /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)/);
    }
  },
  NATIVE,
);

hostileTest(machine, "K9: report --by tag:KEY groups by the values of the tag", ROOT, async (caller) => {
  for (const value of ["a", "a", "b"]) {
    succeeded(await caller.exec(launch(caller, ["--quiet", "--tag", `study=${value}`], ["true"])));
  }
  const { stdout } = succeeded(await caller.corral(["report", "--by", "tag:study", "--format", "csv"]));
  assert.match(stdout, /^a,2,/m);
  assert.match(stdout, /^b,1,/m);
  assert.equal(stdout.includes(ownPath(caller, "")), false);
}, NATIVE);
