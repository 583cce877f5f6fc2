import assert from "node:assert/strict";
import { whyTooSmall } from "../../../../src/act/adopt/headroom.ts";
import { parseStat } from "../../../../src/linux/proc.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { statLine } from "../../../kit/fakes/proc_dir.ts";

const PAGE_BYTES = 4096;
const processes = [{ residentPages: 100_000, threads: 3 }, { residentPages: 50_000 }]
  .map((process, index) => parseStat(statLine(4711 + index, process), "stat"));
const HELD_BYTES = 150_000 * PAGE_BYTES;

Deno.test("whyTooSmall() has nothing against limits that leave room, or none", () => {
  const limits = { ...NO_LIMITS, memoryMaxBytes: HELD_BYTES, pidsMax: 4 };
  assert.equal(whyTooSmall(limits, processes, PAGE_BYTES), null);
  assert.equal(whyTooSmall(NO_LIMITS, processes, PAGE_BYTES), null);
});

Deno.test("whyTooSmall() says what is held already, of memory and of tasks", () => {
  assert.match(
    whyTooSmall({ ...NO_LIMITS, memoryMaxBytes: HELD_BYTES - 1 }, processes, PAGE_BYTES) ?? "",
    /^--memory 585\.9M: the processes hold 585\.9M already/,
  );
  assert.match(
    whyTooSmall({ ...NO_LIMITS, pidsMax: 3 }, processes, PAGE_BYTES) ?? "",
    /^--pids 3: there are 4 processes and threads already/,
  );
});
