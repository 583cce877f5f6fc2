import assert from "node:assert/strict";
import { wordsCalled } from "../../../src/cli/called_as.ts";

Deno.test("wordsCalled() takes corral by the name corral-health for a HealthCheckProgram", () => {
  assert.deepEqual(wordsCalled("/usr/sbin/corral-health\0", []), ["slurm-health"]);
  assert.deepEqual(wordsCalled("corral-health\0--dry-run\0", ["--dry-run"]), ["slurm-health", "--dry-run"]);
  assert.deepEqual(wordsCalled("/usr/bin/corral\0ps\0", ["ps"]), ["ps"]);
  assert.deepEqual(wordsCalled("", ["ps"]), ["ps"]);
});
