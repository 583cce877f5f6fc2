import assert from "node:assert/strict";
import { closeSync, openSync, readSync } from "node:fs";
import { PatientStream } from "../../../src/linux/patient_stream.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

/** More than a pipe holds. */
const MUCH = `${"x".repeat(1_000_000)}\n`;

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

/** Both ends of a pipe that nothing blocks on. */
async function withPipe(act: (reader: number, writer: number) => void): Promise<void> {
  using temp = new TempDir();
  const path = `${temp.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const reader = openSync(path, 0o4000);
  const writer = openSync(path, 1);
  try {
    // node:fs numbers its files by itself.
    act(reader, descriptorsOf(path).at(-1)!);
  } finally {
    closeSync(reader);
    closeSync(writer);
  }
}

function descriptorsOf(path: string): number[] {
  const names = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).sort((a, b) => a - b);
  return names.filter((name) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  });
}

function drained(reader: number): string {
  const bytes = new Uint8Array(2_000_000);
  return new TextDecoder().decode(bytes.subarray(0, readSync(reader, bytes)));
}

const noDirect = () => assert.fail("written directly");

Deno.test(
  "PatientStream drops what a full pipe does not take, waits once, and counts",
  LIBRARY_STAYS,
  async () => {
    await withPipe((reader, writer) => {
      const stream = new PatientStream(writer, noDirect);
      stream.write("fits\n");
      assert.equal(stream.dropped, 0);
      stream.write(MUCH);
      assert.equal(stream.dropped, 1);
      const started = performance.now();
      for (let count = 0; count < 50; count++) stream.write("lost\n");
      assert.ok(performance.now() - started < 900, "the lines after a dropped one do not wait");
      assert.equal(stream.dropped, 51);
      assert.match(drained(reader), /^fits\nx+$/);
      stream.write("last\n");
      assert.equal(drained(reader), "\ncorral: 51 lines before this one were dropped\nlast\n");
      assert.equal(stream.dropped, 0);
    });
  },
);

Deno.test("PatientStream writes to a regular file directly, which never blocks", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  const path = temp.write("file", "");
  const file = openSync(path, 1);
  let written = "";
  new PatientStream(descriptorsOf(path)[0]!, (text) => void (written += text)).write("line\n");
  closeSync(file);
  assert.equal(written, "line\n");
});

Deno.test(
  "PatientStream takes a reader that has gone, or a closed descriptor, for a lost line",
  LIBRARY_STAYS,
  async () => {
    await withPipe((_reader, writer) => {
      const stream = new PatientStream(writer, noDirect);
      stream.write("line\n");
    });
    const closed = new PatientStream(987, noDirect);
    closed.write("line\n");
    assert.equal(closed.dropped, 1);
  },
);

Deno.test("PatientStream takes a device without room for a lost line, at once", LIBRARY_STAYS, () => {
  const file = openSync("/dev/full", 1);
  const [fd] = descriptorsOf("/dev/full");
  const stream = new PatientStream(fd!, () => {
    throw new Error("No space left on device");
  });
  const started = performance.now();
  for (let count = 0; count < 3; count++) stream.write("lost\n");
  assert.ok(performance.now() - started < 900);
  assert.equal(stream.dropped, 3);
  closeSync(file);
});
