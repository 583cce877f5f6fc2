import assert from "node:assert/strict";
import { hostClock } from "../../../src/linux/clock.ts";
import { NO_SUCH_TOOL, runCommand } from "../../../src/linux/command.ts";
import { poll } from "../../../src/base/poll.ts";
import { writeAll } from "../../../src/linux/write.ts";
import { BOOT_ID } from "../../kit/fakes/job.ts";
import { ProcDir } from "../../kit/fakes/proc_dir.ts";
import { libc } from "../../../src/linux/libc.ts";

// Opened once for all tests: the runtime counts it as a leak of the first that does.
Object.values(libc());

Deno.test("runCommand() gives exit code and output, without a shell", async () => {
  const script = 'printf "%s|" "$@"; echo oops >&2; exit 3';
  const result = await runCommand(["sh", "-c", script, "sh", "$HOME", "", "a  b\n"]);
  assert.deepEqual(result, { code: 3, stdout: "$HOME||a  b\n|", stderr: "oops" });
});

Deno.test("runCommand() gives /dev/null as stdin, the C locale and the variables asked for", async () => {
  const result = await runCommand(["sh", "-c", 'cat; echo "$LC_ALL $EXTRA"'], { EXTRA: "x" });
  assert.equal(result.stdout, "C x\n");
});

Deno.test("runCommand() of a tool that is missing gives a shell's exit code and throws nothing", async () => {
  assert.equal((await runCommand(["/no/such/tool"])).code, NO_SUCH_TOOL);
});

Deno.test("hostClock() reads whole milliseconds of boot time and the boot id once", () => {
  using proc = new ProcDir();
  let bootMs = 9_001_250.4;
  const clock = hostClock(proc.root, () => bootMs);
  assert.equal(clock.bootMs(), 9_001_250);
  assert.equal(clock.bootId(), BOOT_ID);
  bootMs = 9_002_000;
  proc.write("sys/kernel/random/boot_id", "another\n");
  assert.equal(clock.bootMs(), 9_002_000);
  assert.equal(clock.bootId(), BOOT_ID);
});

Deno.test("hostClock() takes the kernel's boot time, whatever /proc/uptime shows", () => {
  using proc = new ProcDir();
  const uptimeMs = Number.parseFloat(Deno.readTextFileSync("/proc/uptime")) * 1000;
  assert.ok(Math.abs(hostClock(proc.root).bootMs() - uptimeMs) < 5_000);
});

Deno.test("poll() looks at once, goes on until it holds, and gives up at its cap", async () => {
  let looks = 0;
  assert.ok(await poll(() => ++looks === 1, 0));
  assert.ok(await poll(() => ++looks === 5, 20_000));
  assert.equal(looks, 5);
  assert.ok(!await poll(() => false, 5));
});

/** A stream that does with each write what the next answer says: a number is accepted, an error thrown. */
function fakeStream(...answers: (number | Error)[]) {
  const written: number[] = [];
  const writeSync = (bytes: Uint8Array) => {
    const answer = answers.shift() ?? bytes.length;
    if (answer instanceof Error) throw answer;
    written.push(...bytes.subarray(0, answer));
    return answer;
  };
  return { writeSync, text: () => new TextDecoder().decode(Uint8Array.from(written)) };
}

Deno.test("writeAll() writes everything, however little the stream takes at a time", () => {
  const stream = fakeStream(1, 0, 2, new Deno.errors.WouldBlock("full"), 1);
  writeAll(stream, "hällo wörld\n");
  assert.equal(stream.text(), "hällo wörld\n");
});

Deno.test("writeAll() does not mind that nobody reads any more", () => {
  const stream = fakeStream(2, new Deno.errors.BrokenPipe("gone"));
  writeAll(stream, "hello\n");
  assert.equal(stream.text(), "he");
});

Deno.test("writeAll() passes on any other error", () => {
  assert.throws(() => writeAll(fakeStream(new Error("No space left on device")), "x"), /No space left/);
});
