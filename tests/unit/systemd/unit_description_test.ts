import assert from "node:assert/strict";
import { guardDescription, jobDescription } from "../../../src/systemd/unit_description.ts";

const bytesIn = (text: string) => new TextEncoder().encode(text).length;

Deno.test("jobDescription() has id, name and ref", () => {
  assert.equal(
    jobDescription({ id: "7k2m9q", name: "fastsurfer", ref: null }),
    "corral job 7k2m9q: fastsurfer",
  );
  assert.equal(
    jobDescription({ id: "7k2m9q", name: "Größe", ref: "task-17" }),
    "corral job 7k2m9q: Größe (task-17)",
  );
});

Deno.test("guardDescription() names the job", () => {
  assert.equal(guardDescription("7k2m9q"), "corral guard of job 7k2m9q");
});

Deno.test("jobDescription() escapes what is not visible, and a backslash that would continue the line of a unit file", () => {
  const hostile = { id: "7k2m9q", name: "a\x1b[31m\nExecStart=/bin/sh\u202e", ref: null };
  assert.equal(
    jobDescription(hostile),
    "corral job 7k2m9q: a\\x1b[31m\\nExecStart=/bin/sh\\u202e",
  );
  assert.equal(jobDescription({ id: "7k2m9q", name: "dir\\", ref: null }), "corral job 7k2m9q: dir\\x5c");
  assert.equal(jobDescription({ id: "7k2m9q", name: "dir\\ ", ref: null }), "corral job 7k2m9q: dir\\x5c");
});

Deno.test("jobDescription() has 256 bytes at most, and no half character", () => {
  for (const name of ["ä".repeat(255), "x".repeat(255), `a${"ä".repeat(254)}`]) {
    const description = jobDescription({ id: "7k2m9q", name, ref: "r".repeat(1024) });
    assert.ok(bytesIn(description) <= 256, `${bytesIn(description)} bytes`);
    assert.ok(description.endsWith("..."), description);
    assert.ok(!description.includes("\ufffd"), description);
  }
  const long = jobDescription({ id: "7k2m9q", name: "\\".repeat(255), ref: null });
  assert.ok(bytesIn(long) <= 256 && !long.endsWith("\\"), long);
});
