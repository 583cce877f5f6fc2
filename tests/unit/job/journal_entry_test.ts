import assert from "node:assert/strict";
import { type EndReason, NO_EXIT } from "../../../src/job/job.ts";
import type { Ending } from "../../../src/job/events.ts";
import { endEntry } from "../../../src/job/journal_entry.ts";
import { specOf } from "../../kit/fakes/job.ts";

function ending(reason: EndReason, code: number | null = null): Ending {
  const exit = code === null ? NO_EXIT : { code, signal: null };
  return { reason, trigger: reason, exit, endedAtMs: 1, usage: null, survivors: [] };
}

Deno.test("endEntry() has the job, how it ended, and its names as they were given", () => {
  const spec = specOf({ id: "7k2m9q", name: "a\nb", ref: "task-17", user: "alice" });
  assert.deepEqual(endEntry(spec, ending("exited", 3)), {
    SYSLOG_IDENTIFIER: "corral",
    PRIORITY: "4",
    MESSAGE: "job 7k2m9q ended: exited after - (exit 3, cpu -, memory peak -)",
    CORRAL_JOB_ID: "7k2m9q",
    CORRAL_REASON: "exited",
    CORRAL_EXIT_CODE: "3",
    CORRAL_NAME: "a\nb",
    CORRAL_REF: "task-17",
    CORRAL_USER: "alice",
  });
  assert.equal("CORRAL_REF" in endEntry(specOf({ ref: null }), ending("exited", 0)), false);
});

Deno.test("endEntry() warns of a job that did not do what it was started for", () => {
  const rows: [EndReason, number | null, priority: string, exitCode: string][] = [
    ["exited", 0, "6", "0"],
    ["exited", 1, "4", "1"],
    ["timeout", null, "4", "124"],
    ["oom", null, "4", "137"],
    ["lost", null, "4", "125"],
    ["killed", null, "5", "137"],
    ["finished-by-owner", null, "5", "137"],
    ["unkillable", null, "3", "125"],
  ];
  for (const [reason, code, priority, exitCode] of rows) {
    const entry = endEntry(specOf(), ending(reason, code));
    assert.deepEqual([entry.PRIORITY, entry.CORRAL_EXIT_CODE], [priority, exitCode], reason);
  }
});
