import assert from "node:assert/strict";
import { blockDeviceNames, parsePartitions } from "../../../src/linux/block_devices.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const PARTITIONS = `major minor  #blocks  name

   8        0  976762584 sda
   8        1     524288 sda1
 259        0 1953514584 nvme0n1
 253        0   52428800 dm-0
`;

Deno.test("parsePartitions() reads every device, and no title", () => {
  assert.deepEqual([...parsePartitions(PARTITIONS)], [
    ["8:0", "sda"],
    ["8:1", "sda1"],
    ["259:0", "nvme0n1"],
    ["253:0", "dm-0"],
  ]);
});

Deno.test("blockDeviceNames() of a node that does not tell are none", () => {
  using temp = new TempDir();
  assert.equal(blockDeviceNames(temp.path).size, 0);
  temp.write("partitions", PARTITIONS);
  assert.equal(blockDeviceNames(temp.path).get("259:0"), "nvme0n1");
});
